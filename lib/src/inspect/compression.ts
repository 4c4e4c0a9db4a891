import { createGunzip, createZstdDecompress, constants } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { Compression, ProblemCode } from './inventory.ts';
import type { LayerLimits } from './limits.ts';

/** Large pieces, and room for some, so that the thread that unpacks and the one that reads work at the same time. */
const chunkSize = 512 * 1024;
const readAhead = 2 * chunkSize;

/** How bytes are wrapped. `foreign` names a compression that engines unpack and Wharfinger does not. */
export interface Wrapping {
  readonly compression: Compression;
  readonly foreign?: string;
}

/** Tells the compression from the first bytes; at least 6 are needed where the blob has them. */
export function detectCompression(head: Buffer): Wrapping {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8)
    return { compression: 'gzip' };
  if (head.length >= 4) {
    const magic = head.readUInt32LE(0);
    // A zstd frame, or a skippable frame before one (RFC 8878, sections 3.1.1 and 3.1.2).
    if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) return { compression: 'zstd' };
  }
  if (head.toString('latin1', 0, 3) === 'BZh') return { compression: 'none', foreign: 'bzip2' };
  if (head.toString('latin1', 0, 6) === '\xfd7zXZ\0') return { compression: 'none', foreign: 'xz' };
  return { compression: 'none' };
}

/** A stream that unpacks, with the memory that a frame may ask for bounded. */
export function createDecompressor(
  compression: 'gzip' | 'zstd',
  limits: LayerLimits,
): Transform & { readonly bytesWritten: number } {
  const common = { chunkSize, readableHighWaterMark: readAhead };
  if (compression === 'gzip') return createGunzip(common);
  return createZstdDecompress({ ...common, params: { [constants.ZSTD_d_windowLogMax]: limits.zstdWindow } });
}

/** What a failure of the decompressor says about the layer. */
export function describeFailure(error: unknown): { code: ProblemCode; message: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return { code: 'truncated', message: 'the compressed bytes end too early' };
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return { code: 'too-large', message: 'it asks for more memory than a layer may' };
  }
  return { code: 'corrupt', message: `it cannot be unpacked (${code || 'unknown error'})` };
}
