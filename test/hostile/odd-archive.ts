import { endMarker, entryBlocks, paxBody } from '@wharfinger/lib/inspect/layer-fixture';
import type { Random } from '../fuzz/random.ts';

const keys =
  'path linkpath size mtime uid gname comment SCHILY.xattr.user.a SCHILY.xattr.security.capability GNU.sparse.map GNU.sparse.major GNU.sparse.minor GNU.sparse.name GNU.sparse.realsize GNU.sparse.size GNU.sparse.numblocks GNU.sparse.offset GNU.sparse.numbytes'.split(
    ' ',
  );
const values = [
  '',
  '0',
  '1',
  '3',
  '00',
  '512',
  '600',
  '1024',
  'p/q',
  'p/',
  'é',
  '0,3',
  '0,512',
  '1,2,600,0',
  'x',
  '-1',
  '1.5',
  ' 3',
  '+3',
  '9007199254740993',
];
const names = [
  'a',
  'b/',
  'var/lib/dpkg/status',
  './x',
  'é',
  Buffer.of(0x61, 0xe9),
  'n'.repeat(100),
  '',
  'z/z/',
];
const longNames = ['\0', '', 'long/name\0', 'long/name', 'long/\0', 'l/\0x', 'é\0', `${'n'.repeat(300)}\0`];
const flags = '0 0 0 1 2 3 5 6 7 S S Z \0 \0 \0'.split(' ');

type Records = ReadonlyArray<readonly [key: string, value: string]>;

/** A record of a pax header, whose number is one as a rule. */
function record(random: Random): readonly [key: string, value: string] {
  const key = random.pick(keys);
  const isNumber = /^(?:size|mtime|uid)$/.test(key) && random.chance(0.9);
  return [key, random.pick(isNumber ? ['', '0', '3', '512', '600'] : values)];
}

/** A number in base 256: whole, negative, or of 64 bits and more. */
function binary(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const kind = random.below(5);
  if (kind === 0) bytes.fill(0xff);
  bytes[0] = kind === 0 ? 0xff : random.pick([0x80, 0x80, 0x80, 0xc0, 0xbf]);
  if (kind > 1) bytes[length - 1] = random.pick([0, 1, 3, 0xfe]);
  if (kind > 3)
    bytes[length - random.pick([7, 8, 9].filter((at) => at < length))] = random.pick([1, 0x20, 0x80]);
  return bytes;
}

function octal(random: Random, length: number): string {
  const digits = random.pick([0, 1, 3, 10, 512, 600]).toString(8);
  return random.pick([
    `${digits.padStart(length - 1, '0')}\0`,
    `${digits} `,
    ` ${digits}\0`,
    digits,
    '\0',
    `${digits}\x008`,
  ]);
}

/** Where numbers stand in a header, and how long they are: mode, uid, size, time, device, and the two times of GNU and of star. */
const numbers = [
  [100, 8],
  [108, 8],
  [124, 12],
  [136, 12],
  [329, 8],
  [337, 8],
  [345, 12],
  [357, 12],
  [476, 12],
  [488, 12],
] as const;

/** Changes a header once, or leaves it as it is. */
function editOnce(header: Buffer, random: Random): void {
  const odd = (): number => random.pick([0x20, 0, 0x37, 0x39, 0x2d, 0x80, 0xff]);
  const [at, length] = random.pick(numbers);
  const changes: ReadonlyArray<() => unknown> = [
    ...Array.from({ length: 3 }, () => () => undefined),
    () => header.write('ustar  \0', 257, 'latin1'),
    () => header.write('ustar  \0pref', 257, 'latin1') && header.write('pref', 345, 'latin1'),
    () => header.fill(0, 257, 265),
    () => header.write('prefix/dir', 345, 'latin1'),
    () => header.write('pré/dir', 345, random.pick(['latin1', 'utf8'])),
    () => header.write('prefix/dir', 345, 'latin1') && header.write('tar\0', 508, 'latin1'),
    () => header.fill('p', 345, 500),
    () => (header[100 + random.below(50)] = odd()),
    () => (header[329 + random.below(16)] = odd()),
    () => (header[345 + random.below(167)] = odd()),
    () => (header[random.below(500)] = random.below(256)),
    () => binary(random, length).copy(header, at),
    () => header.write(octal(random, length), at, 'latin1'),
  ];
  random.pick(changes)();
}

function edit(header: Buffer, random: Random): void {
  for (let left = random.below(3); left > 0; left -= 1) editOnce(header, random);
}

