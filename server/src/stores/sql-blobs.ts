import { WharfingerError } from '@wharfinger/lib/errors';
import type { BlobRecord, Catalog } from '@wharfinger/lib/catalog/catalog';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import type { OnCatalogChange } from './catalog-change.ts';
import type { RepositoryIds } from './repository-ids.ts';

type BlobMethods = Pick<
  Catalog,
  'findBlob' | 'findBlobAnywhere' | 'repositoriesWithBlob' | 'linkBlob' | 'linkKnownBlob' | 'unlinkBlob'
>;

interface Location {
  readonly size: number;
  readonly location: string;
}

/**
 * The stored blob, kept from being forgotten until the transaction ends: while it is locked here, or linked, `forgetUnlinkedBlobs`
 * leaves it alone.
 */
async function holdStored(trx: Db, digest: Digest): Promise<Location | undefined> {
  const row = await trx
    .selectFrom('blobs')
    .select(['size', 'location', 'unlinked_at'])
    .where('digest', '=', digest)
    .$if(kindOf(trx) === 'postgres', (query) => query.forKeyShare())
    .executeTakeFirst();
  if (row && row.unlinked_at !== null) {
    await trx.updateTable('blobs').set({ unlinked_at: null }).where('digest', '=', digest).execute();
  }
  return row && { size: row.size, location: row.location };
}

/** The blob as it is stored, or stored so now. */
async function storeBlob(trx: Db, digest: Digest, wanted: Location): Promise<Location> {
  for (;;) {
    const made = await trx
      .insertInto('blobs')
      .values({ digest, ...wanted, unlinked_at: null })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .returning('digest')
      .executeTakeFirst();
    if (made) return wanted;
    const known = await holdStored(trx, digest);
    if (known) return known;
  }
}

/** The part of the catalog that is about blobs. */
export function sqlBlobs(db: Db, ids: RepositoryIds, onChange: OnCatalogChange): BlobMethods {
  async function link(
    trx: Db,
    repository: string,
    record: BlobRecord,
    keepPusher: boolean,
  ): Promise<BlobRecord> {
    const { digest, pushedBy, pushedAt } = record;
    const id = await ids.ensure(trx, repository, pushedAt);
    const pushed = { pushed_by: pushedBy, pushed_at: pushedAt.getTime() };
    const insert = trx.insertInto('repository_blobs').values({ repository_id: id, digest, ...pushed });
    // A mount of what is there changes nothing: the row is updated to itself, so that it is returned.
    const row = await insert
      .onConflict((conflict) =>
        conflict
          .columns(['digest', 'repository_id'])
          .doUpdateSet((eb) => (keepPusher ? { digest: eb.ref('excluded.digest') } : pushed)),
      )
      .returning(['pushed_by', 'pushed_at'])
      .executeTakeFirstOrThrow();
    return { ...record, pushedBy: row.pushed_by, pushedAt: new Date(row.pushed_at) };
  }

  return {
    async findBlob(repository, digest) {
      const row = await db
        .selectFrom('repository_blobs')
        .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
        .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
        .select(['size', 'location', 'pushed_by', 'pushed_at'])
        .where('repositories.name', '=', repository)
        .where('repository_blobs.digest', '=', digest)
        .executeTakeFirst();
      if (!row) return undefined;
      const { size, location, pushed_by, pushed_at } = row;
      return { digest, size, location, pushedBy: pushed_by, pushedAt: new Date(pushed_at) };
    },

    async findBlobAnywhere(digest) {
      return db
        .selectFrom('blobs')
        .select(['size', 'location'])
        .where('digest', '=', digest)
        .executeTakeFirst();
    },

    async repositoriesWithBlob(digest, limit) {
      const rows = await db
        .selectFrom('repository_blobs')
        .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
        .select('name')
        .where('digest', '=', digest)
        .orderBy('repository_id')
        .limit(limit)
        .execute();
      return rows.map((row) => row.name);
    },

    linkBlob: ({ repository, digest, size, location, by, at }) =>
      transact(db, async (trx) => {
        const stored = await storeBlob(trx, digest, { size, location });
        const blob = await link(trx, repository, { digest, ...stored, pushedBy: by, pushedAt: at }, false);
        await onChange(trx, { kind: 'blob-linked', repository, blob, received: true, by, at });
        return blob;
      }),

    linkKnownBlob: ({ repository, digest, by, at, received, sentAt = received ? at : undefined }) =>
      transact(db, async (trx) => {
        const stored = await holdStored(trx, digest);
        if (!stored) return undefined;
        const wanted = { digest, ...stored, pushedBy: sentAt ? by : null, pushedAt: sentAt ?? at };
        const blob = await link(trx, repository, wanted, !received);
        await onChange(trx, { kind: 'blob-linked', repository, blob, received, by, at });
        return blob;
      }),

    unlinkBlob: (repository, digest, { by, at }) =>
      transact(db, async (trx) => {
        const id = await ids.find(trx, repository);
        if (id === undefined) return false;
        // Deleted first, which on PostgreSQL waits for a manifest that is just being put on top of it.
        const { numDeletedRows } = await trx
          .deleteFrom('repository_blobs')
          .where('repository_id', '=', id)
          .where('digest', '=', digest)
          .executeTakeFirstOrThrow();
        if (numDeletedRows === 0n) return false;
        await refuseUsed(trx, id, digest);
        await trx
          .updateTable('blobs')
          .set({ unlinked_at: at.getTime() })
          .where('digest', '=', digest)
          .where((eb) => {
            const links = eb.selectFrom('repository_blobs').select('digest').where('digest', '=', digest);
            return eb.not(eb.exists(links));
          })
          .execute();
        await onChange(trx, { kind: 'blob-unlinked', repository, digest, by, at });
        return true;
      }),
  };
}

async function refuseUsed(trx: Db, repository: number, digest: Digest): Promise<void> {
  const shown = 10;
  const users = await trx
    .selectFrom('manifest_refs')
    .innerJoin('manifests', 'manifests.id', 'manifest_refs.manifest_id')
    .select('manifests.digest')
    .where('manifest_refs.digest', '=', digest)
    .where('manifest_refs.repository_id', '=', repository)
    .orderBy('manifest_id')
    .limit(shown)
    .execute();
  if (users.length > 0) {
    throw new WharfingerError('BLOB_IN_USE', { what: users.map((user) => user.digest).join(', ') });
  }
}
