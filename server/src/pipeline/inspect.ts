import { inventoryFormat, type LayerInventory, type ProblemCode } from '@wharfinger/lib/inspect/inventory';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { ImageManifest, Manifest } from '@wharfinger/lib/oci/manifest';
import { transact } from '../db/transaction.ts';
import type { ComposedImage, ImageInput } from '../inspection/compose-process.ts';
import { unreadLayer, type LayerAnswer } from '../inspection/inspect-process.ts';
import { packJson } from '../stores/compressed-json.ts';
import { placesRestingOn } from '../stores/chain-parts.ts';
import { matchVersions } from '../stores/findings.ts';
import { getImage, packImage, putImage, type PackedImage } from '../stores/images.ts';
import { getLayerInventory, hasLayerInventory, putLayerInventory } from '../stores/layer-inventories.ts';
import { placesOf, type Placed } from '../stores/repositories.ts';
import { forget, invalidate } from './follow.ts';
import type { PipelineParts } from './parts.ts';
import type { StoredManifest } from './stored-image.ts';

/** A layer to take apart, and where its bytes lie. */
export interface LayerInput {
  readonly descriptor: Descriptor;
  readonly location: string;
}

/** Takes layers apart, each in its turn; every layer gives its packed inventory, or why there is none. */
export type LayerReader = (
  layers: readonly LayerInput[],
  signal: AbortSignal,
) => AsyncIterable<LayerAnswer<Uint8Array>>;

/** Composes an image of the inventories of its layers; one that it cannot compose is incomplete, and says why. */
export type ImageComposer = (image: ImageInput, signal: AbortSignal) => Promise<ComposedImage>;

/** What went wrong for reasons that may not be there the next time, or with parts that were not there yet. */
const passing: ReadonlySet<ProblemCode> = new Set(['missing-part', 'crashed', 'timeout', 'out-of-memory']);

/**
 * Makes what is missing of the inventories of an image's layers, composes the image's own, stores it and, in the same
 * transaction, matches the package versions that no image had before and ends the verdicts on it, wherever it is. The
 * caller judges it in its repository; jobs do elsewhere. What failed for a passing reason is tried again
 * when the image is checked again, as after a push of the same.
 */
export async function inspectImage(
  parts: PipelineParts,
  image: StoredManifest,
  signal: AbortSignal,
): Promise<void> {
  const { db, now } = parts;
  const known = await getImage(db, image.digest, [inventoryFormat]);
  if (known && !mayEndOtherwise(known.inventory)) return;
  const packed = await compose(parts, image, signal);
  if (!packed) return;
  await transact(db, async (trx) => {
    const at = now();
    await matchVersions(trx, await putImage(trx, image.digest, packed, layersOf(image.manifest), at));
    // No verdict stands that was made, or is being made, while this was not known.
    const places = await placesOf(trx, image.digest);
    // What was measured of its layers is evidence too: of its own chain, and of those of the images built on it.
    await forget(trx, parts.memory, [image], 'evidence');
    const others = places.filter(({ repository }) => repository !== image.repository);
    const built: Placed[] = [];
    for (const place of places) built.push(...(await placesRestingOn(trx, place)));
    await invalidate(trx, parts.memory, 'verify', [...others, ...built], at);
  });
}

function layersOf(manifest: Manifest): Digest[] {
  return manifest.kind === 'manifest' ? manifest.layers.map(({ digest }) => digest) : [];
}

function mayEndOtherwise({ problems }: Pick<LayerInventory, 'problems'>): boolean {
  return problems.some((problem) => passing.has(problem.code));
}

/** @returns undefined for an index of manifests, which has no inventory */
async function compose(
  parts: PipelineParts,
  image: StoredManifest,
  signal: AbortSignal,
): Promise<PackedImage | undefined> {
  const { manifest, config } = image;
  if (manifest.kind === 'index') {
    const { composeIndex } = await import('@wharfinger/lib/inspect/compose-image');
    const inventory = composeIndex(manifest);
    return inventory && packImage(inventory);
  }
  const unread = await readNewLayers(parts, image.repository, manifest, signal);
  const layers: ImageInput['layers'] = () => packedLayers(parts, manifest, unread);
  const { inventory, bytes } = await parts.composeImage({ manifest, config, layers }, signal);
  return bytes ? { inventory, bytes } : packImage(inventory);
}

/**
 * Has the layers read that are there and have no inventory yet, and stores what comes of it.
 * @returns what stands for layers whose reading failed: it is not stored, so that they are read again the next time
 */
async function readNewLayers(
  { db, catalog, readLayers, now }: PipelineParts,
  repository: string,
  { layers }: ImageManifest,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const inputs = new Map<Digest, LayerInput>();
  for (const descriptor of new Map(layers.map((layer) => [layer.digest, layer])).values()) {
    const { digest } = descriptor;
    if (await hasLayerInventory(db, digest, inventoryFormat)) continue;
    const blob = await catalog.findBlob(repository, digest);
    if (blob) inputs.set(digest, { descriptor, location: blob.location });
  }
  const unread = new Map<Digest, Uint8Array>();
  if (inputs.size === 0) return unread;
  for await (const { digest, answer } of readLayers([...inputs.values()], signal)) {
    if ('failure' in answer) unread.set(digest, await packJson(unreadLayer(digest, answer.failure)));
    else await putLayerInventory(db, digest, { format: inventoryFormat, packed: answer.value }, now());
  }
  return unread;
}

/** The packed inventories of all layers that were read or tried, one at a time, since they may be long. */
async function* packedLayers(
  { db }: PipelineParts,
  { layers }: ImageManifest,
  unread: ReadonlyMap<Digest, Uint8Array>,
): AsyncGenerator<readonly [Digest, Uint8Array]> {
  for (const digest of new Set(layers.map((layer) => layer.digest))) {
    const packed = unread.get(digest) ?? (await getLayerInventory(db, digest, inventoryFormat));
    if (packed) yield [digest, packed];
  }
}
