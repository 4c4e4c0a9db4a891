import type { Digest } from '../oci/digest.ts';
import type { CustodyImage, CustodyLayer } from './custody-image.ts';
import type { Walk } from './walk.ts';

/** What is known of the content of blobs, and who can measure more. */
export type Measures = Pick<Walk, 'measured'> & { readonly source: Pick<Walk['source'], 'measure'> };

/**
 * What is in the layers of an image that claim the content of its parent's layers and are other bytes, and in those of the
 * parent: what is known already, and what the source measures. Nothing is measured where the bytes are the same.
 *
 * @returns diffIDs by digest of the blob
 * @throws what the source throws: a layer whose look-up failed is not one that nobody measured
 */
export async function measureRecompressed(
  { source, measured }: Measures,
  image: CustodyImage,
  parent: CustodyImage,
): Promise<ReadonlyMap<Digest, Digest>> {
  const known = new Map(measured);
  const measure = async (of: CustodyImage, layer: CustodyLayer): Promise<boolean> => {
    const { digest, diffId } = layer;
    const found = known.get(digest) ?? (await source.measure?.(of, layer));
    if (found !== undefined) known.set(digest, found);
    return found === diffId;
  };
  for (const [index, below] of parent.layers.entries()) {
    const own = image.layers[index];
    if (own === undefined || own.diffId !== below.diffId) break;
    if (own.digest === below.digest) continue;
    // the first that is not what it claims decides: no more is read
    if (!(await measure(image, own)) || !(await measure(parent, below))) break;
  }
  return known;
}
