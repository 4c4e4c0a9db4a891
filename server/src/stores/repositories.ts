import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { kindOf } from '../db/dialect.ts';
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

/** Keys of the repositories that may be seen, by their names; undefined: all may be. Reads the names of all. */
export async function repositoriesSeen(
  db: Db,
  visible: (repository: string) => boolean,
): Promise<number[] | undefined> {
  const pairs =
    kindOf(db) === 'sqlite'
      ? sql<string>`json_group_array(json_array(id, name))`
      : sql<string>`coalesce(json_agg(json_build_array(id, name)), '[]')::text`;
  const { all } = await db.selectFrom('repositories').select(pairs.as('all')).executeTakeFirstOrThrow();
  const repositories = JSON.parse(all) as ReadonlyArray<readonly [id: number, name: string]>;
  const seen = repositories.flatMap(([id, name]) => (visible(name) ? [id] : []));
  return seen.length === repositories.length ? undefined : seen;
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
