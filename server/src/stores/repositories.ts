import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';

/** A manifest in one repository: what a verdict is about. */
export interface Placed {
  readonly repository: string;
  readonly digest: Digest;
}

/** Every place where a manifest is, whatever the repository. */
export async function placesOf(db: Db, digest: Digest): Promise<Placed[]> {
  const rows = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select('repositories.name')
    .where('manifests.digest', '=', digest)
    .orderBy('repositories.name')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest }));
}

/** Manifests of all repositories in the order of their keys, after the key given. */
export async function manifestsAfter(
  db: Db,
  after: number,
  limit: number,
): Promise<Array<Placed & { readonly id: number }>> {
  const rows = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['manifests.id', 'repositories.name', 'manifests.digest'])
    .where('manifests.id', '>', after)
    .orderBy('manifests.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ id: row.id, repository: row.name, digest: row.digest as Digest }));
}
