import { digestOf, type Digest } from '../oci/digest.ts';

/**
 * The chain IDs of layers, lowest first (image specification, config.md, "Layer ChainID"): each commits to the content and
 * the order of all layers up to it, however they are compressed.
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const ids: Digest[] = [];
  for (const diffId of diffIds) {
    const below = ids.at(-1);
    ids.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return ids;
}
