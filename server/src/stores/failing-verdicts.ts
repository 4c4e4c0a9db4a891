import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/**
 * Images whose last verdict says that they do not pass one of these routines.
 * @param routines their names, in small letters, digits and hyphens
 */
export async function placesFailing(db: Db, routines: readonly string[]): Promise<Placed[]> {
  if (routines.length === 0) return [];
  const rows = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select(['repositories.name', 'verdicts.digest'])
    .distinct()
    .where('outcome', '<>', 'allow')
    .where((eb) => eb.or(routines.map((name) => eb('verdict', 'like', `%"routine":"${name}"%`))))
    .orderBy('verdicts.digest')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}
