import { WharfingerError } from '@wharfinger/lib/errors';
import type { Catalog, ManifestPut, PartSizes } from '@wharfinger/lib/catalog/catalog';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { describeReferrer, requiredParts } from '@wharfinger/lib/oci/manifest';
import { chunks, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import type { OnCatalogChange } from './catalog-change.ts';
import { notePlaces } from './image-places.ts';
import type { RepositoryIds } from './repository-ids.ts';
import { moveTags, recordMoves } from './sql-tags.ts';

type ManifestMethods = Pick<
  Catalog,
  'putManifest' | 'getManifest' | 'deleteManifest' | 'partSizes' | 'manifestsReferringTo' | 'referrers'
>;

interface Digests {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
}

/** @param lock keeps the blobs that are found from being deleted until the transaction ends */
async function sizesOf(
  db: Db,
  repository: number,
  { blobs, manifests }: Digests,
  lock: boolean,
): Promise<PartSizes> {
  const locks = lock && kindOf(db) === 'postgres';
  const found = { blobs: new Map<Digest, number>(), manifests: new Map<Digest, number>() };
  for (const digests of chunks([...new Set(blobs)].sort())) {
    const rows = await db
      .selectFrom('repository_blobs')
      .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
      .select(['repository_blobs.digest', 'size'])
      .where('repository_id', '=', repository)
      .where('repository_blobs.digest', 'in', digests)
      .$if(locks, (query) => query.orderBy('repository_blobs.digest').forShare('repository_blobs'))
      .execute();
    for (const row of rows) found.blobs.set(row.digest as Digest, row.size);
  }
  for (const digests of chunks([...new Set(manifests)].sort())) {
    const rows = await db
      .selectFrom('manifests')
      .select(['digest', 'size'])
      .where('repository_id', '=', repository)
      .where('digest', 'in', digests)
      .execute();
    for (const row of rows) found.manifests.set(row.digest as Digest, row.size);
  }
  return found;
}

async function refuseMissing(trx: Db, repository: number, put: ManifestPut): Promise<void> {
  const parts = requiredParts(put.manifest);
  const blobs = parts.blobs.map((part) => part.digest);
  const manifests = parts.manifests.map((part) => part.digest);
  const present = await sizesOf(trx, repository, { blobs, manifests }, true);
  const excused = new Set(put.missing);
  const gone = [
    ...blobs.filter((digest) => !present.blobs.has(digest)),
    ...manifests.filter((digest) => !present.manifests.has(digest)),
  ].filter((digest) => !excused.has(digest));
  if (gone.length > 0) {
    throw new WharfingerError('MANIFEST_BLOB_UNKNOWN', {
      what: gone.join(', '),
      detail: { digests: gone },
    });
  }
}

/** Stores or renews the row, which stays locked until the transaction ends; returns its key, and whether it is new. */
async function storeManifest(
  trx: Db,
  repository: number,
  put: ManifestPut,
): Promise<{ id: number; added: boolean }> {
  const { digest, bytes, manifest, by, at } = put;
  const missing = put.missing.length === 0 ? null : JSON.stringify(put.missing);
  const renewed = { pushed_by: by, pushed_at: at.getTime(), media_type: manifest.mediaType, missing };
  const made = await trx
    .insertInto('manifests')
    .values({
      repository_id: repository,
      digest,
      kind: manifest.kind,
      size: bytes.length,
      subject: manifest.subject?.digest ?? null,
      referrer: manifest.subject ? JSON.stringify(describeReferrer(digest, bytes.length, manifest)) : null,
      bytes,
      ...renewed,
    })
    .onConflict((conflict) => conflict.columns(['digest', 'repository_id']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made) return { id: made.id, added: true };
  const row = await trx
    .updateTable('manifests')
    .set(renewed)
    .where('digest', '=', digest)
    .where('repository_id', '=', repository)
    .returning('id')
    .executeTakeFirst();
  // Deleted between the two statements, which only PostgreSQL allows.
  return row ? { id: row.id, added: false } : storeManifest(trx, repository, put);
}

async function storeRefs(trx: Db, repository: number, id: number, put: ManifestPut): Promise<void> {
  const { manifest } = put;
  const parts = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  const children = new Set(requiredParts(manifest).manifests.map((child) => child.digest));
  const digests = [...new Set(parts.map((part) => part.digest))];
  const rows = digests.map((digest) => ({
    digest,
    repository_id: repository,
    manifest_id: id,
    role: children.has(digest) ? ('manifest' as const) : ('blob' as const),
  }));
  for (const part of chunks(rows)) await trx.insertInto('manifest_refs').values(part).execute();
}

/** The part of the catalog that is about manifests. */
export function sqlManifests(db: Db, ids: RepositoryIds, onChange: OnCatalogChange): ManifestMethods {
  return {
    putManifest: (put) =>
      transact(db, async (trx) => {
        const { repository, digest, manifest, missing, by, at } = put;
        const id = await ids.ensure(trx, repository, at);
        await refuseMissing(trx, id, put);
        const stored = await storeManifest(trx, id, put);
        if (stored.added) {
          await storeRefs(trx, id, stored.id, put);
          await notePlaces(trx, digest);
        }
        const wish = { repository: id, tags: put.tags, digest, immutable: put.immutable };
        const moved = await moveTags(trx, wish, put);
        const { added } = stored;
        const size = put.bytes.length;
        const what = { kind: 'manifest-put' as const, repository, digest, manifest, size, missing };
        await onChange(trx, { ...what, moved, added, by, at });
      }),

    async getManifest(repository, digest) {
      const row = await db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select(['media_type', 'bytes', 'pushed_by', 'pushed_at'])
        .where('repositories.name', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (!row) return undefined;
      return {
        digest,
        mediaType: row.media_type,
        bytes: asBuffer(row.bytes),
        pushedBy: row.pushed_by,
        pushedAt: new Date(row.pushed_at),
      };
    },

    deleteManifest: (repository, digest, { by, at }) =>
      transact(db, async (trx) => {
        const id = await ids.find(trx, repository);
        if (id === undefined) return false;
        // Deleted first, which on PostgreSQL waits for a put of the same manifest; then its tags are all there to be seen.
        const row = await trx
          .deleteFrom('manifests')
          .where('repository_id', '=', id)
          .where('digest', '=', digest)
          .returning(['subject', 'referrer'])
          .executeTakeFirst();
        if (!row) return false;
        const subject = row.subject as Digest | null;
        const referrer = row.referrer === null ? null : (JSON.parse(row.referrer) as Descriptor);
        const gone = await trx
          .deleteFrom('tags')
          .where('repository_id', '=', id)
          .where('digest', '=', digest)
          .returning('name')
          .execute();
        const tags = gone.map((row) => row.name).sort();
        const moves = tags.map((tag) => ({ repository: id, tag, from: digest, to: null }));
        await recordMoves(trx, moves, { by, at });
        const what = { kind: 'manifest-deleted' as const, repository, digest, subject, referrer, tags };
        await onChange(trx, { ...what, by, at });
        return true;
      }),

    async partSizes(repository, parts) {
      const id = await ids.find(db, repository);
      if (id === undefined) return { blobs: new Map(), manifests: new Map() };
      return sizesOf(db, id, parts, false);
    },

    async manifestsReferringTo(repository, digest) {
      const rows = await db
        .selectFrom('manifest_refs')
        .innerJoin('repositories', 'repositories.id', 'manifest_refs.repository_id')
        .innerJoin('manifests', 'manifests.id', 'manifest_refs.manifest_id')
        .select('manifests.digest')
        .distinct()
        .where('repositories.name', '=', repository)
        .where('manifest_refs.digest', '=', digest)
        .execute();
      return rows.map((row) => row.digest as Digest);
    },

    async referrers(repository, subject) {
      const rows = await db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select('referrer')
        .where('subject', '=', subject)
        .where('repositories.name', '=', repository)
        .orderBy('pushed_at')
        .orderBy('digest')
        .execute();
      return rows.map((row) => ({ descriptor: JSON.parse(row.referrer ?? 'null') }));
    },
  };
}

/** The same bytes as a Buffer, which is what a socket writes without another copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
