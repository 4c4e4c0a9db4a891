import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { getSetting } from './settings.ts';

const key = 'advisory-edition';

/**
 * Counts, in the transaction of the change itself, that something of what advisories say, or threats, is another thing than before, or
 * that keys of packages may be given to others: whoever has read of these since the last count has read what is still so.
 */
export async function countAdvisoryChange(trx: Db): Promise<void> {
  await trx
    .insertInto('settings')
    .values({ key, value: '1' })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        value: sql<string>`cast(cast(settings.value as bigint) + 1 as text)`,
      }),
    )
    .execute();
}

/** How often that was counted. To be read before what is to be remembered with it. */
export async function advisoryEdition(db: Db): Promise<number> {
  return ((await getSetting(db, key)) as number | undefined) ?? 0;
}
