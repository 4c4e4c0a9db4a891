import { decodeName } from './name.ts';

/** Every header and every padding of a tar is made of blocks of this size. */
export const blockSize = 512;

/** One header block, as it stands: extended headers may replace its fields. */
export interface Header {
  /** type flag as a character */
  readonly flag: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  /** bytes that follow, without padding */
  readonly size: number;
}

/** Text of a field up to its first NUL. */
function field(block: Buffer, start: number, length: number): Buffer {
  const end = block.indexOf(0, start);
  return block.subarray(start, end < 0 || end > start + length ? start + length : end);
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

/**
 * A number of a header: octal text, or base-256 where the first bit is set.
 * @returns undefined where it is neither, negative, or more than 2^53 - 1
 */
export function parseNumber(block: Buffer, start: number, length: number): number | undefined {
  let at = start;
  let end = start + length;
  const first = block[start]!;
  let value = 0;
  if (first & 0x80) {
    if (first & 0x40) return undefined;
    value = first & 0x3f;
    for (at += 1; at < end; at += 1) value = value * 256 + block[at]!;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  while (at < end && isPadding(block[at])) at += 1;
  while (end > at && isPadding(block[end - 1])) end -= 1;
  for (; at < end; at += 1) {
    const byte = block[at]!;
    // A NUL in the middle ends the text, as in C.
    if (byte === 0) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/** True if all bytes of a block are zero: two of them end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < blockSize; at += 1) if (block[at] !== 0) return false;
  return true;
}

/** True if the block carries its own checksum, summed over unsigned or, as some old writers did, signed bytes. */
function hasChecksum(block: Buffer): boolean {
  const expected = parseNumber(block, 148, 8);
  if (expected === undefined) return false;
  let sum = 0;
  let high = 0;
  for (let at = 0; at < blockSize; at += 1) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    sum += byte;
    if (byte > 0x7f) high += 1;
  }
  return sum === expected || sum - high * 256 === expected;
}

/** True for a time of a GNU header that is left empty or is a number of 64 bits, which may lie before 1970. */
function isTime(block: Buffer, start: number): boolean {
  const first = block[start]!;
  if ((first & 0x80) === 0) return first === 0 || parseNumber(block, start, 12) !== undefined;
  const sign = first & 0x40 ? 0xff : 0;
  const fills = block.subarray(start + 1, start + 4).every((byte) => byte === sign);
  return fills && (first | 0x80) === (sign | 0x80) && (block[start + 4]! & 0x80) === (sign & 0x80);
}

const noBytes = Buffer.alloc(0);

/** The directory part of a name, which dialects keep in different places. */
function prefixOf(block: Buffer): Buffer {
  const magic = block.toString('latin1', 257, 265);
  if (magic.startsWith('ustar\0')) {
    const isStar = block.toString('latin1', 508, 512) === 'tar\0';
    return field(block, 345, isStar ? 131 : 155);
  }
  // Writers of Go before 1.8 put a prefix where GNU keeps times; the reader that engines use honours it.
  if (magic === 'ustar  \0' && !(isTime(block, 345) && isTime(block, 357))) {
    const prefix = field(block, 345, 155);
    return prefix.every((byte) => byte < 0x80) ? prefix : noBytes;
  }
  return noBytes;
}

/** The name of an entry, with its directory part. */
function nameOf(block: Buffer): string {
  const name = decodeName(field(block, 0, 100));
  const prefix = prefixOf(block);
  return prefix.length === 0 ? name : `${decodeName(prefix)}/${name}`;
}

/**
 * Reads a header block of ustar, pax, GNU, star or version 7.
 * @returns undefined where the checksum or a number is wrong
 */
export function parseHeader(block: Buffer): Header | undefined {
  if (!hasChecksum(block)) return undefined;
  const size = parseNumber(block, 124, 12);
  const mode = parseNumber(block, 100, 8);
  if (size === undefined || mode === undefined) return undefined;
  return {
    flag: String.fromCharCode(block[156]!),
    name: nameOf(block),
    linkName: decodeName(field(block, 157, 100)),
    mode,
    size,
  };
}
