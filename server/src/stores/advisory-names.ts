import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { chunks, idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** Notes what stored advisories are called now; what they were called before is forgotten. */
export async function putAdvisoryNames(
  trx: Db,
  advisories: ReadonlyArray<{ readonly key: number; readonly advisory: Advisory }>,
): Promise<void> {
  const keys = advisories.map(({ key }) => key);
  await trx.deleteFrom('advisory_names').where('advisory_key', 'in', idsIn(trx, keys)).execute();
  const rows = advisories.flatMap(({ key, advisory: { id, aliases } }) =>
    [...new Set([id, ...aliases])].map((name) => ({ name, advisory_key: key })),
  );
  for (const part of chunks(rows)) await trx.insertInto('advisory_names').values(part).execute();
}

/** Keys of the advisories that go by this name, their own or one that others gave them. */
export async function advisoriesNamed(db: Db, name: string): Promise<number[]> {
  const rows = await db
    .selectFrom('advisory_names')
    .select('advisory_key')
    .distinct()
    .where('name', 'in', [name, name.toUpperCase()])
    .execute();
  return rows.map((row) => row.advisory_key);
}

/** Keys of the advisories that go by any of these names, letter for letter. */
export async function advisoriesNaming(db: Db, names: Iterable<string>): Promise<number[]> {
  const keys = new Set<number>();
  for (const part of chunks([...names])) {
    const rows = await db
      .selectFrom('advisory_names')
      .select('advisory_key')
      .distinct()
      .where('name', 'in', part)
      .execute();
    for (const row of rows) keys.add(row.advisory_key);
  }
  return [...keys];
}
