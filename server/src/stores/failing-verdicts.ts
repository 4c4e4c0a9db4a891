import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/**
 * Images whose last verdict says that they do not pass a routine.
 * @param routine its name, in small letters, digits and hyphens
 */
export async function placesFailing(db: Db, routine: string): Promise<Placed[]> {
  const rows = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select(['repositories.name', 'verdicts.digest'])
    .distinct()
    .where('outcome', '<>', 'allow')
    .where('verdict', 'like', `%"routine":"${routine}"%`)
    .orderBy('verdicts.digest')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}
