import { composeImage, composeIndex } from '@wharfinger/lib/inspect/compose-image';
import type { LayerInventory, ProblemCode } from '@wharfinger/lib/inspect/inventory';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { ImageManifest } from '@wharfinger/lib/oci/manifest';
import { transact } from '../db/transaction.ts';
import { matchVersions } from '../stores/findings.ts';
import { getImage, packImage, putImage } from '../stores/images.ts';
import { getLayerInventory, putLayerInventory } from '../stores/layer-inventories.ts';
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

/** What went wrong for reasons that may not be there the next time, or with parts that were not there yet. */
const passing: ReadonlySet<ProblemCode> = new Set(['missing-part', 'crashed', 'timeout', 'out-of-memory']);

/**
 * Makes what is missing of the inventories of an image's layers, composes the image's own, stores it and, in the same
 * transaction, matches the package versions that no image had before. What failed for a passing reason is tried again
 * when the image is checked again, as after a push of the same.
 */
export async function inspectImage(
  parts: PipelineParts,
  image: StoredManifest,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, digest } = image;
  const known = await getImage(parts.db, digest, inventoryFormat);
  if (known && !mayEndOtherwise(known.inventory)) return;
  const layers = await layerInventories(parts, image, manifest.layers, signal);
  return composeImage(manifest, image.config, layers);
}

function mayEndOtherwise({ problems }: Pick<LayerInventory, 'problems'>): boolean {
  return problems.some((problem) => passing.has(problem.code));
}

/** The inventories of all layers whose bytes are there, made now where they are not made yet. */
async function layerInventories(
  { db, catalog, readLayers, now }: PipelineParts,
  { repository }: StoredManifest,
  layers: readonly Descriptor[],
  signal: AbortSignal,
): Promise<Map<Digest, LayerInventory>> {
  const inventories = new Map<Digest, LayerInventory>();
  const inputs = new Map<Digest, LayerInput>();
  for (const descriptor of layers) {
    const { digest } = descriptor;
    if (inventories.has(digest) || inputs.has(digest)) continue;
    const known = await getLayerInventory(db, digest, inventoryFormat);
    if (known) inventories.set(digest, known);
    if (known && !mayEndOtherwise(known)) continue;
    const blob = await catalog.findBlob(repository, digest);
    if (blob) inputs.set(digest, { descriptor, location: blob.location });
  }
  if (inputs.size === 0) return inventories;
  for await (const inventory of readLayers([...inputs.values()], signal)) {
    await putLayerInventory(db, inventory.digest, inventory, now());
    inventories.set(inventory.digest, inventory);
  }
  return inventories;
}