/** Records of which many describe a sparse file, more or less as they should. */
function sparseRecords(random: Random, size: number): Records {
  const real: Records = random.pick<Records>([
    [['GNU.sparse.size', String(size)]],
    [['GNU.sparse.realsize', String(size)]],
    [
      ['GNU.sparse.size', String(size)],
      ['GNU.sparse.realsize', random.pick(values)],
    ],
    [],
  ]);
  const kept: Records = random.chance(0.5) ? [['GNU.sparse.name', random.pick(['real', 'p/', ''])]] : [];
  const forms: readonly Records[] = [
    [
      ['GNU.sparse.numblocks', '1'],
      ['GNU.sparse.offset', '0'],
      ['GNU.sparse.numbytes', '3'],
    ],
    [
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', '0,1,5,2'],
    ],
    [
      ['GNU.sparse.numblocks', '0'],
      ['GNU.sparse.map', ''],
      ['GNU.sparse.major', '0'],
      ['GNU.sparse.minor', random.pick(['0', '1'])],
    ],
    [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
    ],
  ];
  const records = [...real, ...kept, ...random.pick(forms)];
  return records.filter(() => random.chance(0.97));
}

const maps = ['0\n', '1\n0\n3\n', '2\n0\n1\n5\n2\n', '1\n2\n-1\n', '1\n0\n', '\n', '1 \n0\n3\n'];

/** The content of a file behind a map, as the newest of the sparse forms of pax has it. */
function mapped(random: Random): Buffer {
  const map = Buffer.alloc(512);
  map.write(random.pick(maps), 'latin1');
  return Buffer.concat([map, Buffer.from(random.pick(['', 'abc', 'abc', 'abcd']))]);
}

/** A header of the old sparse form, with blocks behind it that carry more of its map. */
function oldSparse(random: Random): Buffer {
  const number = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
  const stretches = random.pick([
    [],
    [[0, 3]],
    [
      [2, 1],
      [10, 2],
    ],
    [[0, 0]],
    [
      [5, 3],
      [4, 0],
    ],
  ]);
  const more = random.below(3);
  const blocks = entryBlocks({
    name: random.pick(names),
    flag: 'S',
    body: random.pick(['', 'abc', 'abc']),
    edit(header) {
      if (random.chance(0.9)) header.write('ustar  \0', 257, 'latin1');
      for (const [index, [offset, length]] of stretches.entries())
        header.write(`${number(offset!)}${number(length!)}`, 386 + index * 24, 'latin1');
      header[482] = more > 0 ? 1 : 0;
      header.write(number(random.pick([0, 3, 12, 100])), 483, 'latin1');
      if (random.chance(0.2)) edit(header, random);
    },
  });
  const extensions = Array.from({ length: more }, (_, index) => {
    const block = Buffer.alloc(512);
    if (random.chance(0.5)) block.write(`${number(50 + index)}${number(random.below(2))}`, 'latin1');
    block[504] = index + 1 < more ? 1 : 0;
    return block;
  });
  return Buffer.concat([blocks.subarray(0, 512), ...extensions, blocks.subarray(512)]);
}

/** A header that describes the entry behind it. */
function description(random: Random): Buffer {
  const flag = random.pick(['L', 'K', 'x', 'x', 'x', 'g']);
  const any = Array.from({ length: random.below(4) }, () => record(random));
  const records = random.chance(0.3)
    ? [...sparseRecords(random, random.pick([3, 7, 600])), ...any.slice(2)]
    : any;
  const body = flag === 'L' || flag === 'K' ? random.pick(longNames) : paxBody(records);
  const changed = random.chance(0.05) ? { edit: (header: Buffer) => edit(header, random) } : {};
  return entryBlocks({ name: 'x', flag, body, ...changed });
}

/** An entry behind headers that describe it, all of them odd. */
function entry(random: Random): Buffer {
  const parts = Array.from({ length: random.below(4) }, () => description(random));
  if (random.chance(0.1)) return Buffer.concat([...parts, oldSparse(random)]);
  const inner = entryBlocks({ name: 'inner', body: 'x' });
  const plain = Buffer.alloc(random.pick([3, 512, 600]), 'x');
  const flag = random.pick(flags);
  const isBare = '123456'.includes(flag) && random.chance(0.8);
  const body = isBare ? '' : random.pick<Buffer | string>([inner, '', '', 'abc', plain, mapped(random)]);
  const last = { name: random.pick(names), flag, body, link: random.pick(['', 't', 'é', '/t/']) };
  return Buffer.concat([...parts, entryBlocks({ ...last, edit: (header) => edit(header, random) })]);
}

/** A short archive that a writer of tar would not make, such as readers may differ on. */
export function oddArchive(random: Random): Buffer {
  const first = Array.from({ length: 1 + random.below(3) }, () => entry(random));
  const second = random.chance(0.03) ? [endMarker, entry(random)] : [];
  return Buffer.concat([...first, ...second, entryBlocks({ name: 'last', body: 'end' }), endMarker]);
}
