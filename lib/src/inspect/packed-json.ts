import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** JSON as zstd: the form in which inventories leave the process that made them, and are stored. */
export function packInventory(value: unknown): Buffer {
  return zstdCompressSync(JSON.stringify(value));
}

/**
 * What packInventory was given.
 * @param limit bytes of the longest JSON
 * @throws Error where it is longer, or is none
 */
export function unpackInventory(bytes: Uint8Array, limit: number): unknown {
  return JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: limit }).toString('utf8'));
}
