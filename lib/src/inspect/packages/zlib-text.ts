const headers: ReadonlySet<number> = new Set([0x01, 0x5e, 0x9c, 0xda]);
const brace = 0x7b;

/**
 * True if a zlib stream (RFC 1950) that may unpack to text in braces begins there: by its header and by its first block, which
 * bytes that are no such stream rarely look like. Needs 20 bytes.
 */
export function beginsText(bytes: Buffer, at: number): boolean {
  if (bytes[at] !== 0x78 || !headers.has(bytes[at + 1]!) || at + 20 > bytes.length) return false;
  const first = bytes[at + 2]!;
  const type = (first >> 1) & 3;
  if (type === 0) return bytes[at + 7] === brace && isStored(bytes, at + 3);
  if (type === 1) return bitsAt(bytes, at + 2, 3, 8) === reversedByte(0x30 + brace);
  return type === 2 && hasLengths(bytes, at + 2);
}

function isStored(bytes: Buffer, at: number): boolean {
  return (bytes.readUInt16LE(at) ^ bytes.readUInt16LE(at + 2)) === 0xffff;
}

/** The code of the lengths of codes must be complete. */
function hasLengths(bytes: Buffer, at: number): boolean {
  if (bitsAt(bytes, at, 3, 5) > 29 || bitsAt(bytes, at, 8, 5) > 29) return false;
  const given = bitsAt(bytes, at, 13, 4) + 4;
  let sum = 0;
  for (let index = 0; index < given; index += 1) {
    const length = bitsAt(bytes, at, 17 + index * 3, 3);
    if (length > 0) sum += 128 >> length;
  }
  return sum === 128;
}

function bitsAt(bytes: Buffer, at: number, bit: number, count: number): number {
  const byte = at + (bit >> 3);
  const pair = bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8);
  return (pair >> (bit & 7)) & ((1 << count) - 1);
}

function reversedByte(byte: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit += 1) result |= ((byte >> bit) & 1) << (7 - bit);
  return result;
}
