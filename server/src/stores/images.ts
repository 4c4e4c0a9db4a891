import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { idsIn, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { packJson, unpackJson } from './compressed-json.ts';
import { mostLayers, putLayers } from './image-layers.ts';
import { putOutline } from './image-outlines.ts';
import { collect } from './image-keys.ts';
import { notePlaces } from './image-places.ts';
import { putPackages } from './package-groups.ts';
import type { StoredVersion } from './packages.ts';
import type { Placed } from './repositories.ts';

/** What a manifest contains, with the key that its packages are stored under. */
export interface StoredImage {
  readonly id: number;
  readonly inventory: ImageInventory;
}

/** The inventory of a manifest in one of these formats; undefined: not made yet, or in another format. */
export async function getImage(
  db: Db,
  digest: Digest,
  formats: readonly number[],
): Promise<StoredImage | undefined> {
  const row = await db
    .selectFrom('images')
    .select(['id', 'inventory'])
    .where('digest', '=', digest)
    .where('format', 'in', formats)
    .executeTakeFirst();
  return row && { id: row.id, inventory: (await unpackJson(row.inventory)) as ImageInventory };
}

/** Manifests in the order of their keys, after the key given, each with the format that its inventory is in; null: it has none. */
export async function formatsAfter(
  db: Db,
  after: number,
  limit: number,
): Promise<Array<Placed & { readonly id: number; readonly format: number | null }>> {
  const rows = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .leftJoin('images', 'images.digest', 'manifests.digest')
    .select(['manifests.id', 'repositories.name', 'manifests.digest', 'images.format'])
    .where('manifests.id', '>', after)
    .orderBy('manifests.id')
    .limit(limit)
    .execute();
  return rows.map(({ name, digest, ...row }) => ({ ...row, repository: name, digest: digest as Digest }));
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
 * @param layers of the manifest, base first, those that could not be read too; none for an index
 * @returns package versions that no image had before: give them to `matchVersions` in the same transaction
 */
export async function putImage(
  trx: Db,
  digest: Digest,
  { inventory, bytes }: PackedImage,
  layers: readonly Digest[],
  at: Date,
): Promise<StoredVersion[]> {
  const row = {
    format: inventory.format,
    // What has more layers than are kept may hold any other.
    complete: inventory.complete && layers.length <= mostLayers ? 1 : 0,
    inventory: bytes,
    made_at: at.getTime(),
  };
  const { id } = await trx
    .insertInto('images')
    .values({ digest, ...row })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
    .returning('id')
    .executeTakeFirstOrThrow();
  const measured = new Map(inventory.layers.map((layer) => [layer.digest, layer]));
  await putLayers(
    trx,
    id,
    layers.map((layer) => measured.get(layer) ?? { digest: layer }),
  );
  const added = await putPackages(trx, id, inventory.packages);
  await putOutline(trx, id, inventory);
  await notePlaces(trx, digest);
  return added;
}

/** Keys of the images that have any of these package versions, in order: which images an advisory touches. */
export async function imagesWithVersions(db: Db, versionIds: Iterable<number>): Promise<number[]> {
  const versions = [...new Set(versionIds)];
  if (versions.length === 0) return [];
  const images = db
    .selectFrom('image_groups')
    .select('image_id')
    .where('group_id', 'in', (groups) =>
      groups
        .selectFrom('group_packages')
        .select('group_id')
        .where('package_id', 'in', (packages) =>
          packages.selectFrom('packages').select('id').where('version_id', 'in', idsIn(db, versions)),
        ),
    );
  return (await collect(db, images)).reverse();
}

/** Where images are, by their keys: each place once, by repository and digest. */
export async function placesOfImages(db: Db, imageIds: readonly number[]): Promise<Placed[]> {
  if (imageIds.length === 0) return [];
  // One text: there may be a hundred thousand.
  const all =
    kindOf(db) === 'sqlite'
      ? sql<string>`json_group_array(repositories.name || '@' || images.digest)`
      : sql<string>`coalesce(json_agg(repositories.name || '@' || images.digest), '[]')::text`;
  const { places } = await db
    .selectFrom('image_places')
    .innerJoin('images', 'images.id', 'image_places.image_id')
    .innerJoin('repositories', 'repositories.id', 'image_places.repository_id')
    .select(all.as('places'))
    .where('image_places.image_id', 'in', idsIn(db, imageIds))
    .executeTakeFirstOrThrow();
  return (JSON.parse(places) as string[]).sort().map((place) => {
    const at = place.lastIndexOf('@');
    return { repository: place.slice(0, at), digest: place.slice(at + 1) as Digest };
  });
}

/** Where images are that have any of these package versions, each once, by repository and digest. */
export async function placesWithVersions(db: Db, versionIds: Iterable<number>): Promise<Placed[]> {
  return placesOfImages(db, await imagesWithVersions(db, versionIds));
}
