import { stat } from 'node:fs/promises';
import { openPromise, type Entry } from 'yauzl';
import { WharfingerError } from '../errors.ts';
import { mostOutput, readRecords, type SourceItem } from './source-stream.ts';

/** OSV's archive of everything has some 800,000 entries. */
const mostEntries = 4_000_000;
const largestEntry = 1024 ** 3;

/**
 * Reads the records of a zip archive such as OSV's all.zip, entry by entry; only .json, .jsonl and .ndjson count. An entry
 * that cannot be read is reported and the others go on.
 *
 * @param path of the archive
 * @param name what to call it in origins
 */
export async function* readZip(path: string, name: string): AsyncGenerator<SourceItem> {
  let entries = 0;
  try {
    const zip = await openPromise(path, { lazyEntries: true, strictFileNames: false });
    try {
      // Entries may lie over each other, so that each by itself is harmless: what comes out of all of them counts.
      const budget = { left: mostOutput((await stat(path)).size) };
      if (zip.entryCount > mostEntries) throw new RangeError(`it has more than ${mostEntries} entries`);
      for await (const entry of zip.eachEntry()) {
        if (!/\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(entry.fileName)) continue;
        entries += 1;
        const origin = `${name}!${entry.fileName}`;
        try {
          const stream = await zip.openReadStreamPromise(checked(entry));
          yield* readRecords(origin, limited(stream, budget));
        } catch (error) {
          yield { origin, failure: unreadable(origin, error) };
        }
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    yield { origin: name, failure: unreadable(name, error) };
    return;
  }
  if (entries === 0) yield { origin: name, failure: unreadable(name, new Error('it has no .json entries')) };
}

function unreadable(origin: string, cause: unknown): WharfingerError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new WharfingerError('ADVISORIES_UNREADABLE', { what: `${origin}: ${what}`, cause });
}

function checked(entry: Entry): Entry {
  if (entry.isEncrypted()) throw new Error('it is encrypted');
  if (entry.uncompressedSize > largestEntry) throw new RangeError(`it has more than ${largestEntry} bytes`);
  return entry;
}

/** The archive may lie about sizes, so what comes out is counted. */
async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  budget: { left: number },
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    budget.left -= chunk.length;
    if (size > largestEntry) throw new RangeError(`it has more than ${largestEntry} bytes`);
    if (budget.left < 0) throw new RangeError('far more comes out of the archive than records give');
    yield chunk;
  }
}
