import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { alone } from './alone.ts';
import { run } from './command.ts';
import { addBlob, addImage, addIndex, createLayout, hashFile, types, writeEntries } from './oci-layout.ts';

/** Where things lie that are costly to make and always the same. */
const cache = process.env['WHARFINGER_TEST_CACHE'] ?? join(tmpdir(), 'wharfinger-test-cache');

/** Two OCI layouts of one entry each. */
export interface Layouts {
  /** tag `debian`: a Debian 12 minbase image for amd64 made by debootstrap */
  readonly debian: string;
  /** tag `multi`: an index of it and of a small image for arm64 */
  readonly multi: string;
}

/** Makes the layouts once and keeps them. */
export async function debianLayouts(): Promise<Layouts> {
  const folder = join(cache, 'debian-layouts-1');
  const layouts = { debian: join(folder, 'debian'), multi: join(folder, 'multi') };
  mkdirSync(cache, { recursive: true });
  await alone(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await makeLayouts(folder);
  });
  return layouts;
}

async function makeLayouts(folder: string): Promise<void> {
  const work = await mkdtemp(join(cache, 'debian-layouts-'));
  const made = createLayout(join(work, 'made/debian'));
  const tar = await debianTar();

  const packed = join(work, 'layer');
  await pipeline(createReadStream(tar), createGzip({ level: 1 }), createWriteStream(packed));
  const layer = addBlob(made, types.layerGzip, await readFile(packed));
  const debian = addImage(made, {
    architecture: 'amd64',
    layer,
    diffId: `sha256:${await hashFile(tar)}`,
    cmd: ['/bin/cat', '/etc/os-release'],
  });
  writeEntries(made, { debian });
  const multi = join(work, 'made/multi');
  cpSync(made, multi, { recursive: true });
  const other = smallLayer('etc/motd', 'made for another processor\n');
  const arm = addImage(multi, {
    architecture: 'arm64',
    layer: addBlob(multi, types.layerGzip, other),
    diffId: `sha256:${createHash('sha256').update(gunzipSync(other)).digest('hex')}`,
    cmd: ['/bin/true'],
  });
  writeEntries(multi, { multi: addIndex(multi, [debian, arm]) });
  renameSync(join(work, 'made'), folder);
  rmSync(work, { recursive: true });
}

/** The root file system of a Debian 12 minbase, as a tar. Made once, as root, from the mirror that this machine uses. */
export async function debianTar(): Promise<string> {
  const tar = join(cache, 'debian-bookworm-minbase.tar');
  mkdirSync(cache, { recursive: true });
  await alone(`${tar}.lock`, async () => {
    if (!existsSync(tar)) await makeTar(tar);
  });
  return tar;
}

async function makeTar(tar: string): Promise<void> {
  const work = await mkdtemp(join(cache, 'debootstrap-'));
  try {
    const root = join(work, 'root');
    await run(['debootstrap', '--variant=minbase', 'bookworm', root, mirrorOfThisMachine()]);
    const made = join(work, 'root.tar');
    const left = ['--exclude=./dev/*', '--exclude=./var/cache/apt/archives/*.deb'];
    await run(['tar', '--numeric-owner', '--sort=name', ...left, '-C', root, '-cf', made, '.']);
    renameSync(made, tar);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The address of Debian packages in the first source of apt, in either of its two notations. */
function mirrorOfThisMachine(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))];
  for (const file of files.filter((path) => existsSync(path))) {
    const found = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(https?:\S+\/debian)\/?(?:\s|$)/m.exec(
      readFileSync(file, 'utf8'),
    );
    if (found !== null) return found[1]!;
  }
  throw new Error('no source of apt has packages of Debian');
}

/** A gzip'd tar of one file: a ustar header, the content, and the end. */
function smallLayer(path: string, content: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.from(content);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return gzipSync(Buffer.concat([header, body, padding, Buffer.alloc(1024)]));
}
