import type { ContentSource } from '../client/content-source.ts';
import type { ImageSource } from '../client/image-source.ts';
import type { ChainSource } from '../custody/chain-source.ts';
import { isWharfingerError } from '../errors.ts';
import type { ImageInventory, LayerInventory, Problem } from '../inspect/inventory.ts';
import type { Digest } from '../oci/digest.ts';

/** What the layers of an image were found to hold when they were taken apart: diffIDs by digest of the blob. */
export function measuredLayers({
  layers,
  problems,
}: Pick<ImageInventory, 'layers' | 'problems'>): ReadonlyMap<Digest, Digest> {
  if (problems.some(isOtherBlob)) return new Map();
  return new Map(
    layers.flatMap(({ digest, diffId }) => (diffId === undefined ? [] : [[digest, diffId] as const])),
  );
}

/**
 * Measures layers where they lie, one at a time, by taking them apart.
 * @param contentOf where the images of a repository lie; undefined: nowhere
 */
export function measureBy(
  contentOf: (repository: string) => ContentSource | undefined,
  inspectLayers: (layers: ImageSource['layers']) => AsyncIterable<LayerInventory>,
): NonNullable<ChainSource['measure']> {
  return async ({ repository }, layer) => {
    const content = contentOf(repository);
    if (content === undefined) return undefined;
    try {
      for await (const read of inspectLayers([{ descriptor: layer, open: () => content.open(layer) }]))
        return read.problems.some(isOtherBlob) ? undefined : read.diffId;
    } catch (error) {
      if (!isWharfingerError(error, 'BLOB_UNKNOWN')) throw error;
    }
    return undefined;
  };
}

/** What was measured of other bytes says nothing of the blob. */
function isOtherBlob({ code }: Pick<Problem, 'code'>): boolean {
  return code === 'digest-mismatch';
}
