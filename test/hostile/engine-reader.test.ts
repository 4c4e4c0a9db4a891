import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frameOf } from '@wharfinger/lib/inspect/frames';
import { endMarker, entryBlocks, paxBody } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { TarReader } from '@wharfinger/lib/inspect/tar/reader';
import { encodeName } from '@wharfinger/lib/oci/tar/name';
import { afterAll, describe, expect, it } from 'vitest';
import { makeRandom, type Random } from '../fuzz/random.ts';
import { lacksTools } from '../requirements.ts';

/** An entry as both readers tell it: type, name, target of a link, size and SHA-256 of what a file contains. */
type Told = ReadonlyArray<string | number>;

interface Listed {
  readonly Entries: ReadonlyArray<{
    readonly Name: string | null;
    readonly Link: string | null;
    readonly Type: string;
    readonly Size: number;
    readonly Content: string;
  }>;
  readonly Failure: string;
}

const types: Readonly<Record<string, string>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'special',
  '4': 'special',
  '5': 'directory',
  '6': 'special',
  '7': 'file',
  S: 'file',
};

function tell(type: string, name: Buffer, link: Buffer, size: number, content: string): Told {
  const isLink = type === 'hardlink' || type === 'symlink';
  const file = type === 'file' ? [size, content] : [];
  return [type, name.toString('latin1'), ...(isLink ? [link.toString('latin1')] : []), ...file];
}

/** What the reader of layers tells; undefined where it says that something may be hidden. */
function ours(archive: Buffer): Told[] | undefined {
  const told: Array<() => Told> = [];
  let hides = false;
  const reader = new TarReader(
    {
      entry({ name, type, linkName, size }) {
        const hash = createHash('sha256');
        const [path, link] = [encodeName(name), encodeName(linkName)];
        told.push(() => tell(type, path, link, size, hash.copy().digest('hex')));
        if (type !== 'file' || size >= 2 ** 20) return undefined;
        return {
          data: (bytes) => void hash.update(bytes),
          hole: (length) => void hash.update(Buffer.alloc(length)),
          end: () => {},
        };
      },
      problem: (_code, _message, may) => {
        hides ||= may;
      },
      secondArchive: () => {},
    },
    defaultLimits,
  );
  reader.push(archive);
  reader.end();
  return hides ? undefined : told.map((one) => one());
}

const keys =
  'path linkpath size mtime uid comment SCHILY.xattr.user.a GNU.sparse.map GNU.sparse.major GNU.sparse.minor GNU.sparse.name GNU.sparse.realsize GNU.sparse.size GNU.sparse.numblocks GNU.sparse.offset GNU.sparse.numbytes'.split(
    ' ',
  );
const values = [
  '',
  '0',
  '1',
  '3',
  '512',
  '600',
  'p/q',
  'p/',
  '0,3',
  '0,512',
  '1,2,600,0',
  'x',
  '-1',
  '1.5',
  ' 3',
  '+3',
];
const names = ['a', 'b/', 'var/lib/dpkg/status', './x', 'é', 'n'.repeat(100), '', 'z/z/'];
const longNames = ['\0', '', 'long/name\0', 'long/name', 'l/\0x', `${'n'.repeat(300)}\0`];

const flags = '0 0 0 1 2 3 5 6 7 S Z \0 \0 \0'.split(' ');

/** Changes a header, or leaves it as it is. */
function edit(header: Buffer, random: Random): void {
  const odd = (): number => random.pick([0x20, 0, 0x37, 0x39, 0x2d, 0x80, 0xff]);
  const changes: ReadonlyArray<() => unknown> = [
    ...Array.from({ length: 6 }, () => () => undefined),
    () => header.write('ustar  \0', 257, 'latin1'),
    () => header.write('ustar  \0pref', 257, 'latin1') && header.write('pref', 345, 'latin1'),
    () => header.fill(0, 257, 265),
    () => header.write('prefix/dir', 345, 'latin1'),
    () => header.write('prefix/dir', 345, 'latin1') && header.write('tar\0', 508, 'latin1'),
    () => (header[100 + random.below(50)] = odd()),
    () => (header[329 + random.below(16)] = odd()),
    () => (header[random.below(500)] = random.below(256)),
  ];
  random.pick(changes)();
}

/** An entry behind headers that describe it, all of them odd. */
function entry(random: Random): Buffer {
  const parts = Array.from({ length: random.below(3) }, () => {
    const flag = random.pick(['L', 'K', 'x', 'x', 'g']);
    const records = Array.from(
      { length: random.below(5) },
      () => [random.pick(keys), random.pick(values)] as const,
    );
    return entryBlocks({
      name: 'x',
      flag,
      body: flag === 'L' || flag === 'K' ? random.pick(longNames) : paxBody(records),
    });
  });
  const inner = entryBlocks({ name: 'inner', body: 'x' });
  const body = random.pick([inner, '', '', Buffer.alloc(random.pick([3, 512, 600]), 'x')]);
  const flag = random.pick(flags);
  const last = { name: random.pick(names), flag, body, link: random.pick(['', 't']) };
  return Buffer.concat([...parts, entryBlocks({ ...last, edit: (header) => edit(header, random) })]);
}

describe.skipIf(lacksTools(['go']))('an odd archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read as container engines read it, or does not pass', { timeout: 300_000 }, () => {
    const program = join(folder, 'list-tar');
    execFileSync('go', ['build', '-o', program, join(import.meta.dirname, 'list-tar.go')]);
    const seed = randomBytes(6).toString('hex');
    const random = makeRandom(seed);
    const archives = Array.from({ length: 4000 }, () =>
      Buffer.concat([
        ...Array.from({ length: 1 + random.below(3) }, () => entry(random)),
        entryBlocks({ name: 'last', body: 'end' }),
        endMarker,
      ]),
    );
    const input = Buffer.concat(archives.map(frameOf));
    const lines = execFileSync(program, { input, maxBuffer: 1 << 28 })
      .toString()
      .trimEnd()
      .split('\n');
    let compared = 0;
    for (const [index, archive] of archives.entries()) {
      const { Entries: entries, Failure: failure } = JSON.parse(lines[index]!) as Listed;
      const told = ours(archive);
      // What engines do not unpack nobody runs.
      if (told === undefined || failure !== '') continue;
      compared += 1;
      const theirs = entries.map(({ Name: name, Link: link, Type: type, Size: size, Content: content }) =>
        tell(
          types[type] ?? type,
          Buffer.from(name ?? '', 'base64'),
          Buffer.from(link ?? '', 'base64'),
          size,
          content,
        ),
      );
      expect({ seed, index, told }).toEqual({ seed, index, told: theirs });
    }
    expect(compared).toBeGreaterThan(200);
  });
});
