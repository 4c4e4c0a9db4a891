import { parseManifest, requiredParts } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { packText } from '../../server/src/stores/compressed-json.ts';
import { matchVersions } from '../../server/src/stores/findings.ts';
import { digestBytes } from '../../server/src/stores/image-layers.ts';
import { packOutline } from '../../server/src/stores/image-outlines.ts';
import { openPackageKeys, packageTables, type PackageKeys } from './bulk-packages.ts';
import { bulkRows, countOn, type BulkRows } from './bulk-rows.ts';
import { imagesOf, type FleetImage, type FleetShape } from './contents.ts';
import { at, by, describeImage, diffIdOf, inventoryOf, type Part } from './described-image.ts';
import { batchesOf, type FleetOptions } from './fleet.ts';

const tables = {
  repositories: { id: 'integer', name: 'text', created_at: 'integer' },
  blobs: { digest: 'text', size: 'integer', location: 'text' },
  repository_blobs: { repository_id: 'integer', digest: 'text', pushed_by: 'text', pushed_at: 'integer' },
  manifests: {
    id: 'integer',
    repository_id: 'integer',
    digest: 'text',
    media_type: 'text',
    kind: 'text',
    size: 'integer',
    pushed_by: 'text',
    pushed_at: 'integer',
    bytes: 'bytes',
  },
  manifest_refs: { digest: 'text', repository_id: 'integer', manifest_id: 'integer', role: 'text' },
  tags: { repository_id: 'integer', name: 'text', digest: 'text' },
  tag_moves: {
    id: 'integer',
    repository_id: 'integer',
    tag: 'text',
    from_digest: 'text',
    to_digest: 'text',
    moved_by: 'text',
    moved_at: 'integer',
  },
  ...packageTables,
  chains: { id: 'integer', content: 'bytes', parent_id: 'integer' },
  layer_contents: { digest: 'text', content: 'bytes' },
  images: {
    id: 'integer',
    digest: 'text',
    format: 'integer',
    complete: 'integer',
    inventory: 'bytes',
    made_at: 'integer',
    chain_id: 'integer',
  },
  image_groups: { group_id: 'integer', image_id: 'integer' },
  image_places: { repository_id: 'integer', image_id: 'integer', manifest_id: 'integer' },
  image_chains: { chain_id: 'integer', image_id: 'integer' },
  image_outlines: { image_id: 'integer', ecosystems: 'text', packages: 'bytes' },
} as const;

/** Bytes in hexadecimal, as rows have them. */
const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/**
 * Writes the rows that `makeFleet` makes, without asking the database for anything: what images share is known here, and written
 * once. Keys differ from those of `makeFleet`, nothing else does.
 */
export async function writeFleet(db: Db, shape: FleetShape, options: FleetOptions = {}): Promise<void> {
  const rows = bulkRows(tables);
  const packages = await openPackageKeys(db, rows);
  const write = rowsOfImages(rows, packages, options.storage);
  let made = 0;
  let stored: Promise<void> = Promise.resolve();
  // While one batch is stored the next is made.
  for (const images of batchesOf(imagesOf(shape))) {
    for (const image of images) await write.image(image);
    const [put, added] = [rows.take(), packages.newVersions()];
    await stored;
    stored = transact(db, async (trx) => {
      await put(trx);
      await matchVersions(trx, added);
    }).then(() => {
      made += images.length;
      options.onProgress?.(made);
    });
    stored.catch(() => {}); // it is waited for after the next batch was made
  }
  await stored;
  write.end();
  await transact(db, async (trx) => {
    await rows.take()(trx);
    await countOn(
      trx,
      Object.entries(tables).flatMap(([name, columns]) => ('id' in columns ? [name] : [])),
    );
  });
}

