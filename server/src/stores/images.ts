import type { PackageVersion } from '@wharfinger/lib/advisories/match';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { packJson, unpackJson } from './compressed-json.ts';
import { ensureVersions, type StoredVersion } from './packages.ts';
import type { Placed } from './repositories.ts';

/** What a manifest contains, with the key that its packages are stored under. */
export interface StoredImage {
  readonly id: number;
  readonly inventory: ImageInventory;
}

/** The inventory of a manifest in the format given; undefined: not made yet, or in another format. */
export async function getImage(db: Db, digest: Digest, format: number): Promise<StoredImage | undefined> {
  const row = await db
    .selectFrom('images')
    .select(['id', 'inventory'])
    .where('digest', '=', digest)
    .where('format', '=', format)
    .executeTakeFirst();
  return row && { id: row.id, inventory: (await unpackJson(row.inventory)) as ImageInventory };
}

/** A package whose distribution is unknown is stored too: it can be asked for, though no advisory is about it. */
function versionOf({ match }: ImageInventory['packages'][number]): PackageVersion {
  return { ecosystem: match.ecosystem ?? '', name: match.name, version: match.version };
}

/** An inventory ready to be stored: made before the transaction, so that it does not wait for the compression. */
export interface PackedImage {
  readonly inventory: ImageInventory;
  readonly bytes: Uint8Array;
}

export async function packImage(inventory: ImageInventory): Promise<PackedImage> {
  return { inventory, bytes: await packJson(inventory) };
}

/**
 * Keeps what a manifest contains; what was there is replaced. Call it in a transaction.
 * @returns package versions that no image had before: give them to `matchVersions` in the same transaction
 */
export async function putImage(
  trx: Db,
  digest: Digest,
  { inventory, bytes }: PackedImage,
  at: Date,
): Promise<StoredVersion[]> {
  const row = {
    format: inventory.format,
    complete: inventory.complete ? 1 : 0,
    inventory: bytes,
    made_at: at.getTime(),
  };
  const { id } = await trx
    .insertInto('images')
    .values({ digest, ...row })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
    .returning('id')
    .executeTakeFirstOrThrow();
  const { all, added } = await ensureVersions(trx, inventory.packages.map(versionOf));
  await trx.deleteFrom('image_packages').where('image_id', '=', id).execute();
  const rows = all.map((version) => ({ version_id: version.id, image_id: id }));
  for (const part of chunks(rows)) await trx.insertInto('image_packages').values(part).execute();
  return added;
}

/**
 * Where images are that have any of these package versions, each once, by repository and digest: which images an
 * advisory touches, or who has package version X.
 */
export async function placesWithVersions(db: Db, versionIds: Iterable<number>): Promise<Placed[]> {
  const images = new Set<number>();
  for (const ids of chunks([...new Set(versionIds)])) {
    const rows = await db
      .selectFrom('image_packages')
      .select('image_id')
      .distinct()
      .where('version_id', 'in', ids)
      .execute();
    for (const row of rows) images.add(row.image_id);
  }
  const places: Placed[] = [];
  for (const ids of chunks([...images])) {
    const rows = await db
      .selectFrom('images')
      .innerJoin('manifests', 'manifests.digest', 'images.digest')
      .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
      .select(['repositories.name', 'manifests.digest'])
      .where('images.id', 'in', ids)
      .execute();
    for (const row of rows) places.push({ repository: row.name, digest: row.digest as Digest });
  }
  return places.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

function keyOf({ repository, digest }: Placed): string {
  return `${repository}@${digest}`;
}
