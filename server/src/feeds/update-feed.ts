import type { Collection } from '@wharfinger/lib/routines/routine';
import { recordAudit } from '../audit/record.ts';
import { transact } from '../db/transaction.ts';
import type { Feed } from '../config/load-feeds.ts';
import { invalidate } from '../pipeline/follow.ts';
import { noteImport } from '../pipeline/import-advisories.ts';
import type { PipelineParts } from '../pipeline/parts.ts';
import { feedState, putFeedState, type FeedState } from '../stores/feeds.ts';
import { placesFailing } from '../stores/failing-verdicts.ts';
import { fetchFeed, type FetchParts } from './fetch-feed.ts';
import { takeInRecords, type TakenIn } from './take-in.ts';
import { takeInVex, type PutVex } from './take-in-vex.ts';
import { takeInThreats } from './take-in-threats.ts';

/** What updating feeds works with. */
export type FeedParts = Pick<PipelineParts, 'db' | 'memory' | 'now'> &
  Omit<FetchParts, 'now'> & {
    readonly putVex: PutVex;
    /** names of the routines whose answer may change when data were fetched anew, though no record did (`routinesOfAges`) */
    readonly routinesOfAges: () => readonly string[];
  };

/** How what was fetched is taken in, by the kind of feed. */
const takeIns: Readonly<Record<Feed['kind'], typeof takeInRecords | typeof takeInVex>> = {
  osv: takeInRecords,
  kev: takeInThreats,
  epss: takeInThreats,
  vex: takeInVex,
};

/** The routines of these collections that read how old advisories are. */
export function routinesOfAges(collections: readonly Collection[]): string[] {
  const reads = ({ needs, expression, variables }: Collection['routines'][number]): boolean =>
    needs.includes('advisories') && JSON.stringify([expression, variables]).includes('ages');
  return [...new Set(collections.flatMap(({ routines }) => routines.filter(reads).map(({ name }) => name)))];
}

/**
 * Brings a feed up to date: fetches it where it has changed, takes it in, and notes what came of it. What goes wrong is noted
 * too, and tried again later; nothing that is known is lost by it.
 */
export async function updateFeed(parts: FeedParts, feed: Feed, signal: AbortSignal): Promise<FeedState> {
  const { db, now } = parts;
  const before = await feedState(db, feed.name);
  const tried = now().toISOString();
  let isOverlaid = false;
  try {
    const fetched = await fetchFeed(feed, before.seen, parts, signal);
    if (fetched === undefined) {
      const { error: _, ...rest } = before;
      const ages = before.ages.map((age) => ({ ...age, fetched: tried }));
      return await keep(parts, feed, before, { ...rest, tried, succeeded: tried, failures: 0, ages });
    }
    try {
      isOverlaid = true;
      const taken = await takeIns[feed.kind](parts, feed, fetched, signal);
      return await keep(parts, feed, before, {
        tried,
        succeeded: tried,
        failures: 0,
        seen: fetched.seen,
        counts: taken.counts,
        ages: taken.ages.map((age) => ({ ...age, fetched: tried })),
        ...noteOf(taken),
      });
    } finally {
      await fetched.close();
    }
  } catch (error) {
    if (signal.aborted) throw error;
    const what = error instanceof Error ? error.message : String(error);
    const { seen, ...rest } = before;
    const failed = {
      ...rest,
      // a part of what is new may lie over what was seen last: then it is read anew, whatever its source says
      ...(seen !== undefined && !isOverlaid && { seen }),
      tried,
      failures: before.failures + 1,
      error: what.slice(0, 1000),
    };
    await putFeedState(db, feed.name, failed);
    return failed;
  }
}

/** That some records could not be read is told, though the others were taken in. */
function noteOf({ counts, firstRefusal }: TakenIn): Pick<FeedState, 'warning'> {
  return firstRefusal === undefined
    ? {}
    : { warning: `${counts.refused} records could not be read, the first: ${firstRefusal}`.slice(0, 1000) };
}

async function keep(
  { db, memory, now, routinesOfAges: names }: FeedParts,
  feed: Feed,
  before: FeedState,
  state: FeedState,
): Promise<FeedState> {
  await transact(db, async (trx) => {
    const at = now();
    await putFeedState(trx, feed.name, state);
    const { counts } = state;
    const changes = counts === undefined ? 0 : counts.new + counts.changed + counts.removed;
    if (state.seen !== before.seen && changes > 0) {
      await noteImport(trx, at);
      await recordAudit(trx, {
        at,
        action: 'advisories-feed',
        outcome: 'done',
        detail: { feed: feed.name, ...counts },
      });
    }
    // verdicts hold for as long as what they rest on is fresh; those that it was too old for are made again now
    await invalidate(trx, memory, 'judge', await placesFailing(trx, names()), at);
  });
  return state;
}
