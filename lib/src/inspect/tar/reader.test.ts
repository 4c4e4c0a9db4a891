import * as fc from 'fast-check';
import { packTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { endMarker, entryBlocks, paxBody, tarOf, type FixtureEntry } from '../layer-fixture.ts';
import { defaultLimits, type LayerLimits } from '../limits.ts';
import { TarReader, type TarEntry } from './reader.ts';

interface Seen extends TarEntry {
  readonly content: string;
  readonly whole: boolean | undefined;
}

/** Reads an archive in pieces; holes stand as their length. */
function read(bytes: Buffer, piece = 1000, limits: Partial<LayerLimits> = {}) {
  const seen: Seen[] = [];
  const problems: Array<{ code: string; hides: boolean }> = [];
  let second = 0;
  const reader = new TarReader(
    {
      entry(entry) {
        const parts: Buffer[] = [];
        const index = seen.push({ ...entry, content: '', whole: undefined }) - 1;
        return {
          data: (part) => void parts.push(Buffer.from(part)),
          hole: (length) => void parts.push(Buffer.from(`<${length}>`)),
          end: (whole) => {
            seen[index] = { ...entry, content: Buffer.concat(parts).toString('latin1'), whole };
          },
        };
      },
      problem: (code, _message, hides) => void problems.push({ code, hides }),
      secondArchive: () => void (second += 1),
    },
    { ...defaultLimits, ...limits },
  );
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  reader.end();
  return { seen, problems, second, clean: !problems.some(({ hides }) => hides) };
}

function names(bytes: Buffer): string[] {
  return read(bytes).seen.map(({ name }) => name);
}

const file: FixtureEntry = { name: 'a', body: 'content' };

describe('dialects', () => {
  it('reads ustar prefixes, links, devices and folders', () => {
    const found = read(
      tarOf(
        { ...file, edit: (header) => header.write('some/where', 345) },
        { name: 'l', flag: '2', link: 'a' },
        { name: 'h', flag: '1', link: 'a' },
        { name: 'dev', flag: '3' },
        { name: 'd/', flag: '5' },
        { name: 'old/', flag: '\0' },
      ),
    );
    expect(found.seen.map(({ name, type, linkName }) => [name, type, linkName])).toEqual([
      ['some/where/a', 'file', ''],
      ['l', 'symlink', 'a'],
      ['h', 'hardlink', 'a'],
      ['dev', 'special', ''],
      ['d/', 'directory', ''],
      ['old/', 'directory', ''],
    ]);
    expect(found.problems).toEqual([]);
  });

  it('reads pax paths, links and sizes, for one entry only', () => {
    const long = 'long/'.repeat(60);
    const body = paxBody([
      ['path', `${long}é`],
      ['linkpath', 'x'.repeat(150)],
      ['size', '7'],
    ]);
    const found = read(
      tarOf({ name: 'pax', flag: 'x', body }, { ...file, size: 0 }, { name: 'next', body: 'n' }),
    );
    expect(found.seen.map(({ name, content }) => [name, content])).toEqual([
      [`${long}é`, 'content'],
      ['next', 'n'],
    ]);
    expect(found.seen[0]!.linkName).toHaveLength(150);
    expect(found.problems).toEqual([]);
  });

  it('applies global pax headers, and says that engines do not where they move files', () => {
    const comment = tarOf({ name: 'g', flag: 'g', body: paxBody([['comment', 'x']]) }, file);
    expect(read(comment).problems).toEqual([]);
    const moving = read(tarOf({ name: 'g', flag: 'g', body: paxBody([['path', 'moved']]) }, file));
    expect(moving.seen[0]!.name).toBe('moved');
    expect(moving.clean).toBe(false);
  });

  it('reads GNU long names and links', () => {
    const long = 'n'.repeat(300);
    const found = read(
      tarOf(
        { name: '././@LongLink', flag: 'L', body: `${long}\0` },
        { name: '././@LongLink', flag: 'K', body: `${long}2\0` },
        { name: 'short', flag: '2', link: 'short' },
      ),
    );
    expect(found.seen.map(({ name, linkName }) => [name, linkName])).toEqual([[long, `${long}2`]]);
  });

  it('disregards a GNU long name or link that is empty, as engines do', () => {
    for (const body of ['', '\0', '\0x']) {
      const found = read(
        tarOf(
          { name: '././@LongLink', flag: 'L', body },
          { name: '././@LongLink', flag: 'K', body },
          { name: 'short', flag: '2', link: 'target' },
        ),
      );
      expect(found.seen.map(({ name, linkName }) => [name, linkName])).toEqual([['short', 'target']]);
    }
  });

  it('reads base-256 sizes and refuses negative or immense ones', () => {
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size[11] = 7;
    expect(read(tarOf({ ...file, size })).seen[0]!.content).toBe('content');
    for (const bad of [Buffer.alloc(12, 0xff), Buffer.from('80ffffffffffffffffffffff', 'hex')]) {
      expect(read(tarOf({ ...file, size: bad })).clean).toBe(false);
    }
  });

  it('reads old GNU sparse files with extension blocks', () => {
    const number = (value: number): string => value.toString(8).padStart(11, '0');
    const sparse = entryBlocks({
      name: 's',
      flag: 'S',
      body: 'AABB',
      edit: (header) => {
        header.write('ustar  \0', 257, 'latin1');
        header.write(`${number(10)}\0${number(2)}\0`, 386, 'latin1');
        header[482] = 1;
        header.write(`${number(100)}\0`, 483, 'latin1');
      },
    });
    const extension = Buffer.alloc(512);
    extension.write(`${number(50)}\0${number(2)}\0`, 0, 'latin1');
    const bytes = Buffer.concat([sparse.subarray(0, 512), extension, sparse.subarray(512), tarOf(file)]);
    const found = read(bytes, 7);
    expect(found.seen.map(({ size, content }) => [size, content])).toEqual([
      [100, '<10>AA<38>BB<48>'],
      [7, 'content'],
    ]);
    expect(found.problems).toEqual([]);
  });

  it('reads the three pax forms of sparse files', () => {
    const zero = paxBody([
      ['GNU.sparse.size', '20'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.offset', '2'],
      ['GNU.sparse.numbytes', '1'],
      ['GNU.sparse.offset', '10'],
      ['GNU.sparse.numbytes', '1'],
    ]);
    const one = paxBody([
      ['GNU.sparse.size', '20'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', '2,1,10,1'],
    ]);
    const map = Buffer.alloc(512);
    map.write('2\n2\n1\n10\n1\n');
    const newest = paxBody([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'real'],
      ['GNU.sparse.realsize', '20'],
    ]);
    for (const [records, body] of [
      [zero, Buffer.from('AB')],
      [one, Buffer.from('AB')],
      [newest, Buffer.concat([map, Buffer.from('AB')])],
    ] as const) {
      const found = read(tarOf({ name: 'x', flag: 'x', body: records }, { name: 'real', body }), 100);
      expect(found.seen.map(({ name, size, content, whole }) => [name, size, content, whole])).toEqual([
        ['real', 20, '<2>A<7>B<9>', true],
      ]);
      expect(found.problems).toEqual([]);
    }
  });

  it.each(['0', '7'])('reads sparse files of type %s, which readers take for the same', (flag) => {
    const records = paxBody([
      ['GNU.sparse.size', '7'],
      ['GNU.sparse.name', 'other'],
      ['GNU.sparse.numblocks', '1'],
      ['GNU.sparse.map', '0,3'],
    ]);
    const found = read(tarOf({ name: 'x', flag: 'x', body: records }, { name: 'a', flag, body: 'abc' }));
    expect(found.seen.map(({ name, size, content }) => [name, size, content])).toEqual([
      ['other', 7, 'abc<4>'],
    ]);
    expect(found.problems).toEqual([]);
  });

  it('takes an empty pax record for none, as engines do', () => {
    const body = paxBody([
      ['path', 'b'],
      ['path', ''],
      ['size', ''],
      ['GNU.sparse.map', ''],
      ['GNU.sparse.major', ''],
    ]);
    const found = read(tarOf({ name: 'x', flag: 'x', body }, file));
    expect(found.seen.map(({ name, content }) => [name, content])).toEqual([['a', 'content']]);
    expect(found.problems).toEqual([]);
  });

  it('lets the map that a sparse file has in parts count before the one it has as a whole', () => {
    const body = paxBody([
      ['GNU.sparse.size', '5'],
      ['GNU.sparse.numblocks', '1'],
      ['GNU.sparse.offset', '1'],
      ['GNU.sparse.numbytes', '2'],
      ['GNU.sparse.map', '3,0'],
    ]);
    const found = read(tarOf({ name: 'x', flag: 'x', body }, { name: 'a', body: 'AB' }));
    expect(found.seen[0]!.content).toBe('<1>AB<2>');
  });

  it.each([
    [`80${'00'.repeat(11)}`, 'a'],
    ['ff'.repeat(12), 'a'],
    [`800000007f${'ff'.repeat(7)}`, 'a'],
    // more than 64 bits: no time, so that what stands there is a prefix
    [`8000000080${'00'.repeat(7)}`, '00000000001/a'],
    [`bfffffff${'00'.repeat(8)}`, '00000000001/a'],
  ])('takes no GNU time for a prefix unless it is no number: %s', (time, name) => {
    const edit = (header: Buffer): void => {
      header.write('ustar  \0', 257, 'latin1');
      header.write('00000000001\0', 345, 'latin1');
      header.write(time, 357, 'hex');
    };
    expect(names(tarOf({ ...file, edit }))).toEqual([name]);
  });

  it('refuses sparse maps that do not fit', () => {
    for (const map of ['2,1,1,1', '2,30', '0,99', '1', 'x,y']) {
      const body = paxBody([
        ['GNU.sparse.size', '20'],
        ['GNU.sparse.map', map],
      ]);
      expect(read(tarOf({ name: 'x', flag: 'x', body }, { name: 'r', body: 'AB' })).clean).toBe(false);
    }
  });

  it('goes on behind an end marker, and says so', () => {
    const found = read(Buffer.concat([tarOf(file), tarOf({ name: 'b' })]));
    expect(found.seen.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(found.second).toBe(1);
    expect(found.clean).toBe(true);
  });

  it('keeps names that are not UTF-8 apart', () => {
    expect(names(tarOf({ name: Buffer.from([0x61, 0xfd]) }, { name: Buffer.from([0x61, 0xfe]) }))).toEqual([
      'a\udcfd',
      'a\udcfe',
    ]);
  });
});

describe('hostile archives', () => {
  it.each([
    ['half an end marker', Buffer.concat([entryBlocks(file), Buffer.alloc(512), tarOf(file)])],
    ['an unknown type', tarOf({ name: 'q', flag: 'Q' })],
    ['a malformed pax header', tarOf({ name: 'x', flag: 'x', body: '9 path=\n' }, file)],
    ['a NUL in a pax path', tarOf({ name: 'x', flag: 'x', body: paxBody([['path', 'a\0b']]) }, file)],
    [
      'a pax header that describes nothing',
      tarOf(file, { name: 'x', flag: 'x', body: paxBody([['path', 'a']]) }),
    ],
    [
      'a long name that a global header parts from its entry',
      tarOf({ name: 'L', flag: 'L', body: 'other' }, { name: 'g', flag: 'g' }, file),
    ],
    [
      'a folder of version 7 with content, which may be entries',
      tarOf({ name: 'folder/', flag: '\0', body: entryBlocks({ name: 'hidden' }) }, file),
    ],
    [
      'a sparse file of an unknown form',
      tarOf({ name: 'x', flag: 'x', body: paxBody([['GNU.sparse.name', 'other']]) }, file),
    ],
    [
      'a sparse file of no map, which some readers give the name that only sparse files have',
      tarOf(
        {
          name: 'x',
          flag: 'x',
          body: paxBody([
            ['GNU.sparse.name', 'other'],
            ['GNU.sparse.map', ''],
          ]),
        },
        { ...file, body: '' },
      ),
    ],
    [
      'a sparse file of two sizes',
      tarOf(
        {
          name: 'x',
          flag: 'x',
          body: paxBody([
            ['GNU.sparse.realsize', '100'],
            ['GNU.sparse.size', '7'],
            ['GNU.sparse.map', '0,7'],
          ]),
        },
        file,
      ),
    ],
    [
      'a sparse file of a version that two records would give only together',
      tarOf(
        {
          name: 'x',
          flag: 'x',
          body: paxBody([
            ['GNU.sparse.minor', '00'],
            ['GNU.sparse.map', '0,7'],
          ]),
        },
        file,
      ),
    ],
    [
      'a folder that overlayfs shows another one in place of',
      tarOf(
        { name: 'x', flag: 'x', body: paxBody([['SCHILY.xattr.trusted.overlay.redirect', '/opt']]) },
        { name: 'usr/', flag: '5' },
      ),
    ],
    ['a header of 2 MiB', tarOf({ name: 'L', flag: 'L', body: Buffer.alloc(2 * 1024 ** 2, 0x61) }, file)],
    ['a wrong checksum', Buffer.concat([entryBlocks(file), Buffer.alloc(512, 1), endMarker])],
  ])('does not pass %s', (_what, bytes) => {
    expect(read(bytes).clean).toBe(false);
  });

  it('counts headers that describe others against the limit of entries', () => {
    const pax = entryBlocks({ name: 'x', flag: 'x', body: paxBody([['comment', 'x']]) });
    const found = read(Buffer.concat(Array.from({ length: 50 }, () => pax)), 1000, { entries: 40 });
    expect(found.problems[0]!.code).toBe('too-many-entries');
  });

  it('says of every truncation that something is missing', () => {
    const bytes = tarOf(
      file,
      { name: 'L', flag: 'L', body: `${'n'.repeat(200)}\0` },
      { name: 'b', body: 'b'.repeat(600) },
    );
    const lengths = Array.from({ length: bytes.length }, (_, length) => length);
    expect(lengths.filter((length) => read(bytes.subarray(0, length), 333).clean)).toEqual([]);
    expect(read(bytes).clean).toBe(true);
  });
});

describe('properties', () => {
  const name = fc.stringMatching(/^[a-zA-Zé_][a-zA-Z0-9é._-]{0,60}(?:\/[a-z0-9]{1,80}){0,3}$/);
  const entries = fc.uniqueArray(
    fc.record({ name, body: fc.string({ maxLength: 2000 }), link: fc.option(name, { nil: undefined }) }),
    { selector: (entry) => entry.name, maxLength: 6 },
  );

  it('reads what another writer writes, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 3000 }), async (list, piece) => {
        const packed = await packTar(
          list.map(({ name, body, link }) =>
            link === undefined
              ? { header: { name, size: Buffer.byteLength(body), type: 'file' as const }, body }
              : { header: { name, size: 0, type: 'symlink' as const, linkname: link } },
          ),
        );
        const found = read(Buffer.from(packed), piece);
        expect(found.problems).toEqual([]);
        expect(found.seen.map(({ name, linkName, content }) => [name, linkName, content])).toEqual(
          list.map(({ name, body, link }) =>
            link === undefined ? [name, '', Buffer.from(body).toString('latin1')] : [name, link, ''],
          ),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('survives any change of bytes', () => {
    const original = tarOf(
      file,
      { name: 'x', flag: 'x', body: paxBody([['path', 'p'.repeat(150)]]) },
      { name: 's', body: 'x'.repeat(700) },
      { name: 'l', flag: '2', link: 'a' },
    );
    const change = fc.tuple(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of changes) bytes[at] = value;
        const found = read(bytes, 512);
        expect(found.seen.length).toBeLessThan(20);
      }),
      { numRuns: 2000 },
    );
  });
});
