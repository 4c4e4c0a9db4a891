import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { collectAges, type AdvisoryAge } from '@wharfinger/lib/advisories/ages';
import { sameRelease } from '@wharfinger/lib/advisories/ecosystem';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { readFile, readPath } from '@wharfinger/lib/advisories/sources';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import { transact } from '../db/transaction.ts';
import type { Feed } from '../config/load-feeds.ts';
import { storeBatch } from '../pipeline/import-advisories.ts';
import { invalidateVersions } from '../pipeline/follow.ts';
import type { PipelineParts } from '../pipeline/parts.ts';
import { advisoriesById } from '../stores/advisories.ts';
import { endOrigins, idsOfFeed, noteOrigins } from '../stores/advisory-origins.ts';
import { removeAdvisories } from '../stores/advisory-removal.ts';
import { uncoverEcosystems } from '../stores/covered-ecosystems.ts';
import { forgetSeen, type FeedCounts } from '../stores/feeds.ts';
import type { FetchedFeed } from './fetch-feed.ts';

/** What taking in a feed gave. */
export interface TakenIn {
  readonly counts: FeedCounts;
  readonly ages: readonly AdvisoryAge[];
  /** the first of the records that could not be read; absent: all could */
  readonly firstRefusal?: string;
}

type TakeInParts = Pick<PipelineParts, 'db' | 'memory' | 'now'>;

/** Records stored in one transaction: small enough that pushes do not wait for long. */
const batchSize = 500;
/** All of OSV has some 800,000. */
const mostRecords = 2_000_000;

/**
 * Takes in a feed of OSV records, which is all that its publisher has: what it had before and does not have any more is taken
 * away, unless another feed has it. A record that cannot be read stays what it was. Each batch is one transaction with all that
 * follows from it; where it is cut off, the whole feed is read again, and what is done already is found unchanged.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE where a part of it cannot be read: then nothing is taken away; what was read of it
 *   counts
 */
export async function takeInRecords(
  parts: TakeInParts,
  feed: Feed,
  { path, name }: FetchedFeed,
  signal: AbortSignal,
): Promise<TakenIn> {
  const { db } = parts;
  const counts = { read: 0, new: 0, changed: 0, unchanged: 0, removed: 0, refused: 0 };
  const ages = collectAges(parts.now());
  const present = new Set<string>();
  let firstRefusal: string | undefined;
  /** why not all that there is was seen */
  let hidden: string | undefined;
  let batch: Advisory[] = [];
  let kept: string[] = [];

  async function store(): Promise<void> {
    signal.throwIfAborted();
    const [advisories, unread] = [batch, kept];
    [batch, kept] = [[], []];
    const stored = await transact(db, async (trx) => {
      await noteOriginsOfKnown(trx, feed.name, unread);
      return storeBatch(trx, parts, feed.name, advisories);
    });
    counts.new += stored.added;
    counts.changed += stored.changed;
    counts.unchanged += stored.unchanged;
  }

  for await (const item of path === name ? readPath(path) : readFile(path, name)) {
    if ('failure' in item) {
      counts.refused += 1;
      hidden ??= item.failure.message;
      continue;
    }
    counts.read += 1;
    const said = parse(item.record, item.origin);
    if ('failure' in said) {
      counts.refused += 1;
      firstRefusal ??= said.failure;
      if (said.id === undefined) hidden ??= said.failure;
      else {
        present.add(said.id);
        kept.push(said.id);
      }
      continue;
    }
    const { advisory } = said;
    if (!isWanted(feed, advisory)) continue;
    if (present.size >= mostRecords) throw unreadable(name, `it has more than ${mostRecords} records`);
    present.add(advisory.id);
    ages.add(advisory);
    batch.push(advisory);
    if (batch.length >= batchSize) await store();
  }
  if (batch.length > 0 || kept.length > 0) await store();
  if (hidden !== undefined) throw unreadable(name, `${hidden}; nothing was taken away`);
  if (present.size === 0) throw unreadable(name, 'it has no records that the feed is to take');
  counts.removed = await endMissing(parts, feed.name, present, signal);
  return { counts, ages: ages.over([]), ...(firstRefusal === undefined ? {} : { firstRefusal }) };
}

/** A record of which only the id can be read is still there: what was known of it stays. */
async function noteOriginsOfKnown(
  trx: PipelineParts['db'],
  feed: string,
  ids: readonly string[],
): Promise<void> {
  const known = await advisoriesById(trx, ids);
  await noteOrigins(
    trx,
    feed,
    known.map(({ advisory }) => advisory.id),
  );
}

function parse(
  record: unknown,
  origin: string,
): { readonly advisory: Advisory } | { readonly failure: string; readonly id?: string } {
  try {
    return { advisory: parseOsv(record, origin) };
  } catch (error) {
    if (!isWharfingerError(error)) throw error;
    const id: unknown =
      typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined;
    return { failure: error.message, ...(typeof id === 'string' && id.length <= 256 ? { id } : {}) };
  }
}

function isWanted({ ecosystems }: Feed, { affected }: Advisory): boolean {
  if (ecosystems === undefined) return true;
  return affected.some(({ ecosystem }) => ecosystems.some((wanted) => sameRelease(wanted, ecosystem)));
}

/**
 * Takes away what a feed does not have any more, batch by batch.
 * @param present ids of the records that it has
 * @returns how many it does not have any more
 */
export async function endMissing(
  { db, memory, now }: Pick<PipelineParts, 'db' | 'memory' | 'now'>,
  feed: string,
  present: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  let last = '';
  for (;;) {
    signal.throwIfAborted();
    const ids = await idsOfFeed(db, feed, last, batchSize);
    last = ids.at(-1) ?? last;
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length > 0)
      removed += await transact(db, async (trx) => {
        const at = now();
        const { gone, feeds } = await endOrigins(trx, feed, missing);
        // who still has them may have had them in older words
        await forgetSeen(trx, feeds);
        const removal = await removeAdvisories(trx, gone, at);
        const versions = [...removal.versions, ...(await uncoverEcosystems(trx, removal.ecosystems))];
        await invalidateVersions(trx, memory, versions, at, 'advisories');
        return missing.length;
      });
    if (ids.length < batchSize) return removed;
  }
}

function unreadable(name: string, what: string): WharfingerError {
  return new WharfingerError('ADVISORIES_UNREADABLE', { what: `${name}: ${what}` });
}
