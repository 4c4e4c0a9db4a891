import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WharfingerError } from '../errors.ts';
import { splitLines, splitObjects, type JsonSlice } from './json-values.ts';

/** A record as it was read, or why it, or the rest of its source, could not be read. */
export type SourceItem =
  | { readonly origin: string; readonly record: unknown }
  | { readonly origin: string; readonly failure: WharfingerError };

/** Bytes of one record; the largest that OSV publishes have a few MiB. */
const largestRecord = 32 * 1024 * 1024;

/**
 * Reads the records of one text, compressed with gzip or not: JSON lines where the name says so (.jsonl, .ndjson), else one
 * JSON object, several, or an array. Holds one record at a time.
 *
 * @param name decides the form, and names the origin of each record
 */
export async function* readRecords(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<SourceItem> {
  const byLine = /\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(name);
  let count = 0;
  let records = 0;
  try {
    const text = inflate(chunks);
    for await (const slice of byLine ? splitLines(text, largestRecord) : splitObjects(text, largestRecord)) {
      count += 1;
      if (byLine && 'bytes' in slice && isBlank(slice.bytes)) continue;
      records += 1;
      yield parse(slice, byLine ? `${name}:${count}` : count === 1 ? name : `${name}, record ${count}`);
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const after = records === 0 ? '' : ` after ${records} records; the rest of it was not read`;
    yield {
      origin: name,
      failure: new WharfingerError('ADVISORIES_UNREADABLE', {
        what: `${name}: ${what}${after}`,
        cause: error,
      }),
    };
    return;
  }
  if (records === 0) {
    yield {
      origin: name,
      failure: new WharfingerError('ADVISORIES_UNREADABLE', { what: `${name} holds no records` }),
    };
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);
}

function parse(slice: JsonSlice, origin: string): SourceItem {
  try {
    if ('tooLong' in slice) throw new RangeError(`it has more than ${largestRecord} bytes`);
    return { origin, record: JSON.parse(slice.bytes.toString('utf8')) };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { origin, failure: new WharfingerError('ADVISORY_INVALID', { what: `${origin}: ${what}` }) };
  }
}

/** What nobody compresses further than: OSV's archives have some 10:1, the best that deflate can do is 1000:1. */
const mostInflation = 200;
const freeInflation = 64 * 1024 * 1024;

/** Bytes that may come out of so many compressed ones. */
export function mostOutput(input: number): number {
  return Math.max(freeInflation, mostInflation * input);
}

/** The chunks, gunzipped if they begin as gzip does. */
export async function* inflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const whole = rejoin(first.value, iterator);
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Errors of either side end the iteration of `gunzip`, which is where they are heard.
  pipeline(Readable.from(whole), gunzip, () => undefined);
  let size = 0;
  for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostOutput(gunzip.bytesWritten))
      throw new RangeError(`more comes out of it than ${mostInflation} times what is in it`);
    yield chunk;
  }
}

async function* rejoin(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
