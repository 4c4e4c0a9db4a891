import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { inventoryFormat, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import { Readable } from 'node:stream';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { matchVersions } from '../../server/src/stores/findings.ts';
import { packImage, putImage } from '../../server/src/stores/images.ts';
import { createSqlCatalog } from '../../server/src/stores/sql-catalog.ts';
import { imagesOf, type FleetImage, type FleetLayer, type FleetShape } from './contents.ts';

export interface FleetOptions {
  /** keeps the configurations of the images; without it they have none, and only what is in the database can be asked */
  readonly storage?: BlobStore;
  /** called after each batch with the number of images so far */
  readonly onProgress?: (images: number) => void;
}

/** Images that are stored in one transaction: what a push costs in statements is measured, not what syncing the disk costs. */
const batchSize = 200;

const at = new Date(Date.UTC(2026, 0, 1));
const by = 'fleet';

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

function* batchesOf<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

interface Part {
  readonly digest: Digest;
  readonly size: number;
  readonly location: string;
}

async function prepare(image: FleetImage, storage: BlobStore | undefined) {
  const layers = image.layers.map(({ name }) => partOf(`layer ${name}`));
  const bytes = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: at.toISOString(),
      config: { User: '1000', Entrypoint: ['/app'] },
      rootfs: { type: 'layers', diff_ids: image.layers.map(diffIdOf) },
      history: image.layers.map(({ name }) => ({ created_by: `RUN make ${name}` })),
    }),
  );
  const config = { ...partOf(bytes), ...(storage && { location: await stored(storage, bytes) }) };
  const describe = (mediaType: string, { digest, size }: Part) => ({ mediaType, digest, size });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(mediaTypes.ociConfig, config),
      layers: layers.map((part) => describe(mediaTypes.ociLayerGzip, part)),
    }),
  );
  return {
    image,
    parts: [config, ...layers],
    manifest,
    digest: digestOf(manifest),
    layers: layers.map(({ digest }) => digest),
    packed: await packImage(inventoryOf(image, layers)),
  };
}

/** @param linked blobs that repositories have: a client asks for them, and sends none of them again */
async function push(
  trx: Db,
  catalog: Catalog,
  one: Awaited<ReturnType<typeof prepare>>,
  linked: Set<string>,
): Promise<void> {
  const { repository, tag } = one.image;
  for (const part of one.parts) {
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
  await matchVersions(trx, await putImage(trx, one.digest, one.packed, one.layers, at));
}

/** A blob that nobody will read; its digest is that of what it stands for. */
function partOf(content: string | Uint8Array): Part {
  const digest = digestOf(content);
  return { digest, size: content.length, location: `fleet/${digest}` };
}

function diffIdOf({ name }: FleetLayer): Digest {
  return digestOf(`content ${name}`);
}

async function stored(storage: BlobStore, bytes: Buffer): Promise<string> {
  const id = await storage.createUpload(by);
  await storage.append(by, id, Readable.from([bytes]));
  return (await storage.commit(by, id, digestOf(bytes))).location;
}

function inventoryOf({ layers }: FleetImage, parts: readonly Part[]): ImageInventory {
  return {
    format: inventoryFormat,
    complete: true,
    distribution: { id: 'debian', version: '12', ecosystem: 'Debian:12', source: 'os-release' },
    packages: layers.flatMap(({ packages }) => packages),
    problems: [],
    layers: layers.map((layer, index) => ({
      digest: parts[index]!.digest,
      content: 'filesystem',
      compression: 'gzip',
      diffId: diffIdOf(layer),
      size: 1000,
      entries: 10,
    })),
  };
}
