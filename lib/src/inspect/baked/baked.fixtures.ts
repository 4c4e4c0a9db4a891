import { composeImage } from '../compose-image.ts';
import type { ImageInventory } from '../inventory.ts';
import { configOf, manifestOf, readBytes } from '../layer-fixture.ts';

/** The image of these layers, with a configuration that names them. */
export async function composeLayers(...layers: readonly Buffer[]): Promise<ImageInventory> {
  const read = await Promise.all(layers.map((bytes) => readBytes(bytes)));
  const config = configOf(read.map(({ diffId }) => diffId));
  return composeImage(
    manifestOf(read.map(({ digest }) => digest)),
    config,
    new Map(read.map((one) => [one.digest, one])),
  );
}
