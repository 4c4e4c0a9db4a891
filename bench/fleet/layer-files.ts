import { createHash } from 'node:crypto';
import { inventoryFormat, type LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { fileKey } from '../../server/src/stores/file-index/pieces.ts';
import { addLayers, mergeSegments, type LayerKeys } from '../../server/src/stores/file-index/segments.ts';
import { bulkRows } from './bulk-rows.ts';
import { imagesOf, type FleetLayer, type FleetShape } from './contents.ts';
import { at, diffIdOf, digestOfLayer } from './described-image.ts';

/** What one package brings. */
const filesOfPackage = ['lib.so', 'README'] as const;

/** Layers whose files are made found together. */
const layersTogether = 4000;

/** What a file of a package contains; the same package brings the same files, whatever layer it is in. */
export function fileDigest(purl: string, name: (typeof filesOfPackage)[number]): Digest {
  return digestOf(contentOf(purl, name));
}

function contentOf(purl: string, name: string): string {
  return `${name} of ${purl}`;
}

/** Writes what the layers of a fleet contain, and makes their files found. Nothing else may work on the database. */
export async function writeLayerFiles(db: Db, shape: FleetShape): Promise<number> {
  const rows = bulkRows({
    layer_inventories: { digest: 'text', format: 'integer', inventory: 'bytes', made_at: 'integer' },
  });
  const seen = new Set<string>();
  const { signal } = new AbortController();
  let waiting: LayerKeys[] = [];
  const store = async (): Promise<void> => {
    const put = rows.take();
    await transact(db, put);
    await addLayers(db, waiting, signal);
    waiting = [];
  };
  for (const { layers } of imagesOf(shape)) {
    for (const layer of layers) {
      if (seen.has(layer.name)) continue;
      seen.add(layer.name);
      const { inventory, keys } = describeLayer(layer);
      rows.add(
        'layer_inventories',
        inventory.digest,
        inventoryFormat,
        packInventory(inventory).toString('hex'),
        at.getTime(),
      );
      waiting.push({ digest: inventory.digest, keys, complete: true });
    }
    if (waiting.length >= layersTogether) await store();
  }
  await store();
  while (await mergeSegments(db, signal));
  return seen.size;
}

function describeLayer(layer: FleetLayer): { inventory: LayerInventory; keys: Float64Array } {
  const digest = digestOfLayer(layer);
  const files = layer.packages.flatMap(({ name, purl }) =>
    filesOfPackage.map((file) => ({ path: `opt/${name}/${file}`, content: contentOf(purl, file) })),
  );
  if (layer.name.startsWith('code')) files.push({ path: 'app/main', content: layer.name });
  const digests = files.map(({ content }) => createHash('sha256').update(content).digest());
  const inventory: LayerInventory = {
    format: inventoryFormat,
    digest,
    content: 'filesystem',
    compression: 'gzip',
    diffId: diffIdOf(layer),
    size: 1000,
    entries: files.length,
    complete: true,
    problems: [],
    tree: {
      paths: files.map(({ path }) => `0 ${path}`),
      types: 'f'.repeat(files.length),
      links: {},
      modes: '0644'.repeat(files.length),
      sizes: files.map(({ content }) => content.length),
      digests: { sha256: Buffer.concat(digests).toString('base64') },
    },
    records: [],
  };
  const keys = Float64Array.from(new Set(digests.map((one) => fileKey(one)))).sort();
  return { inventory, keys };
}
