import type { AdvisoryAge } from '@wharfinger/lib/advisories/ages';
import type { Db } from '../db/schema.ts';

/** How a source is asked whether it has changed: what it answered last, when all of it was taken in. */
export interface SeenSource {
  readonly etag?: string;
  readonly lastModified?: string;
  /** of the manifest of an artifact, or of names, sizes and times of files */
  readonly digest?: string;
}

/** What the last reading of a feed that was taken in gave. */
export interface FeedCounts {
  readonly read: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  /** it had them before, and does not have them any more */
  readonly removed: number;
  readonly refused: number;
}

/** What became of a feed so far. Times are RFC 3339. */
export interface FeedState {
  readonly tried?: string;
  /** when it was last taken in whole, or found to be unchanged */
  readonly succeeded?: string;
  /** why the last try did not succeed; absent: it did */
  readonly error?: string;
  /** what could not be read of it when it was last taken in; absent: nothing */
  readonly warning?: string;
  /** tries since then that failed */
  readonly failures: number;
  readonly seen?: SeenSource;
  readonly counts?: FeedCounts;
  /** ecosystems that it is about, and how old what it says is */
  readonly ages: readonly AdvisoryAge[];
}

const untried: FeedState = { failures: 0, ages: [] };

/** The states of all feeds that were ever tried, also of those that nobody configures any more. */
export async function feedStates(db: Db): Promise<Map<string, FeedState>> {
  const rows = await db.selectFrom('advisory_feeds').select(['name', 'state']).execute();
  return new Map(rows.map((row) => [row.name, JSON.parse(row.state) as FeedState]));
}

export async function feedState(db: Db, name: string): Promise<FeedState> {
  const row = await db
    .selectFrom('advisory_feeds')
    .select('state')
    .where('name', '=', name)
    .executeTakeFirst();
  return row ? (JSON.parse(row.state) as FeedState) : untried;
}

export async function putFeedState(trx: Db, name: string, value: FeedState): Promise<void> {
  const state = JSON.stringify(value);
  await trx
    .insertInto('advisory_feeds')
    .values({ name, state })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ state }))
    .execute();
}

/** Forgets how a feed fared, and how old what it said was. */
export async function removeFeedState(trx: Db, name: string): Promise<void> {
  await trx.deleteFrom('advisory_feeds').where('name', '=', name).execute();
}

/** Has these feeds read anew, though their sources may not have changed. */
export async function forgetSeen(trx: Db, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { seen: _, ...state } = await feedState(trx, name);
    await putFeedState(trx, name, state);
  }
}

/** How old everything is that is known, by every feed. */
export async function knownAges(db: Db): Promise<AdvisoryAge[]> {
  return [...(await feedStates(db)).values()].flatMap(({ ages }) => ages);
}
