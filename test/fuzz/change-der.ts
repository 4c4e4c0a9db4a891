import type { Random } from './random.ts';
import type { ChangeInner } from './change-json.ts';

/** A value of ASN.1 in DER (X.690): its first byte, and what is in it. */
interface Node {
  tag: number;
  /** of constructed values, and of strings that hold values */
  children: Node[] | undefined;
  content: Buffer;
  /** another way to write its length than DER has it */
  length?: (length: number) => Buffer;
}

function parse(bytes: Buffer, depth = 0): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, first] = [bytes[at]!, bytes[at + 1]];
    if (first === undefined || first === 0x80 || first > 0x84 || (tag & 0x1f) === 0x1f || depth > 40)
      return undefined;
    const count = first & 0x80 ? first & 0x7f : 0;
    if (at + 2 + count > bytes.length) return undefined;
    const length = count === 0 ? first : bytes.readUIntBE(at + 2, count);
    const start = at + 2 + count;
    if (start + length > bytes.length) return undefined;
    const content = bytes.subarray(start, start + length);
    // octet strings of extensions and tokens hold values themselves
    const holds = (tag & 0x20) !== 0 || (tag === 0x04 && length > 2);
    nodes.push({ tag, content, children: holds ? parse(content, depth + 1) : undefined });
    at = start + length;
  }
  return nodes;
}

function shortest(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function write({ tag, children, content, length = shortest }: Node): Buffer {
  const inside = children === undefined ? content : Buffer.concat(children.map(write));
  return Buffer.concat([Buffer.of(tag), length(inside.length), inside]);
}

function copyOf({ tag, children, content }: Node): Node {
  return { tag, content, children: children?.map(copyOf) };
}

function all(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...all(node.children ?? [])]);
}

const big = (first: number, rest: number) => () =>
  Buffer.concat([Buffer.of(first), Buffer.alloc(rest, 0xff)]);

/** Lengths that are wrong, endless, or longer than they need to be. */
const lengths: ReadonlyArray<(length: number) => Buffer> = [
  (length) => shortest(length + 1),
  (length) => shortest(Math.max(0, length - 1)),
  () => Buffer.of(0),
  () => Buffer.of(0x80),
  () => Buffer.of(0xff),
  big(0x84, 4),
  big(0x88, 8),
  (length) => Buffer.of(0x84, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff),
  (length) => Buffer.of(0x81, length & 0xff),
];

const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x1f, 0x24, 0x30, 0x31, 0x80,
  0xa0, 0xa1, 0xa3,
];

type Change = (nodes: Node[], random: Random, others: readonly Node[], inner: ChangeInner) => void;

function setContent(node: Node, content: Buffer): void {
  node.content = content;
  node.children = undefined;
}

function flipBit(nodes: Node[], random: Random): void {
  const node = random.pick(
    nodes.filter(({ children, content }) => children === undefined && content.length > 0),
  );
  if (node === undefined) return;
  const content = Buffer.from(node.content);
  content[random.below(content.length)]! ^= 1 << random.below(8);
  setContent(node, content);
}

const changes: readonly Change[] = [
  flipBit,
  flipBit,
  (nodes, random) => void (random.pick(nodes).tag = random.pick(tags)),
  (nodes, random) => void (random.pick(nodes).length = random.pick(lengths)),
  (nodes, random, _, inner) => {
    const node = random.pick(nodes.filter(({ children }) => children === undefined));
    if (node) setContent(node, inner(node.content, random, node.content));
  },
  (nodes, random) =>
    setContent(
      random.pick(nodes),
      random.pick([Buffer.alloc(0), Buffer.of(0), Buffer.alloc(5000, 0x41), random.bytes(20)]),
    ),
  function dropOrDouble(nodes, random) {
    const children = random.pick(nodes.filter(({ children }) => (children?.length ?? 0) > 0))?.children;
    if (!children) return;
    const at = random.below(children.length);
    children.splice(at, random.pick([0, 1]), ...(random.chance(0.5) ? [children[at]!] : []));
  },
  function changeOrder(nodes, random) {
    const children = random.pick(nodes.filter(({ children }) => (children?.length ?? 0) > 1))?.children;
    if (!children) return;
    const at = random.below(children.length - 1);
    [children[at], children[at + 1]] = [children[at + 1]!, children[at]!];
  },
  function takeFromOther(nodes, random, others) {
    const node = random.pick(nodes);
    const like = others.filter(({ tag }) => tag === node.tag);
    Object.assign(node, copyOf(random.pick(like.length > 0 ? like : others)));
  },
  function swapValues(nodes, random) {
    const [first, second] = [random.pick(nodes), random.pick(nodes)];
    const [left, right] = [copyOf(first), copyOf(second)];
    Object.assign(first, right);
    Object.assign(second, left);
  },
  function nest(nodes, random) {
    const node = random.pick(nodes);
    const tag = random.pick([0x30, 0x31, 0xa0, 0x24]);
    let inside = write(node);
    for (let depth = random.pick([1, 30, 1500]); depth > 0; depth -= 1)
      inside = Buffer.concat([Buffer.of(tag), shortest(inside.length), inside]);
    setContent(node, inside);
  },
  (nodes, random) =>
    setContent(random.pick(nodes), Buffer.alloc(random.pick([200, 8000]) * 2, Buffer.of(0x30, 0x80))),
];

/** One change of a DER document that knows its structure, with all other lengths made right; undefined: it is none. */
export function changeDer(
  bytes: Buffer,
  random: Random,
  other: Buffer,
  inner: ChangeInner,
): Buffer | undefined {
  const roots = parse(bytes);
  if (roots === undefined || roots.length === 0) return undefined;
  const nodes = all(roots);
  const others = all(parse(other) ?? []);
  random.pick(changes)(nodes, random, others.length > 0 ? others : nodes, inner);
  return Buffer.concat(roots.map(write));
}
