import type { ChainWays } from '@wharfinger/lib/assess/look-up-evidence';
import { measuredLayers } from '@wharfinger/lib/assess/measured-layers';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import { getImage } from '../stores/images.ts';
import type { Placed } from '../stores/repositories.ts';
import type { PipelineParts } from './parts.ts';

/** How the chain of an image of this registry is walked: by what was measured, and by what is remembered of ancestors. */
export async function waysHere(
  parts: Pick<PipelineParts, 'db' | 'chains'>,
  place: Placed,
  trust: TrustSet,
  now: Date,
): Promise<ChainWays> {
  return { ...(await measuredHere(parts, place.digest)), ...parts.chains.open(place, trust, now) };
}

/**
 * What inspection measured: of the layers of an image, and of those of its ancestors when it is asked for. Nothing is read
 * for it; what was not inspected yet is not measured, and whose chain rests on it is verified again once it is.
 */
export async function measuredHere(
  { db }: Pick<PipelineParts, 'db'>,
  digest: Digest,
): Promise<Pick<ChainWays, 'measured' | 'measure'>> {
  const layersOf = async (image: Digest): Promise<ReadonlyMap<Digest, Digest> | undefined> => {
    const inspected = await getImage(db, image, knownFormats);
    return inspected && measuredLayers(inspected.inventory);
  };
  const measured = await layersOf(digest);
  return {
    ...(measured && { measured }),
    measure: async (image, layer) => (await layersOf(image.digest))?.get(layer.digest),
  };
}
