import { readFile, readPath } from '@wharfinger/lib/advisories/sources';
import { canonical } from '@wharfinger/lib/assess/judgement';
import { mostVexStatements, readVexFile, type VexFile } from '@wharfinger/lib/assess/vex-file';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import type { Feed } from '../config/load-feeds.ts';
import type { FeedVex } from '../records/vex.ts';
import type { FeedCounts } from '../stores/feeds.ts';
import type { FetchedFeed } from './fetch-feed.ts';
import type { TakenIn } from './take-in.ts';

/** Puts what a feed says in force (`putFeedVex`). */
export type PutVex = (said: FeedVex) => Promise<Omit<FeedCounts, 'read' | 'refused'>>;

/**
 * Takes in a feed of VEX documents, in one transaction. Those of authors whom the configuration does not name are refused. Where
 * one cannot be read, nothing that the feed had before is taken away; a document that replaces another one does.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE where a part of it cannot be read; what was read of it counts
 */
export async function takeInVex(
  { putVex }: { readonly putVex: PutVex },
  feed: Feed,
  { path, name }: FetchedFeed,
  signal: AbortSignal,
): Promise<TakenIn> {
  const { authors, scope } = feed.vex!;
  const files = new Map<string, VexFile>();
  const [counts, refusals] = [{ read: 0, refused: 0 }, [] as string[]];
  let [statements, isAll] = [0, true];
  /** why not all that there is was seen */
  let hidden: string | undefined;
  const refuse = (what: string): void => {
    counts.refused += 1;
    if (refusals.length === 0) refusals.push(what);
  };
  for await (const item of path === name ? readPath(path) : readFile(path, name)) {
    signal.throwIfAborted();
    if ('failure' in item) {
      hidden ??= item.failure.message;
      refuse(item.failure.message);
      continue;
    }
    counts.read += 1;
    const file = parse(item.record, item.origin);
    if (typeof file === 'string') {
      isAll = false;
      refuse(file);
    } else if (file.author === undefined || !authors.includes(file.author))
      refuse(`${item.origin}: it is by ${file.author ?? 'nobody'}, not by ${authors.join(', ')}`);
    else if (files.has(file.id)) refuse(`${item.origin}: there are two documents ${file.id}`);
    else files.set(file.id, file);
    statements += typeof file === 'string' ? 0 : file.statements.length;
    if (statements > mostVexStatements)
      throw unreadable(name, `it makes more than ${mostVexStatements} statements`);
  }
  const put = await putVex({
    feed: feed.name,
    source: feed.written,
    scope,
    files: [...files.values()],
    isAll: isAll && hidden === undefined,
  });
  if (hidden !== undefined) throw unreadable(name, `${hidden}; nothing was taken away`);
  const [firstRefusal] = refusals;
  return {
    counts: { ...counts, ...put },
    ages: [],
    ...(firstRefusal === undefined ? {} : { firstRefusal }),
  };
}

/** A document, or why it is none. Its digest is that of its RFC 8785 form, wherever in a file or archive it stood. */
function parse(record: unknown, origin: string): VexFile | string {
  try {
    return readVexFile(Buffer.from(canonical(record)), origin);
  } catch (error) {
    if (isWharfingerError(error)) return error.message;
    // half of a character, or nested more deeply than the stack reaches
    if (error instanceof RangeError || (error instanceof Error && error.message.includes('surrogate')))
      return `${origin}: ${error.message}`;
    throw error;
  }
}

function unreadable(name: string, what: string): WharfingerError {
  return new WharfingerError('ADVISORIES_UNREADABLE', { what: `${name}: ${what}` });
}