function rowsOfImages(rows: BulkRows, packages: PackageKeys, storage: BlobStore | undefined) {
  const time = at.getTime();
  const repositories = new Map<string, number>();
  const latest = new Map<number, string>();
  const chains = new Map<string, number>();
  const once = { blobs: new Set<string>(), links: new Set<string>(), contents: new Set<string>() };
  let [images, moves] = [0, 0];

  function repositoryOf(name: string): number {
    let id = repositories.get(name);
    if (id === undefined) {
      repositories.set(name, (id = repositories.size + 1));
      rows.add('repositories', id, name, time);
    }
    return id;
  }

  function link(repository: number, { digest, size, location }: Part): void {
    if (isNew(once.blobs, digest)) rows.add('blobs', digest, size, location);
    if (isNew(once.links, `${repository} ${digest}`))
      rows.add('repository_blobs', repository, digest, by, time);
  }

  function tag(repository: number, name: string, digest: string): void {
    const before = name === 'latest' ? (latest.get(repository) ?? null) : null;
    moves += 1;
    rows.add('tag_moves', moves, repository, name, before, digest, by, time);
    if (name === 'latest') latest.set(repository, digest);
    else rows.add('tags', repository, name, digest);
  }

  function chainOf(content: string, parent: number): number {
    const text = `${parent} ${content}`;
    let id = chains.get(text);
    if (id === undefined) {
      chains.set(text, (id = chains.size + 1));
      rows.add('chains', id, content, parent);
    }
    return id;
  }

  function layersOf(image: FleetImage, parts: readonly Part[], imageId: number): number {
    let chain = 0;
    for (const [index, layer] of image.layers.entries()) {
      const [{ digest }, content] = [parts[index]!, hexOf(digestBytes(diffIdOf(layer)))];
      if (isNew(once.contents, digest)) rows.add('layer_contents', digest, content);
      chain = chainOf(content, chain);
      rows.add('image_chains', chain, imageId);
    }
    return chain;
  }

  return {
    async image(image: FleetImage): Promise<void> {
      const { digest, manifest, config, layers } = describeImage(image, storage);
      images += 1;
      const repository = repositoryOf(image.repository);
      for (const part of [config, ...layers]) link(repository, part);
      const type = mediaTypes.ociManifest;
      const bytes = manifest.toString('hex');
      rows.add('manifests', images, repository, digest, type, 'manifest', manifest.length, by, time, bytes);
      const parts = requiredParts(parseManifest(manifest, type)).blobs;
      for (const part of new Set(parts.map((one) => one.digest)))
        rows.add('manifest_refs', part, repository, images, 'blob');
      for (const name of [image.tag, 'latest'].sort()) tag(repository, name, digest);

      const stored = image.layers.map((layer) => packages.layer(layer.packages));
      for (const group of new Set(stored.flatMap(({ groups }) => groups)))
        rows.add('image_groups', group, images);
      const ecosystems = [...new Set(stored.flatMap((layer) => layer.ecosystems))].sort();
      const outline = packOutline(stored.flatMap((layer) => layer.outline));
      rows.add('image_outlines', images, JSON.stringify(ecosystems), hexOf(outline));
      const chain = layersOf(image, layers, images);
      const { format, complete, distribution, ...rest } = inventoryOf(image, layers);
      const head = JSON.stringify({ format, complete, distribution });
      const inside = stored.flatMap(({ json }) => (json === '' ? [] : [json])).join(',');
      const inventory = await packText(
        `${head.slice(0, -1)},"packages":[${inside}],${JSON.stringify(rest).slice(1)}`,
      );
      rows.add('images', images, digest, format, complete ? 1 : 0, hexOf(inventory), time, chain);
      rows.add('image_places', repository, images, images);
    },
    /** What the last image of each repository decides. */
    end(): void {
      for (const [repository, digest] of latest) rows.add('tags', repository, 'latest', digest);
    },
  };
}

function isNew(known: Set<string>, one: string): boolean {
  if (known.has(one)) return false;
  known.add(one);
  return true;
}
