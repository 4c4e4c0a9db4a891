import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { transact } from '../db/transaction.ts';
import { matchVersions } from '../stores/findings.ts';
import { getImage, packImage, putImage } from '../stores/images.ts';
import { getLayerInventory, layersWithoutInventory, putLayerInventory } from '../stores/layer-inventories.ts';
import type { PipelineParts } from './parts.ts';
import type { StoredManifest } from './stored-image.ts';

/** Version of what inspection writes; what was written in another one is made again. */
export const inventoryFormat = 1;

/** A layer to take apart, and where its bytes lie. */
export interface LayerInput {
  readonly descriptor: Descriptor;
  readonly location: string;
}

/** Takes layers apart, each in its turn; every layer gives an inventory, one that could not be read an incomplete one. */
export type LayerReader = (
  layers: readonly LayerInput[],
  signal: AbortSignal,
) => AsyncIterable<LayerInventory>;

/**
 * Makes what is missing of the inventories of an image's layers, composes the image's own, stores it and, in the same
 * transaction, matches the package versions that no image had before.
 */
export async function inspectImage(
  parts: PipelineParts,
  image: StoredManifest,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, digest } = image;
  if (manifest.kind === 'index') return;
  const known = await getImage(parts.db, digest, inventoryFormat);
  if (known && !known.inventory.problems.some((problem) => problem.code === 'missing-part')) return;
  await inspectNewLayers(parts, image, manifest.layers, signal);
  const layers = new Map<Digest, LayerInventory>();
  for (const layer of manifest.layers) {
    const inventory = await getLayerInventory(parts.db, layer.digest, inventoryFormat);
    if (inventory) layers.set(layer.digest, inventory);
  }
  const packed = await packImage(composeImage(manifest, image.config, layers));
  await transact(parts.db, async (trx) => {
    await matchVersions(trx, await putImage(trx, digest, packed, parts.now()));
  });
}

async function inspectNewLayers(
  parts: PipelineParts,
  { repository }: StoredManifest,
  layers: readonly Descriptor[],
  signal: AbortSignal,
): Promise<void> {
  const fresh = new Set(
    await layersWithoutInventory(
      parts.db,
      layers.map((layer) => layer.digest),
      inventoryFormat,
    ),
  );
  const inputs: LayerInput[] = [];
  for (const descriptor of layers) {
    if (!fresh.delete(descriptor.digest)) continue;
    const blob = await parts.catalog.findBlob(repository, descriptor.digest);
    if (blob) inputs.push({ descriptor, location: blob.location });
  }
  if (inputs.length === 0) return;
  for await (const inventory of parts.readLayers(inputs, signal)) {
    await putLayerInventory(parts.db, inventory.digest, inventory, parts.now());
  }
}
