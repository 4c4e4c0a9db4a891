import { createHash } from 'node:crypto';

/** A Merkle tree as transparency logs have it (RFC 6962, section 2.1). */
export class MerkleTree {
  readonly #leaves: Buffer[] = [];

  get size(): number {
    return this.#leaves.length;
  }

  /** Appends a leaf; its index. */
  append(leaf: Buffer): number {
    return this.#leaves.push(hash(Buffer.of(0), leaf)) - 1;
  }

  root(): Buffer {
    return rootOf(this.#leaves);
  }

  /** Hashes that lead from a leaf to the root, lowest first. */
  proof(index: number): Buffer[] {
    return pathOf(this.#leaves, index);
  }
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  const split = splitOf(leaves.length);
  return hash(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

function pathOf(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...pathOf(leaves.slice(0, split), index), rootOf(leaves.slice(split))]
    : [...pathOf(leaves.slice(split), index - split), rootOf(leaves.slice(0, split))];
}

/** The largest power of two below. */
function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function hash(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
