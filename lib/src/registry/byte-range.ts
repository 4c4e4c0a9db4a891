import { WharfingerError } from '../errors.ts';
import type { ByteRange } from '../storage/send.ts';

const shape = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/;

function unsatisfiable(size: number): WharfingerError {
  return new WharfingerError('RANGE_INVALID', { what: `the blob has ${size} bytes` });
}

/**
 * Reads a Range header (RFC 9110, section 14). Several ranges, other units and what cannot be read are ignored, as the
 * RFC allows; a range that ends before it begins is refused, as the conformance suite of the specification wants.
 *
 * @returns undefined for the whole
 * @throws WharfingerError RANGE_INVALID for a range that has nothing of the content
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = header === undefined ? null : shape.exec(header);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Number(to);
    if (length === 0 || size === 0) throw unsatisfiable(size);
    return { start: Math.max(0, size - length), end: size };
  }
  const start = Number(from);
  const last = to === '' ? Infinity : Number(to);
  if (start >= size || last < start) throw unsatisfiable(size);
  return { start, end: Math.min(last + 1, size) };
}

/** Where a chunk of an upload lies: `first-last`, both included (distribution specification, "Pushing a blob in chunks"). */
export interface ChunkRange {
  readonly offset: number;
  /** bytes */
  readonly length: number;
}

const chunkShape = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/;

/**
 * Reads the Content-Range header of a chunk; the form of RFC 9110 is understood too.
 * @throws WharfingerError UPLOAD_INVALID
 */
export function parseChunkRange(header: string): ChunkRange {
  const match = chunkShape.exec(header.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || last < first) {
    throw new WharfingerError('UPLOAD_INVALID', {
      what: `the Content-Range ${JSON.stringify(header.slice(0, 100))} cannot be read`,
      remedy: 'write the first and the last byte of the chunk, such as 0-1023',
    });
  }
  return { offset: first, length: last - first + 1 };
}
