import type { ChangeInner } from './change-json.ts';
import type { Random } from './random.ts';

/** An item of CBOR (RFC 8949): its head, and the items or bytes in it. */
interface Node {
  major: number;
  argument: bigint;
  /** items of lists, names and values of maps, what is tagged */
  children: Node[];
  /** of strings */
  bytes: Buffer;
  /** the head as it is written, where that is not the shortest */
  head?: Buffer;
}

interface Read {
  readonly node: Node;
  readonly end: number;
}

function parse(bytes: Buffer, at: number, depth = 0): Read | undefined {
  if (depth > 200) return undefined;
  const first = bytes[at];
  if (first === undefined) return undefined;
  const [major, short] = [first >> 5, first & 0x1f];
  const count = short < 24 ? 0 : 1 << (short - 24);
  if (short > 27 || at + 1 + count > bytes.length) return undefined;
  const argument = count === 0 ? BigInt(short) : BigInt(`0x${bytes.toString('hex', at + 1, at + 1 + count)}`);
  let end = at + 1 + count;
  const node: Node = { major, argument, children: [], bytes: Buffer.alloc(0) };
  if (major === 2 || major === 3) {
    node.bytes = bytes.subarray(end, end + Number(argument));
    return { node, end: end + Number(argument) };
  }
  const items = major === 4 ? argument : major === 5 ? argument * 2n : major === 6 ? 1n : 0n;
  if (items > BigInt(bytes.length)) return undefined;
  for (let item = 0n; item < items; item += 1n) {
    const read = parse(bytes, end, depth + 1);
    if (read === undefined) return undefined;
    node.children.push(read.node);
    end = read.end;
  }
  return { node, end };
}

function head(
  major: number,
  argument: bigint,
  length = argument < 24n ? 0 : argument < 256n ? 1 : argument < 65_536n ? 2 : argument < 2n ** 32n ? 4 : 8,
): Buffer {
  if (length === 0) return Buffer.of((major << 5) | Number(argument & 0x1fn));
  const bytes = Buffer.from(
    BigInt.asUintN(length * 8, argument)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.of((major << 5) | (24 + Math.log2(length))), bytes]);
}

function write(node: Node): Buffer {
  const { major, children, bytes } = node;
  const size =
    major === 2 || major === 3
      ? bytes.length
      : major === 4
        ? children.length
        : major === 5
          ? Math.floor(children.length / 2)
          : undefined;
  const argument = size === undefined ? node.argument : BigInt(size);
  return Buffer.concat([node.head ?? head(major, argument), bytes, ...children.map(write)]);
}

function all(node: Node): Node[] {
  return [node, ...node.children.flatMap(all)];
}

type Change = (nodes: Node[], random: Random, others: readonly Node[], inner: ChangeInner) => void;

/** A string within keeps its form, and what it holds says something else. */
function changeInside(nodes: Node[], random: Random, _: readonly Node[], inner: ChangeInner): void {
  const node = random.pick(nodes.filter(({ bytes }) => bytes.length > 0));
  if (node !== undefined) node.bytes = inner(node.bytes, random, node.bytes);
}

const changes: readonly Change[] = [
  changeInside,
  changeInside,
  changeInside,
  (nodes, random) => {
    const node = random.pick(nodes);
    node.head = head(
      node.major,
      BigInt(node.bytes.length || node.children.length) || node.argument,
      random.pick([1, 2, 4, 8]),
    );
  },
  (nodes, random) => {
    const node = random.pick(nodes);
    node.head = head(
      node.major,
      random.pick([0n, 1n, 255n, 65_535n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 64n - 1n]),
    );
  },
  (nodes, random) => void (random.pick(nodes).head = Buffer.of((random.below(8) << 5) | 31)),
  (nodes, random) => void (random.pick(nodes).major = random.below(8)),
  (nodes, random) => {
    const node = random.pick(nodes.filter(({ bytes }) => bytes.length > 0));
    if (node) node.bytes = edgeOf(node, random);
  },
  function changeItems(nodes, random) {
    const { children } = random.pick(nodes.filter((node) => node.children.length > 0)) ?? { children: [] };
    const at = random.below(children.length);
    const again = children
      .slice(at, at + 2)
      .map((node) => structuredClone(node))
      .map(revive);
    children.splice(at, random.pick([0, 1, 2]), ...(random.chance(0.5) ? again : []));
  },
  function swapItems(nodes, random) {
    const { children } = random.pick(nodes.filter((node) => node.children.length > 1)) ?? { children: [] };
    children.reverse();
  },
  function takeFromOther(nodes, random, others) {
    const node = random.pick(nodes);
    const like = others.filter(({ major }) => major === node.major);
    Object.assign(node, revive(structuredClone(random.pick(like.length > 0 ? like : others))));
  },
  function nest(nodes, random) {
    const node = random.pick(nodes);
    const depth = random.pick([2, 100, 3000, 60_000]);
    node.head = Buffer.alloc(depth, random.pick([0x81, 0xc1, 0xd2, 0x9f]));
  },
  (nodes, random) =>
    Object.assign(random.pick(nodes), {
      major: 7,
      argument: BigInt(random.below(32)),
      children: [],
      bytes: Buffer.alloc(0),
    }),
];

function edgeOf(node: Node, random: Random): Buffer {
  return random.pick([
    Buffer.alloc(0),
    Buffer.alloc(5000, 0x41),
    node.bytes.subarray(1),
    Buffer.concat([node.bytes, Buffer.of(0)]),
  ]);
}

/** Cloning makes plain arrays of bytes. */
function revive(node: Node): Node {
  node.bytes = Buffer.from(node.bytes);
  if (node.head !== undefined) node.head = Buffer.from(node.head);
  node.children.forEach(revive);
  return node;
}

/** One change of a CBOR document that knows its structure; undefined: it is none. */
export function changeCbor(
  bytes: Buffer,
  random: Random,
  other: Buffer,
  inner: ChangeInner,
): Buffer | undefined {
  const read = parse(bytes, 0);
  if (read === undefined || read.end !== bytes.length) return undefined;
  const otherRead = parse(other, 0);
  random.pick(changes)(all(read.node), random, all(otherRead?.node ?? structuredClone(read.node)), inner);
  return write(read.node);
}
