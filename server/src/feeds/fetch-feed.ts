import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { atMost } from '@wharfinger/lib/advisories/at-most';
import { largestSet } from '@wharfinger/lib/advisories/packed-set';
import { findSet } from '@wharfinger/lib/assess/advisory-goods';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Feed, FeedSource } from '../config/load-feeds.ts';
import type { SeenSource } from '../stores/feeds.ts';

/** What fetching needs of its surroundings. */
export interface FetchParts {
  /** where files may lie while they are read */
  readonly folder: string;
  readonly now: () => Date;
  readonly fetch: (
    url: string,
    init: { headers: Record<string, string>; signal: AbortSignal },
  ) => Promise<Response>;
}

/** A feed as it is now: whole, on this machine. */
export interface FetchedFeed {
  readonly path: string;
  /** what messages call it; its ending tells the form */
  readonly name: string;
  readonly seen: SeenSource;
  /** removes what was fetched */
  readonly close: () => Promise<void>;
}

/** No file that is published takes longer. */
const longestFetch = 30 * 60_000;

/**
 * Fetches a feed whole before anything of it is read: one that breaks off has changed nothing.
 * @param seen what it was like when it was last taken in; undefined: read it in any case
 * @returns undefined: it is as it was
 * @throws WharfingerError REMOTE_FAILED, ADVISORIES_UNREADABLE; of artifacts MANIFEST_UNKNOWN, SIGNATURE_INVALID
 */
export async function fetchFeed(
  { source, kind, written }: Feed,
  seen: SeenSource | undefined,
  parts: FetchParts,
  signal: AbortSignal,
): Promise<FetchedFeed | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(longestFetch)]);
  switch (source.at) {
    case 'path':
      return lookAtPath(source.path, seen);
    case 'url':
      return download(source, written, seen, parts, within);
    case 'registry':
      return fetchArtifact(source, kind, seen, parts, within);
    default:
      return source satisfies never;
  }
}

/** Files are read where they lie. They have changed where any name, size or time of change has. */
async function lookAtPath(path: string, seen: SeenSource | undefined): Promise<FetchedFeed | undefined> {
  const hash = createHash('sha256');
  const add = async (file: string): Promise<void> => {
    const { size, mtimeMs, ino } = await stat(file);
    hash.update(JSON.stringify([file, size, mtimeMs, ino]));
  };
  try {
    await add(path);
    if ((await stat(path)).isDirectory()) {
      const files = (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      for (const file of files) await add(file);
    }
  } catch (cause) {
    throw new WharfingerError('ADVISORIES_UNREADABLE', {
      what: `${path}: ${(cause as Error).message}`,
      cause,
    });
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (seen?.digest === digest) return undefined;
  return { path, name: path, seen: { digest }, close: () => Promise.resolve() };
}

async function download(
  { url, authorization }: Extract<FeedSource, { at: 'url' }>,
  name: string,
  seen: SeenSource | undefined,
  { folder, fetch }: FetchParts,
  signal: AbortSignal,
): Promise<FetchedFeed | undefined> {
  const failed = (what: string, cause?: unknown): WharfingerError =>
    new WharfingerError('REMOTE_FAILED', { what: `${name}: ${what}`, cause });
  const headers: Record<string, string> = {
    'user-agent': 'wharfinger',
    // a redirect to another origin takes it off (Fetch, "HTTP-redirect fetch")
    ...(authorization !== undefined && { authorization }),
    ...(seen?.etag !== undefined && { 'if-none-match': seen.etag }),
    ...(seen?.lastModified !== undefined && { 'if-modified-since': seen.lastModified }),
  };
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    throw failed(reasonOf(error), error);
  });
  const { status, body } = response;
  if (status === 304) {
    await body?.cancel();
    if (seen?.etag !== undefined || seen?.lastModified !== undefined) return undefined;
    throw failed('it answered 304 to a question that did not ask whether it has changed');
  }
  if (status !== 200 || body === null) {
    await body?.cancel();
    const refused =
      authorization === undefined ? 'wants to know who asks (auth)' : 'gives nothing to whom auth names';
    throw failed(`it answered ${status}${status === 401 || status === 403 ? `: it ${refused}` : ''}`);
  }
  const stored = await store(folder, body).catch((error: unknown) => {
    throw failed(reasonOf(error), error);
  });
  const etag = response.headers.get('etag');
  const lastModified = response.headers.get('last-modified');
  return {
    ...stored,
    name,
    seen: { ...(etag !== null && { etag }), ...(lastModified !== null && { lastModified }) },
  };
}

/** A set that has not changed is not fetched again, but its signatures are looked at again: a key may have been taken away. */
async function fetchArtifact(
  { reference, trust, credentials }: Extract<FeedSource, { at: 'registry' }>,
  kind: Feed['kind'],
  seen: SeenSource | undefined,
  { folder, now }: FetchParts,
  signal: AbortSignal,
): Promise<FetchedFeed | undefined> {
  const { registry, repository } = reference;
  const session = new RegistrySession(registry, {
    userAgent: 'wharfinger',
    ...(credentials && { credentials }),
  });
  try {
    const wanted = reference.digest ?? reference.tag ?? 'latest';
    const set = await findSet(remoteContent(session, repository), wanted, trust, now());
    const name = `${registry}/${repository}@${set.digest}`;
    if (set.kind !== kind)
      throw new WharfingerError('ADVISORIES_UNREADABLE', {
        what: `${name} holds ${set.kind}, and the feed is one of ${kind}`,
        remedy: `write kind: ${set.kind}`,
      });
    if (seen?.digest === set.digest) return undefined;
    const stored = await store(folder, untilAborted(set.open(), signal));
    // documents of VEX stand one after the other, as they were written
    const ending = kind === 'vex' ? 'json.gz' : 'jsonl.gz';
    return { ...stored, name: `${name}.${ending}`, seen: { digest: set.digest } };
  } finally {
    await session.close();
  }
}

async function store(
  folder: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Pick<FetchedFeed, 'path' | 'close'>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${randomUUID()}.part`);
  const close = (): Promise<void> => rm(path, { force: true });
  try {
    await pipeline(chunks, atMost(largestSet), createWriteStream(path, { flags: 'wx' }));
    return { path, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Removes what a process that ended in the middle has left behind. */
export async function clearFetched(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

async function* untilAborted(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** `fetch` says only that it failed; why stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
