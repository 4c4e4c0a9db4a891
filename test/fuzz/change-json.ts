import type { Random } from './random.ts';

/** JSON as it is written: a name may stand twice, and a number be one that no double holds. */
type Node =
  | { readonly kind: 'object'; members: Array<[name: string, value: Node]> }
  | { readonly kind: 'list'; items: Node[] }
  | { readonly kind: 'text'; text: string }
  | { readonly kind: 'raw'; raw: string };

/** Where a node stands, and how to put another into its place. */
interface Place {
  readonly node: Node;
  readonly parent: Node | undefined;
  readonly index: number;
  readonly path: string;
}

/** Changes the bytes that are written as text within a document. */
export type ChangeInner = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const numbers = [
  '0',
  '-1',
  '-0',
  '1.5',
  '1e400',
  '-1e400',
  '9007199254740993',
  '18446744073709551616',
  '1e-400',
];
const texts = [
  '',
  '\u0000',
  '\ud800',
  'é',
  'e\u0301',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  '\ufeff',
  '0',
  '-1',
  'null',
  '1e9',
  '9999-12-31T23:59:60Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  '../../etc/passwd',
  'a'.repeat(20_000),
  '%00',
  'İ',
  'ſ',
];

/** Deeper documents are changed as bytes. */
const deepest = 200;

function fromValue(value: unknown, depth = 0): Node {
  if (depth > deepest) throw new RangeError('too deep to be taken apart');
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => fromValue(item, depth + 1)) };
  if (typeof value === 'object' && value !== null)
    return {
      kind: 'object',
      members: Object.entries(value).map(([name, inner]) => [name, fromValue(inner, depth + 1)]),
    };
  return { kind: 'raw', raw: JSON.stringify(value) };
}

function write(node: Node, space: string): string {
  if (node.kind === 'text') return JSON.stringify(node.text);
  if (node.kind === 'raw') return node.raw;
  if (node.kind === 'list') return `[${node.items.map((item) => write(item, space)).join(`,${space}`)}]`;
  const members = node.members.map(
    ([name, value]) => `${JSON.stringify(name)}:${space}${write(value, space)}`,
  );
  return `{${members.join(`,${space}`)}}`;
}

function placesOf(node: Node): Place[] {
  const places: Place[] = [{ node, parent: undefined, index: 0, path: '' }];
  for (let at = 0; at < places.length && places.length < 20_000; at += 1) {
    const { node: parent, path } = places[at]!;
    if (parent.kind === 'list')
      parent.items.forEach((item, index) => places.push({ node: item, parent, index, path: `${path}/*` }));
    if (parent.kind === 'object')
      parent.members.forEach(([name, value], index) =>
        places.push({ node: value, parent, index, path: `${path}/${name}` }),
      );
  }
  return places;
}

function put({ parent, index }: Place, node: Node): Node | undefined {
  if (parent?.kind === 'list') parent.items[index] = node;
  else if (parent?.kind === 'object') parent.members[index]![1] = node;
  else return node;
  return undefined;
}

function nested(depth: number, random: Random): Node {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ]);
  return { kind: 'raw', raw: `${open.repeat(depth)}0${close.repeat(depth)}` };
}

function anyNode(random: Random): Node {
  const made: ReadonlyArray<() => Node> = [
    () => ({ kind: 'raw', raw: random.pick(['null', 'true', 'false']) }),
    () => ({ kind: 'raw', raw: random.pick(numbers) }),
    () => ({ kind: 'text', text: random.pick(texts) }),
    () => ({ kind: 'list', items: [] }),
    () => ({ kind: 'object', members: [] }),
    () => ({
      kind: 'list',
      items: Array.from({ length: random.pick([2, 200, 5000]) }, () => ({ kind: 'raw', raw: '0' }) as const),
    }),
    () => nested(random.pick([3, 100, 2000, 60_000]), random),
    () => ({ kind: 'object', members: [[random.pick(texts), { kind: 'raw', raw: '1' }]] }),
  ];
  return random.pick(made)();
}

