import { sameRelease } from '@wharfinger/lib/advisories/ecosystem';
import { sql } from 'kysely';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { getSetting, putSetting } from './settings.ts';

const key = 'covered-ecosystems';

/** Ecosystems that advisories were imported about, with their releases: nothing is looked for in others. */
export async function coveredEcosystems(db: Db): Promise<readonly string[]> {
  return ((await getSetting(db, key)) as string[] | undefined) ?? [];
}

/** True if an advisory about one of these ecosystems can be about packages of this one. */
export function isCovered(covered: readonly string[], ecosystem: string): boolean {
  return covered.some((known) => sameRelease(known, ecosystem));
}

/**
 * Notes that advisories are about these ecosystems.
 * @returns keys of the package versions that none was about before: their images are to be judged again
 */
export async function coverEcosystems(trx: Db, ecosystems: Iterable<string>): Promise<number[]> {
  const before = await coveredEcosystems(trx);
  const added = [...new Set(ecosystems)].filter((ecosystem) => !before.includes(ecosystem));
  if (added.length === 0) return [];
  await putSetting(trx, key, [...before, ...added].sort());
  const known = await trx.selectFrom('pkg_versions').select('ecosystem').distinct().execute();
  const newly = known
    .map((row) => row.ecosystem)
    .filter((ecosystem) => isCovered(added, ecosystem) && !isCovered(before, ecosystem));
  if (newly.length === 0) return [];
  const rows = await trx.selectFrom('pkg_versions').select('id').where('ecosystem', 'in', newly).execute();
  return rows.map((row) => row.id);
}

/**
 * Notes that some advisories about these ecosystems are gone.
 * @returns keys of the package versions that none is about any more: their images are to be judged again
 */
export async function uncoverEcosystems(trx: Db, ecosystems: Iterable<string>): Promise<number[]> {
  const gone: string[] = [];
  for (const ecosystem of new Set(ecosystems)) {
    const text = JSON.stringify({ ecosystem }).slice(1, -1);
    const other = await trx
      .selectFrom('advisories')
      .select('key')
      .where(
        sql<boolean>`${kindOf(trx) === 'sqlite' ? sql`instr(affected, ${text})` : sql`strpos(affected, ${text})`} > 0`,
      )
      .limit(1)
      .executeTakeFirst();
    if (other === undefined) gone.push(ecosystem);
  }
  if (gone.length === 0) return [];
  const left = (await coveredEcosystems(trx)).filter((ecosystem) => !gone.includes(ecosystem));
  await putSetting(trx, key, left);
  const known = await trx.selectFrom('pkg_versions').select('ecosystem').distinct().execute();
  const newly = known
    .map((row) => row.ecosystem)
    .filter((ecosystem) => isCovered(gone, ecosystem) && !isCovered(left, ecosystem));
  if (newly.length === 0) return [];
  const rows = await trx.selectFrom('pkg_versions').select('id').where('ecosystem', 'in', newly).execute();
  return rows.map((row) => row.id);
}
