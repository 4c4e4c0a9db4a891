import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isWharfingerError, WharfingerError } from '../errors.ts';
import type { Advisory } from './advisory.ts';
import { atMost } from './at-most.ts';
import { parseOsv } from './osv.ts';
import { readRecords, type SourceItem } from './source-stream.ts';

const known = /\.(?:(?:json|jsonl|ndjson)(?:\.gz)?|zip)$/i;
const largestDownload = 16 * 1024 ** 3;

/** An advisory that was read, or why a record, or the rest of its source, could not be. */
export type ReadAdvisory =
  | { readonly origin: string; readonly advisory: Advisory }
  | { readonly origin: string; readonly failure: WharfingerError };

/**
 * Reads OSV records from a file (JSON, JSON lines, either gzipped; a zip archive) or from all such files of a folder and the
 * folders in it. Told by content where it can be. Holds one record at a time.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE if there is nothing to read; what goes wrong later is an item with `failure`
 */
export async function* readPath(path: string): AsyncGenerator<SourceItem> {
  const about = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (about.isFile()) yield* readFile(path);
  else if (about.isDirectory()) yield* readFolder(path);
  else throw unreadable(path, new Error('it is neither a file nor a folder'));
}

/** What a download needs of its surroundings. */
export interface Download {
  readonly fetch: (url: string) => Promise<Response>;
  /** where an archive may lie while it is read; it is removed afterwards */
  readonly temporaryFolder: string;
}

/**
 * Reads OSV records from an http or https address: what `readPath` takes as a file.
 * @throws WharfingerError ADVISORIES_UNREADABLE, REMOTE_FAILED
 */
export async function* readUrl(
  url: string,
  { fetch, temporaryFolder }: Download,
): AsyncGenerator<SourceItem> {
  const address = URL.parse(url);
  if (address?.protocol !== 'https:' && address?.protocol !== 'http:') {
    throw unreadable(url, new Error('it is not an http or https address'));
  }
  // Credentials and signatures of an address do not belong into messages and records.
  const name = `${address.origin}${address.pathname}`;
  const response = await fetch(url).catch((error: unknown) => {
    throw new WharfingerError('REMOTE_FAILED', { what: `${name}: ${messageOf(error)}`, cause: error });
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new WharfingerError('REMOTE_FAILED', { what: `${name} answered ${response.status}` });
  }
  if (!/\.zip$/i.test(address.pathname) && response.headers.get('content-type') !== 'application/zip') {
    yield* readRecords(name, response.body);
    return;
  }
  // A zip archive has its list of entries at the end.
  const folder = await mkdtemp(join(temporaryFolder, 'advisories-'));
  try {
    const file = join(folder, 'download.zip');
    await pipeline(response.body, atMost(largestDownload), createWriteStream(file)).catch(
      (error: unknown) => {
        throw new WharfingerError('REMOTE_FAILED', { what: `${name}: ${messageOf(error)}`, cause: error });
      },
    );
    yield* (await loadZip()).readZip(file, name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Parses what a source gives. No record is dropped in silence: one that cannot be parsed becomes an item with `failure`. */
export async function* parseRecords(items: AsyncIterable<SourceItem>): AsyncGenerator<ReadAdvisory> {
  for await (const item of items) {
    if ('failure' in item) {
      yield item;
      continue;
    }
    const { origin, record } = item;
    try {
      yield { origin, advisory: parseOsv(record, origin) };
    } catch (error) {
      if (!isWharfingerError(error)) throw error;
      yield { origin, failure: error };
    }
  }
}

/** @param name what to call it in origins; it decides the form where the content does not tell */
export async function* readFile(path: string, name = path): AsyncGenerator<SourceItem> {
  if (await isZip(path)) yield* (await loadZip()).readZip(path, name);
  else yield* readRecords(name, createReadStream(path, { highWaterMark: 256 * 1024 }));
}

/** With the library that reads archives, which is seldom needed. */
const loadZip = () => import('./source-zip.ts');

async function isZip(path: string): Promise<boolean> {
  await using file = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return bytesRead === 4 && buffer.toString('latin1', 0, 2) === 'PK';
}

async function* readFolder(folder: string): AsyncGenerator<SourceItem> {
  let files = 0;
  for await (const file of walk(folder)) {
    files += 1;
    yield* readFile(file);
  }
  if (files === 0) throw unreadable(folder, new Error('it has no files of advisories'));
}

/** In order of names; symbolic links inside are not followed, so that a tree cannot lead out of itself or into a circle. */
async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() && known.test(entry.name)) yield path;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unreadable(origin: string, cause: unknown): WharfingerError {
  return new WharfingerError('ADVISORIES_UNREADABLE', { what: `${origin}: ${messageOf(cause)}`, cause });
}
