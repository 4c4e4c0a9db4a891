import type { Random } from './random.ts';

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** Bytes at which readers of lengths, signs and texts turn. */
const edges = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, 0x0a, 0x20, 0x22, 0x30, 0x5c, 0x7b];

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  if (changed.length > 0) changed[at] = value;
  return changed;
}

function splice(bytes: Buffer, at: number, cut: number, ...put: readonly Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), ...put, bytes.subarray(at + cut)]);
}

const changes: readonly Change[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    return withByte(bytes, at, bytes[at]! ^ (1 << random.below(8)));
  },
  (bytes, random) => withByte(bytes, random.below(bytes.length), random.below(256)),
  (bytes, random) => withByte(bytes, random.below(bytes.length), random.pick(edges)),
  function increment(bytes, random) {
    const at = random.below(bytes.length);
    return withByte(bytes, at, bytes[at]! + random.pick([-1, 1]));
  },
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, random.bytes(1 + random.below(16))),
  (bytes, random) => splice(bytes, random.below(bytes.length), 1 + random.below(40)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  function doubleBlock(bytes, random) {
    const at = random.below(bytes.length);
    const block = bytes.subarray(at, at + 1 + random.below(64));
    return splice(bytes, at, 0, block);
  },
  function swapBlocks(bytes, random) {
    const length = 1 + random.below(32);
    const [first, second] = [random.below(bytes.length), random.below(bytes.length)].sort((a, b) => a - b);
    if (second! - first! < length) return bytes;
    const [left, right] = [first!, second!].map((at) => Buffer.from(bytes.subarray(at, at + length)));
    return splice(splice(bytes, first!, length, right!), second!, right!.length, left!);
  },
  function repeatByte(bytes, random) {
    const at = random.below(bytes.length + 1);
    return splice(
      bytes,
      at,
      0,
      Buffer.alloc(random.pick([100, 3000, 70_000]), random.pick([...edges, bytes[at] ?? 0])),
    );
  },
  function beginningOfOne(bytes, random, other) {
    const at = random.below(Math.min(bytes.length, other.length));
    return splice(bytes, at, bytes.length, other.subarray(at));
  },
  function partOfOther(bytes, random, other) {
    const from = random.below(other.length);
    const part = other.subarray(from, from + 1 + random.below(200));
    return splice(bytes, random.below(bytes.length + 1), random.pick([0, part.length]), part);
  },
  (bytes, random, other) => splice(bytes, bytes.length, 0, random.pick([other, bytes])),
];

/** One change of bytes of which nothing is known. */
export function changeBytes(bytes: Buffer, random: Random, other: Buffer): Buffer {
  return random.pick(changes)(bytes, random, other);
}
