import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { openImage } from '@wharfinger/lib/client/open-image';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { ownPlatform } from './image-options.ts';
import { inputsOf } from './local-assessment.ts';
import { registrySession } from './remote-image.ts';
import type { Session } from './session.ts';

/** An image that is open, with the inventories of its layers. */
export interface LayersHere {
  readonly source: ImageSource;
  readonly layers: ReadonlyMap<Digest, LayerInventory>;
}

/**
 * Reads the layers of an image on this machine, in the same limited process as in the registry, and works with them.
 * @param platform absent: that of this machine
 * @throws WharfingerError of every kind that finding and reading an image has
 */
export async function withLayersHere<T>(
  image: string,
  platform: string | undefined,
  session: Session,
  work: (opened: LayersHere) => Promise<T>,
): Promise<T> {
  const source = await openImage(image, {
    platform: platform ?? ownPlatform,
    session: (registry) => registrySession(registry, session),
  });
  const progress = session.progress();
  try {
    const layers = new Map<Digest, LayerInventory>();
    const distinct = [...new Map(source.layers.map((layer) => [layer.descriptor.digest, layer])).values()];
    for await (const layer of session.inspectLayers(inputsOf(distinct, progress)))
      layers.set(layer.digest, layer);
    progress.end();
    return await work({ source, layers });
  } finally {
    progress.end();
    await source.close();
  }
}
