/** A Huffman code of deflate (RFC 1951, 3.2.2), as it is read: with the first bit of a code lowest. */
export interface HuffmanCode {
  /** by the next 10 bits: symbol × 16 + length of its code; 0: the code is longer, or there is none */
  readonly short: Uint16Array;
  /** how many codes there are of each length */
  readonly counts: Uint16Array;
  /** in the order of their codes */
  readonly symbols: Uint16Array;
}

/** The two codes of a block. */
export interface Codes {
  readonly literals: HuffmanCode;
  readonly distances: HuffmanCode;
}

/** Gives bits, the lowest first; zeros behind the end. */
export interface BitSource {
  bits(count: number): number;
}

const shortBits = 10;
const longest = 15;

/**
 * Makes the code from the lengths of its symbols' codes, 0 for those that do not occur.
 * @returns undefined where the lengths are no complete code; a single symbol may have a bit of its own, no symbol none
 */
function makeCode(lengths: Uint8Array): HuffmanCode | undefined {
  const counts = new Uint16Array(longest + 1);
  for (const length of lengths) counts[length]! += 1;
  const used = lengths.length - counts[0]!;
  counts[0] = 0;
  let left = 1;
  for (let length = 1; length <= longest; length += 1) {
    left = left * 2 - counts[length]!;
    if (left < 0) return undefined;
  }
  if (left > 0 && used > 1) return undefined;

  const starts = new Uint16Array(longest + 2);
  const codes = new Uint16Array(longest + 2);
  for (let length = 1; length <= longest; length += 1) {
    starts[length + 1] = starts[length]! + counts[length]!;
    codes[length + 1] = (codes[length]! + counts[length]!) << 1;
  }
  const symbols = new Uint16Array(used);
  const short = new Uint16Array(1 << shortBits);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    symbols[starts[length]!] = symbol;
    starts[length]! += 1;
    const code = codes[length]!;
    codes[length]! += 1;
    if (length > shortBits) continue;
    for (let at = reversed(code, length); at < short.length; at += 1 << length) {
      short[at] = (symbol << 4) | length;
    }
  }
  return { short, counts, symbols };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit += 1) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

/** The symbol that the next 15 bits begin with, as symbol × 16 + length; 0: none. */
export function huffmanCode({ short, counts, symbols }: HuffmanCode, bits: number): number {
  const entry = short[bits & ((1 << shortBits) - 1)]!;
  if (entry !== 0) return entry;
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= longest; length += 1) {
    code |= (bits >>> (length - 1)) & 1;
    const count = counts[length]!;
    if (code - first < count) return (symbols[index + code - first]! << 4) | length;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}

/** In which order the lengths of the code of lengths stand. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Reads the codes that a block brings along; undefined where they are none. */
export function readCodes(source: BitSource): Codes | undefined {
  const literals = source.bits(5) + 257;
  const distances = source.bits(5) + 1;
  const given = source.bits(4) + 4;
  if (literals > 286 || distances > 30) return undefined;
  const own = new Uint8Array(19);
  for (let at = 0; at < given; at += 1) own[lengthOrder[at]!] = source.bits(3);
  const code = makeCode(own);
  if (code === undefined) return undefined;
  const lengths = new Uint8Array(literals + distances);
  for (let at = 0; at < lengths.length;) {
    const symbol = readSymbol(code, source);
    if (symbol === undefined) return undefined;
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    const times =
      symbol === 16 ? 3 + source.bits(2) : symbol === 17 ? 3 + source.bits(3) : 11 + source.bits(7);
    if (at + times > lengths.length || (symbol === 16 && at === 0)) return undefined;
    if (symbol === 16) lengths.fill(lengths[at - 1]!, at, at + times);
    at += times;
  }
  const first = makeCode(lengths.subarray(0, literals));
  const second = makeCode(lengths.subarray(literals));
  // Without an end of the block it would have none.
  if (first === undefined || second === undefined || lengths[256] === 0) return undefined;
  return { literals: first, distances: second };
}

/** Codes of lengths have up to seven bits, and are few: bit by bit is fast enough. */
function readSymbol({ counts, symbols }: HuffmanCode, source: BitSource): number | undefined {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= 7; length += 1) {
    code |= source.bits(1);
    const count = counts[length]!;
    if (code - first < count) return symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return undefined;
}

const fixedLengths = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);

/** Those of blocks that bring none along (RFC 1951, 3.2.6). */
export const fixedCodes: Codes = {
  literals: makeCode(fixedLengths)!,
  distances: makeCode(new Uint8Array(32).fill(5))!,
};
