import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { paxBody, tarOf, type FixtureEntry } from '../inspect/layer-fixture.ts';
import { subjectTar } from './subject-tar.ts';

const folder = (name: string): FixtureEntry => ({ name: `${name}/`, flag: '5', mode: 0o755 });
const link = (name: string, target: string): FixtureEntry => ({ name, flag: '2', link: target });
const hard = (name: string, target: string): FixtureEntry => ({ name, flag: '1', link: target });

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

async function tarFor(layers: ReadonlyArray<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const subject = {
    manifest: Buffer.from('{"manifest":1}'),
    config: Buffer.from('{"config":1}'),
    layers: layers.map((bytes) => ({ open: () => chunks(bytes) })),
  };
  for await (const part of subjectTar(subject)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** What GNU tar lists of it: mode, size, name and where links lead. */
async function listed(...layers: ReadonlyArray<readonly FixtureEntry[]>): Promise<string[]> {
  const tar = await tarFor(layers.map((entries) => tarOf(...entries)));
  const text = execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input: tar, encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +\S+ \S+ (?=rootfs|config|manifest)/, ' ').replace(/^(\S+) \S+ +/, '$1 '))
    .filter((line) => / rootfs\/./.test(line))
    .map((line) => line.replace('rootfs/', ''));
}

describe('the files of an image', () => {
  test('are those of its layers, one upon the other', async () => {
    const files = await listed(
      [
        folder('etc'),
        { name: 'etc/a', body: 'old' },
        { name: 'etc/b', body: 'gone' },
        folder('var'),
        { name: 'var/x' },
      ],
      [
        { name: 'etc/a', body: 'newer' },
        { name: 'etc/.wh.b' },
        { name: 'var/.wh..wh..opq' },
        { name: 'var/y', body: 'y' },
      ],
    );
    expect(files.toSorted()).toEqual([
      '-r--r--r-- 1 var/y',
      '-r--r--r-- 5 etc/a',
      'drwxr-xr-x 0 etc/',
      'drwxr-xr-x 0 var/',
    ]);
  });

  test('lie where links of folders lead, inside of the image', async () => {
    const files = await listed(
      [folder('usr'), folder('usr/lib'), link('lib', 'usr/lib'), link('out', '../../../usr')],
      [
        { name: 'lib/libc.so', body: 'c' },
        { name: 'out/tool', body: 'tool' },
      ],
    );
    expect(files).toContain('-r--r--r-- 1 usr/lib/libc.so');
    expect(files).toContain('-r--r--r-- 4 usr/tool');
    expect(files).toContain(
      'lrwxrwxrwx 0 lib -> usr/lib'.replace(
        'lrwxrwxrwx',
        files.find((one) => one.includes('lib ->'))!.slice(0, 10),
      ),
    );
  });

  test('keep links as links, hard links as one file, and lose devices and set-user-ID', async () => {
    const files = await listed([
      { name: 'su', body: 'root', mode: 0o4755 },
      hard('also-su', 'su'),
      link('host', '/etc/shadow'),
      { name: 'null', flag: '3' },
      { name: 'secret', body: 's', mode: 0o600 },
    ]);
    expect(files[0]).toBe('-r-xr-xr-x 4 su');
    expect(files).toContain('-r--r--r-- 1 secret');
    expect(
      files.some((one) => one.endsWith('also-su link to rootfs/su') || one.endsWith('also-su link to su')),
    ).toBe(true);
    expect(files.at(-1)).toMatch(/host -> \/etc\/shadow$/);
    expect(files.some((one) => one.includes('null'))).toBe(false);
  });

  test('come byte by byte, with long names and names that are no text', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'wh-subject-'));
    try {
      const long = `${'long/'.repeat(40)}name`;
      const body = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
      const layer = tarOf(
        { name: 'pax', flag: 'x', body: paxBody([['path', long]]) },
        { name: 'short', body },
        { name: Buffer.from([0x66, 0xff]), body: 'latin' },
        { name: 'empty' },
      );
      for (const packed of [layer, gzipSync(layer), zstdCompressSync(layer)]) {
        writeFileSync(join(scratch, 'subject.tar'), await tarFor([packed]));
        execFileSync('tar', ['-xf', 'subject.tar'], { cwd: scratch });
        expect(readFileSync(join(scratch, 'rootfs', long)).equals(body)).toBe(true);
        expect(
          readFileSync(Buffer.concat([Buffer.from(join(scratch, 'rootfs/f')), Buffer.from([0xff])]), 'utf8'),
        ).toBe('latin');
        expect(readFileSync(join(scratch, 'config.json'), 'utf8')).toBe('{"config":1}');
        execFileSync('chmod', ['-R', 'u+w', 'rootfs'], { cwd: scratch });
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});

describe('an image is not laid out', () => {
  const whole = tarOf({ name: 'a', body: 'a'.repeat(2000) });
  test.each<readonly [string, readonly Uint8Array[], string]>([
    ['where a layer breaks off', [whole.subarray(0, 1500)], 'ends before its end'],
    ['where a layer is no archive', [Buffer.from('hello '.repeat(200))], 'checksum'],
    ['where packed bytes break off', [gzipSync(whole).subarray(0, 40)], 'end too early'],
    [
      'where something follows the packed bytes',
      [Buffer.concat([gzipSync(whole), Buffer.alloc(100, 1)])],
      '',
    ],
    [
      'where it is packed in another way',
      [Buffer.concat([Buffer.from('BZh9'), Buffer.alloc(600, 7)])],
      'bzip2',
    ],
    ['where an archive follows another', [Buffer.concat([whole, whole])], 'another archive'],
    [
      'where links lead around in circles',
      [tarOf(link('a', 'b'), link('b', 'a'), { name: 'a/x' })],
      'circles',
    ],
    ['where a hard link leads nowhere', [tarOf(hard('a', 'nothing'))], 'which is no file'],
    [
      'where a file lies in a file',
      [tarOf({ name: 'a', body: 'x' }, { name: 'a/b', body: 'y' })],
      'is no folder',
    ],
    [
      'where a name is too long for a disk',
      [tarOf({ name: 'pax', flag: 'x', body: paxBody([['path', 'n'.repeat(300)]]) }, { name: 's' })],
      'longer than 255',
    ],
    [
      'where a sparse file would fill the disk',
      [
        tarOf(
          {
            name: 'pax',
            flag: 'x',
            body: paxBody([
              ['GNU.sparse.size', '99999999999999'],
              ['GNU.sparse.numblocks', '0'],
              ['GNU.sparse.map', '0,0'],
            ]),
          },
          { name: 's' },
        ),
      ],
      '',
    ],
    [
      'where it packs more than anybody would',
      [gzipSync(Buffer.concat([tarOf({ name: 'z', body: Buffer.alloc(100 * 1024 ** 2) })]))],
      'times its size',
    ],
  ])('%s', async (_, layers, why) => {
    await expect(tarFor(layers)).rejects.toMatchObject({ code: 'PROBE_SUBJECT_UNREADABLE' });
    await expect(tarFor(layers)).rejects.toThrow(why);
  });
});
