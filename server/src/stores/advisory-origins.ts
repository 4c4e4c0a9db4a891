import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { advisoriesById } from './advisories.ts';

/** The feed of what is imported by hand. Nothing of it ever disappears by itself. */
export const byHand = '';

/** Notes that a feed has these advisories. */
export async function noteOrigins(trx: Db, feed: string, ids: readonly string[]): Promise<void> {
  for (const part of chunks([...new Set(ids)]))
    await trx
      .insertInto('advisory_origins')
      .values(part.map((advisory) => ({ feed, advisory })))
      .onConflict((conflict) => conflict.columns(['feed', 'advisory']).doNothing())
      .execute();
}

/** Ids of the advisories that a feed had last, in order: a page of those after the one given. */
export async function idsOfFeed(db: Db, feed: string, after: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('advisory_origins')
    .select('advisory')
    .where('feed', '=', feed)
    .where('advisory', '>', after)
    .orderBy('advisory')
    .limit(limit)
    .execute();
  return rows.map((row) => row.advisory);
}

/** Which feeds besides this one have an advisory of these. */
async function othersWith(db: Db, feed: string, ids: readonly string[]): Promise<Map<string, string[]>> {
  const others = new Map<string, string[]>();
  for (const part of chunks(ids)) {
    const rows = await db
      .selectFrom('advisory_origins')
      .select(['advisory', 'feed'])
      .where('advisory', 'in', part)
      .where('feed', '<>', feed)
      .execute();
    for (const row of rows) others.set(row.advisory, [...(others.get(row.advisory) ?? []), row.feed]);
  }
  return others;
}

/**
 * Notes that a feed does not have these advisories any more.
 * @returns `gone`: those that nobody has now; `feeds`: who still has any of the others, as he had it when he was last read
 */
export async function endOrigins(
  trx: Db,
  feed: string,
  ids: readonly string[],
): Promise<{ readonly gone: string[]; readonly feeds: string[] }> {
  for (const part of chunks(ids))
    await trx.deleteFrom('advisory_origins').where('feed', '=', feed).where('advisory', 'in', part).execute();
  const others = await othersWith(trx, feed, ids);
  return { gone: ids.filter((id) => !others.has(id)), feeds: [...new Set([...others.values()].flat())] };
}

/**
 * Of advisories as a feed has them those that count: where another feed has one too, the one that was modified later, so that
 * the order in which feeds are read does not show.
 */
export async function newestOf(
  trx: Db,
  feed: string,
  advisories: readonly Advisory[],
): Promise<readonly Advisory[]> {
  const ids = advisories.map(({ id }) => id);
  const others = await othersWith(trx, feed, ids);
  if (others.size === 0) return advisories;
  const stored = new Map(
    (await advisoriesById(trx, [...others.keys()])).map(({ advisory }) => [advisory.id, advisory]),
  );
  return advisories.filter((advisory) => {
    const known = stored.get(advisory.id);
    return known === undefined || timeOf(advisory) >= timeOf(known);
  });
}

function timeOf({ modified }: Advisory): number {
  return modified === undefined ? 0 : Date.parse(modified);
}
