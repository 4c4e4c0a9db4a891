import type { Digest } from '../oci/digest.ts';
import type { CustodyImage, CustodyLayer } from './custody-image.ts';
import { shorten, type CustodyProblemCode } from './problem.ts';

/** How the layers of an image differ from those of its parent. */
export interface LayerDifference {
  readonly code: CustodyProblemCode;
  /** index of the first layer that differs */
  readonly layer: number;
  /** after the name of the layer: what is the matter with it */
  readonly what: string;
}

/**
 * Checks that an image begins with the layers of its parent: their content (diffID) and their bytes (digest). Other bytes for the
 * same content are taken only where both were measured: what a config claims to be in a blob proves nothing.
 *
 * @param measured diffIDs that were computed from the bytes, by digest of the blob
 * @returns undefined where it does; `recompressed` gets the layers whose bytes differ with good reason
 */
export function compareToParent(
  image: CustodyImage,
  parent: CustodyImage,
  measured: ReadonlyMap<Digest, Digest>,
  recompressed: (layer: number) => void,
): LayerDifference | undefined {
  for (const [index, below] of parent.layers.entries()) {
    const own = image.layers[index];
    if (own === undefined || own.diffId !== below.diffId)
      return differenceAt(index, image.layers, parent.layers);
    if (own.digest === below.digest) continue;
    const proven = measured.get(own.digest) === own.diffId && measured.get(below.digest) === below.diffId;
    if (!proven) {
      return {
        code: 'base-blob-swapped',
        layer: index,
        what: `claims the content of the parent's layer (${shorten(below.diffId)}), but is the blob ${shorten(own.digest)} and not ${shorten(below.digest)}, and nobody has measured what is in it`,
      };
    }
    recompressed(index);
  }
  return undefined;
}

/** How many of the lowest layers are the same, bytes and content. */
export function commonLayers(image: CustodyImage, parent: CustodyImage): number {
  const differs = image.layers.findIndex((own, index) => {
    const below = parent.layers[index];
    return below === undefined || own.digest !== below.digest || own.diffId !== below.diffId;
  });
  return differs < 0 ? image.layers.length : differs;
}

/** Says what was done to the parent's layers, the first of which to differ is at `index`. */
function differenceAt(
  index: number,
  layers: readonly CustodyLayer[],
  parent: readonly CustodyLayer[],
): LayerDifference {
  const own = layers[index];
  const below = parent[index]!;
  const is = own === undefined ? 'there is none' : `it is ${shorten(own.digest)}`;
  const say = (code: CustodyProblemCode, what: string): LayerDifference => ({
    code,
    layer: index,
    what: `is not ${shorten(below.digest)}, as in the parent (${is}): ${what}`,
  });
  if (own?.digest === below.digest) {
    return {
      code: 'diff-id-lie',
      layer: index,
      what: `is the parent's blob ${shorten(below.digest)}, but its config claims another content`,
    };
  }
  const places = placesOf(parent, layers);
  const found = places.filter((place) => place !== undefined);
  if (found.length === 0)
    return say('squash-undeclared', 'no layer of the parent is left; a squash has to say that it is one');
  const inOrder = found.every((place, at) => at === 0 || found[at - 1]! < place);
  if (found.length === parent.length) {
    return inOrder
      ? say('base-layer-inserted', 'a layer was put between those of the parent')
      : say('base-layers-reordered', "the parent's layers are in another order");
  }
  if (!inOrder)
    return say('base-layers-reordered', "the parent's layers are in another order, and some are missing");
  // Those that are left close up: nothing has taken the place of what is missing.
  const closedUp = found.every((place, at) => place === at);
  return closedUp
    ? say('base-layer-dropped', "the parent's layer was left out")
    : say('base-layer-swapped', "the parent's layer was replaced");
}

/** For each layer of the parent, where its content stands in the image; each place is given once. */
function placesOf(
  parent: readonly CustodyLayer[],
  layers: readonly CustodyLayer[],
): Array<number | undefined> {
  const free = new Map<Digest, number[]>();
  for (const [place, { diffId }] of layers.entries()) free.set(diffId, [...(free.get(diffId) ?? []), place]);
  return parent.map(({ diffId }) => free.get(diffId)?.shift());
}
