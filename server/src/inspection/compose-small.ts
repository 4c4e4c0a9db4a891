import type { ImageInventory, LayerInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { ImageInput } from './compose-process.ts';
import { parseLayer } from './inventory-schema.ts';

/**
 * Bytes of JSON of all layers together, their entries, and steps along their links, which may lead in circles: composing these takes
 * milliseconds, whatever they say.
 */
const most = { bytes: 128 * 1024, entries: 2000, steps: 200_000 };

/**
 * Composes a small image here: a process of its own would cost a hundred times what it protects from. The layers'
 * inventories were written by a process that read hostile bytes, and are checked as such.
 *
 * @returns undefined where the image is not small, takes long, or an inventory is not what it must be: that is for a process
 */
export async function composeSmall({
  manifest,
  config,
  layers,
}: ImageInput): Promise<ImageInventory | undefined> {
  const known = new Map<Digest, LayerInventory>();
  let { bytes, entries } = most;
  const times = Map.groupBy(manifest.layers, (layer) => layer.digest);
  for await (const [digest, packed] of layers()) {
    if (packed.length > bytes) return undefined;
    const layer = await parseLayer(packed, digest, bytes);
    if (!layer) return undefined;
    bytes -= JSON.stringify(layer).length;
    entries -= layer.tree.types.length * (times.get(digest)?.length ?? 1);
    if (bytes < 0 || entries < 0) return undefined;
    known.set(digest, layer);
  }
  // Loaded with the first image: with all that it knows of packages and secrets it is a tenth of the program.
  const { composeImage } = await import('@wharfinger/lib/inspect/compose-image');
  const inventory = composeImage(manifest, config, known, most.steps);
  return inventory.problems.some(({ code }) => code === 'too-many-entries') ? undefined : inventory;
}
