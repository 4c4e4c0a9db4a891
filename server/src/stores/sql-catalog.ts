import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { Db } from '../db/schema.ts';
import type { OnCatalogChange } from './catalog-change.ts';
import { rememberRepositoryIds } from './repository-ids.ts';
import { sqlBlobs } from './sql-blobs.ts';
import { sqlManifests } from './sql-manifests.ts';
import { sqlTags } from './sql-tags.ts';

interface SqlCatalogOptions {
  /** what follows from a change, in the transaction that makes it */
  readonly onChange?: OnCatalogChange;
}

/**
 * The catalog in SQLite or PostgreSQL. No query grows with the number of tags, manifests or repositories: each is a look-up
 * in an index, or a page of one.
 */
export function createSqlCatalog(db: Db, { onChange = async () => {} }: SqlCatalogOptions = {}): Catalog {
  const ids = rememberRepositoryIds();
  return {
    ...sqlBlobs(db, ids, onChange),
    ...sqlManifests(db, ids, onChange),
    ...sqlTags(db, ids, onChange),

    async repositoryExists(repository) {
      return (await ids.find(db, repository)) !== undefined;
    },

    async listRepositories({ last, limit }) {
      const rows = await db
        .selectFrom('repositories')
        .select('name')
        .where('name', '>', last ?? '')
        .orderBy('name')
        .limit(limit)
        .execute();
      return rows.map((row) => row.name);
    },
  };
}