/** Another spelling of the same base64, or of nearly the same. */
const spellings: ReadonlyArray<(text: string, random: Random) => string> = [
  (text) => text.replaceAll('+', '-').replaceAll('/', '_'),
  (text) => text.replace(/=+$/, ''),
  (text) => `${text}=`,
  (text) => `${text}\n`,
  (text) => ` ${text}`,
  (text) => text.replace(/.{64}/g, '$&\n'),
  (text, random) => `${text.slice(0, -1)}${'ABCDEFGHgw048='.charAt(random.below(14))}`,
  (text, random) =>
    text.replace(/[A-Za-z0-9+/](=*)$/, (_, end: string) => `${'BRZhpx159'.charAt(random.below(9))}${end}`),
  (text) => `${text}${text}`,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
];

function changeText(text: string, random: Random, other: string, inner: ChangeInner): string {
  const isBase64 = text.length >= 8 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  if (isBase64 && random.chance(0.6)) {
    const code =
      text.includes('-') || text.includes('_') || !text.endsWith('=')
        ? random.pick(['base64', 'base64url'] as const)
        : 'base64';
    return inner(Buffer.from(text, code), random, Buffer.from(other, code)).toString(code);
  }
  if (isBase64 && random.chance(0.4)) return random.pick(spellings)(text, random);
  if (/^\s*[[{]|^-----BEGIN|\n/.test(text) && random.chance(0.7))
    return inner(Buffer.from(text), random, Buffer.from(other)).toString();
  const at = random.below(text.length + 1);
  const cut = random.below(3);
  return (
    text.slice(0, at) +
    random.pick([...texts, other, text.at(-1) ?? '', String(random.below(10))]) +
    text.slice(at + cut)
  );
}

/** One character becomes another of its kind: the text keeps its form and says something else. */
function changeCharacter(text: string, random: Random): string {
  const at = random.below(text.length);
  const kind = ['0123456789', 'abcdef', 'ghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((one) =>
    one.includes(text.charAt(at)),
  );
  if (kind === undefined) return text;
  return text.slice(0, at) + kind.charAt(random.below(kind.length)) + text.slice(at + 1);
}

/** The document in a text, by how it is written there; undefined: it holds none. */
function documentIn(text: string): { bytes: Buffer; code: BufferEncoding } | undefined {
  if (/^\s*\{/.test(text)) return { bytes: Buffer.from(text), code: 'utf8' };
  for (const code of ['base64', 'base64url'] as const) {
    const bytes = Buffer.from(text, code);
    if (bytes[0] === 0x7b && bytes.toString(code) === text) return { bytes, code };
  }
  return undefined;
}

const isText = ({ node }: Place): boolean => node.kind === 'text' && node.text !== '';

/** One text, however deep in documents within the document, keeps its form and says something else. */
function gently(places: Place[], random: Random): Node | undefined {
  const place = random.pick(places.filter(isText));
  if (place?.node.kind !== 'text') return undefined;
  const { text } = place.node;
  const inside = documentIn(text);
  const root = inside && parse(inside.bytes);
  if (!inside || !root) return put(place, { kind: 'text', text: changeCharacter(text, random) });
  const changed = gently(placesOf(root), random) ?? root;
  return put(place, { kind: 'text', text: Buffer.from(write(changed, '')).toString(inside.code) });
}

/** One text is that of the other document, from the same place. */
function textOfOther(places: Place[], random: Random, others: Place[]): Node | undefined {
  const place = random.pick(places.filter(isText));
  if (place === undefined) return undefined;
  const same = others.filter((one) => one.path === place.path && isText(one));
  return same.length === 0 ? undefined : put(place, structuredClone(random.pick(same).node));
}

type Change = (places: Place[], random: Random, others: Place[], inner: ChangeInner) => Node | undefined;

const objectsOf = (places: Place[]) =>
  places.flatMap(({ node }) => (node.kind === 'object' && node.members.length > 0 ? [node] : []));
const listsOf = (places: Place[]) =>
  places.flatMap(({ node }) => (node.kind === 'list' && node.items.length > 0 ? [node] : []));

const changes: readonly Change[] = [
  gently,
  gently,
  gently,
  textOfOther,
  textOfOther,
  (places, random) => put(random.pick(places), anyNode(random)),
  function editText(places, random, others, inner) {
    const place = random.pick(places.filter(({ node }) => node.kind === 'text'));
    if (place?.node.kind !== 'text') return undefined;
    const like = others.find(({ node, path }) => node.kind === 'text' && path === place.path)?.node;
    const other = like?.kind === 'text' ? like.text : '';
    return put(place, { kind: 'text', text: changeText(place.node.text, random, other, inner) });
  },
  function takeFromOther(places, random, others) {
    const place = random.pick(places);
    const same = others.filter(({ path }) => path === place.path);
    return put(place, structuredClone(random.pick(same.length > 0 ? same : others).node));
  },
  function swapValues(places, random) {
    const [left, right] = [random.pick(places), random.pick(places)];
    const inOneAnother = left.path.startsWith(right.path) || right.path.startsWith(left.path);
    if (inOneAnother) return put(left, anyNode(random));
    put(left, right.node);
    return put(right, left.node);
  },
  function dropMember(places, random) {
    const object = random.pick(objectsOf(places));
    object?.members.splice(random.below(object.members.length), 1);
    return undefined;
  },
  function nameTwice(places, random, others) {
    const object = random.pick(objectsOf(places));
    if (object === undefined) return undefined;
    const [name, value] = random.pick(object.members);
    const second = random.pick([value, anyNode(random), structuredClone(random.pick(others).node)]);
    object.members.splice(random.below(object.members.length + 1), 0, [name, second]);
    return undefined;
  },
  function rename(places, random) {
    const member = random.pick(objectsOf(places).flatMap(({ members }) => members));
    if (member === undefined) return undefined;
    const [name] = member;
    member[0] = random.pick([
      name.toUpperCase(),
      `${name} `,
      name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
      ...texts,
    ]);
    return undefined;
  },
  function addMember(places, random) {
    const object = random.pick(objectsOf(places));
    object?.members.splice(random.below(object.members.length + 1), 0, [random.pick(texts), anyNode(random)]);
    return undefined;
  },
  function changeOrder(places, random) {
    random.pick(objectsOf(places))?.members.reverse();
    return undefined;
  },
  function changeItems(places, random, others) {
    const list = random.pick(listsOf(places));
    if (list === undefined) return undefined;
    const at = random.below(list.items.length);
    const item = random.pick([list.items[at]!, anyNode(random), structuredClone(random.pick(others).node)]);
    list.items.splice(at, random.pick([0, 1]), ...(random.chance(0.3) ? [] : [item]));
    if (random.chance(0.2)) list.items.reverse();
    return undefined;
  },
  function wrap(places, random) {
    const place = random.pick(places);
    const inside = structuredClone(place.node);
    return put(
      place,
      random.pick<Node>([
        { kind: 'list', items: [inside] },
        { kind: 'object', members: [['value', inside]] },
      ]),
    );
  },
];

function parse(bytes: Buffer): Node | undefined {
  try {
    return fromValue(JSON.parse(bytes.toString()) as unknown);
  } catch {
    return undefined;
  }
}

/** One change of a JSON document that knows its structure; undefined: it is none. */
export function changeJson(
  bytes: Buffer,
  random: Random,
  other: Buffer,
  inner: ChangeInner,
): Buffer | undefined {
  const root = parse(bytes);
  if (root === undefined) return undefined;
  const places = placesOf(root);
  const otherRoot = parse(other);
  const others = otherRoot === undefined ? places : placesOf(otherRoot);
  const changed = random.pick(changes)(places, random, others, inner) ?? root;
  return Buffer.from(write(changed, random.pick(['', '', '', ' ', '\n\t'])));
}
