import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { matchVersions } from '../../server/src/stores/findings.ts';
import { packImage, putImage } from '../../server/src/stores/images.ts';
import { createSqlCatalog } from '../../server/src/stores/sql-catalog.ts';
import { imagesOf, type FleetImage, type FleetShape } from './contents.ts';
import { at, by, describeImage, inventoryOf } from './described-image.ts';

export interface FleetOptions {
  /** keeps the configurations of the images; without it they have none, and only what is in the database can be asked */
  readonly storage?: BlobStore;
  /** called after each batch with the number of images so far */
  readonly onProgress?: (images: number) => void;
}

/** Images that are stored in one transaction: what a push costs in statements is measured, not what syncing the disk costs. */
const batchSize = 200;

/**
 * Fills a database with a fleet of images through the stores, as pushes and inspections do: repositories, manifests, tags,
 * inventories, and findings for the advisories that are there. No jobs are made.
 */
export async function makeFleet(db: Db, shape: FleetShape, options: FleetOptions = {}): Promise<void> {
  const linked = new Set<string>();
  let made = 0;
  let stored: Promise<void> = Promise.resolve();
  // While one batch is stored the next is made.
  for (const images of batchesOf(imagesOf(shape))) {
    const prepared = await Promise.all(images.map((image) => prepare(image, options.storage)));
    await stored;
    stored = transact(db, async (trx) => {
      const catalog = createSqlCatalog(trx);
      for (const one of prepared) await push(trx, catalog, one, linked);
    }).then(() => {
      made += prepared.length;
      options.onProgress?.(made);
    });
  }
  await stored;
}

export function* batchesOf<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function prepare(image: FleetImage, storage: BlobStore | undefined) {
  const described = describeImage(image, storage);
  const packages = image.layers.flatMap((layer) => layer.packages);
  const { format, complete, distribution, ...rest } = inventoryOf(image, described.layers);
  const packed = await packImage({ format, complete, distribution, packages, ...rest });
  return { ...described, image, packed };
}

/** @param linked blobs that repositories have: a client asks for them, and sends none of them again */
async function push(
  trx: Db,
  catalog: Catalog,
  one: Awaited<ReturnType<typeof prepare>>,
  linked: Set<string>,
): Promise<void> {
  const { repository, tag } = one.image;
  for (const part of [one.config, ...one.layers]) {
    const link = `${repository}@${part.digest}`;
    if (!linked.has(link)) await catalog.linkBlob({ repository, ...part, by, at });
    linked.add(link);
  }
  await catalog.putManifest({
    repository,
    digest: one.digest,
    bytes: one.manifest,
    manifest: parseManifest(one.manifest, mediaTypes.ociManifest),
    tags: [tag, 'latest'],
    missing: [],
    by,
    at,
  });
  const layers = one.layers.map(({ digest }) => digest);
  await matchVersions(trx, await putImage(trx, one.digest, one.packed, layers, at));
}
