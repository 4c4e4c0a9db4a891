import { joinThreats, threatElement, type Threat } from '@wharfinger/lib/advisories/threats';
import { chunks } from '../db/dialect.ts';
import { advisoriesNaming } from './advisory-names.ts';
import type { Db } from '../db/schema.ts';
import { countAdvisoryChange } from './advisory-edition.ts';
import { updateGeneration } from './advisory-generation.ts';

/** What is known of these CVEs, by all feeds together; those of which nothing is known are left out. */
export async function threatsOf(db: Db, cves: Iterable<string>): Promise<Map<string, Threat>> {
  const found = new Map<string, Threat>();
  for (const part of chunks([...new Set(cves)])) {
    const rows = await db
      .selectFrom('threats')
      .select(['cve', 'value'])
      .where('cve', 'in', part)
      .orderBy('cve')
      .orderBy('feed')
      .execute();
    for (const [cve, same] of Map.groupBy(rows, (row) => row.cve))
      found.set(cve, joinThreats(same.map((row) => JSON.parse(row.value) as Threat)));
  }
  return found;
}

/** What one feed said, as it was stored, in order of CVEs: a page of those after the one given. */
export async function threatsOfFeed(
  db: Db,
  feed: string,
  after: string,
  limit: number,
): Promise<Array<{ readonly cve: string; readonly value: string }>> {
  return db
    .selectFrom('threats')
    .select(['cve', 'value'])
    .where('feed', '=', feed)
    .where('cve', '>', after)
    .orderBy('cve')
    .limit(limit)
    .execute();
}

/**
 * Notes what a feed says of CVEs now. Call it in a transaction.
 * @param said undefined: it does not speak of the CVE any more
 * @returns keys of the advisories that name a CVE of which something else is known now: images that they match are to be
 *   judged again
 */
export async function putThreats(
  trx: Db,
  feed: string,
  said: ReadonlyMap<string, Threat | undefined>,
  at: Date,
): Promise<number[]> {
  const cves = [...said.keys()];
  const before = await threatsOf(trx, cves);
  for (const part of chunks(cves))
    await trx.deleteFrom('threats').where('feed', '=', feed).where('cve', 'in', part).execute();
  const rows = [...said].flatMap(([cve, threat]) =>
    threat === undefined ? [] : [{ cve, feed, value: JSON.stringify(threat) }],
  );
  for (const part of chunks(rows)) await trx.insertInto('threats').values(part).execute();
  const after = await threatsOf(trx, cves);
  const changed = cves.filter((cve) => JSON.stringify(before.get(cve)) !== JSON.stringify(after.get(cve)));
  const elements = (known: ReadonlyMap<string, Threat>) =>
    changed.flatMap((cve) => {
      const threat = known.get(cve);
      return threat === undefined ? [] : [threatElement(cve, threat)];
    });
  if (changed.length > 0) await countAdvisoryChange(trx);
  await updateGeneration(trx, elements(before), elements(after), at);
  return advisoriesNaming(trx, changed);
}
