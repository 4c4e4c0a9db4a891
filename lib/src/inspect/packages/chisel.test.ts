import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { imageOf, layerOf, tarOf, type FixtureEntry } from '../layer-fixture.ts';
import { chiselManifest } from './chisel.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const release = { name: 'etc/os-release', body: 'ID=ubuntu\nVERSION_ID="24.04"\n' };

/** A manifest as chisel writes it: a header, then the entries in their order. */
function wall(entries: readonly object[], header: object = {}): Buffer {
  const head = { jsonwall: '1.0', schema: '1.0', count: entries.length + 1, ...header };
  const lines = [head, ...entries].map((entry) => `${JSON.stringify(entry)}\n`);
  return zstdCompressSync(lines.join(''));
}

const bash = {
  kind: 'package',
  name: 'bash',
  version: '5.2.21-2ubuntu4',
  sha256: sha256('deb'),
  arch: 'amd64',
};
const libc = {
  kind: 'package',
  name: 'libc6',
  version: '2.39-0ubuntu8.4',
  sha256: sha256('x'),
  arch: 'amd64',
};
const file = (path: string, slice: string, more: object = {}) => [
  { kind: 'content', slice, path },
  { kind: 'path', path, mode: '0755', slices: [slice], ...more },
];
const entries = [
  ...file('/usr/bin/bash', 'bash_bins', { sha256: sha256('bash'), size: 4 }),
  ...file('/usr/lib/', 'libc6_libs'),
  ...file('/usr/lib/libc.so.6', 'libc6_libs', { sha256: sha256('libc'), size: 4 }),
  ...file('/etc/ld.so.conf', 'libc6_config', { sha256: sha256('template'), final_sha256: sha256('written') }),
  ...file('/usr/bin/sh', 'bash_bins', { link: 'bash' }),
  bash,
  libc,
  { kind: 'slice', name: 'bash_bins' },
  { kind: 'slice', name: 'libc6_libs' },
  { kind: 'slice', name: 'libc6_config' },
];
const manifest = (body: Buffer = wall(entries), name = chiselManifest): FixtureEntry => ({ name, body });
const files = (changed: Readonly<Record<string, string>> = {}): FixtureEntry[] =>
  Object.entries({
    'usr/bin/bash': 'bash',
    'usr/lib/libc.so.6': 'libc',
    'etc/ld.so.conf': 'written',
    ...changed,
  }).map(([name, body]) => ({ name, body }));

describe('an image that chisel cut', () => {
  test('has packages of Ubuntu, and files that belong to them', async () => {
    const image = await imageOf(tarOf(release, ...files(), manifest()));
    expect(image.distribution).toMatchObject({ id: 'ubuntu', version: '24.04' });
    expect(image.packages).toMatchObject([
      {
        type: 'deb',
        name: 'bash',
        version: '5.2.21-2ubuntu4',
        purl: 'pkg:deb/ubuntu/bash@5.2.21-2ubuntu4?arch=amd64&distro=ubuntu-24.04',
        match: { ecosystem: 'Ubuntu:24.04:LTS', name: 'bash' },
        path: chiselManifest,
      },
      { name: 'libc6', version: '2.39-0ubuntu8.4' },
    ]);
    expect(image.contamination).toMatchObject({ complete: true, files: [], unrecorded: [] });
  });

  test('is told to be incomplete: nobody can tell what is known of packages whose sources are not named', async () => {
    const { complete, problems } = await imageOf(tarOf(release, ...files(), manifest()));
    expect(complete).toBe(false);
    expect(problems.filter(({ hides }) => hides)).toEqual([
      expect.objectContaining({ path: chiselManifest, message: expect.stringContaining('2 packages') }),
    ]);
  });

  test('is complete where the status of dpkg names the sources, and lists no package twice', async () => {
    const status = [bash, libc].map(
      ({ name, version }) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nSource: ${name === 'libc6' ? 'glibc' : name}\n`,
    );
    const dpkg = { name: 'var/lib/dpkg/status', body: status.join('\n') };
    const image = await imageOf(tarOf(release, dpkg, ...files(), manifest()));
    expect(image.packages.map(({ name, match }) => [name, match.name])).toEqual([
      ['bash', 'bash'],
      ['libc6', 'glibc'],
    ]);
    expect(image.problems.filter(({ hides }) => hides)).toEqual([]);
  });

  test('names what was changed, added and removed afterwards, with the layer', async () => {
    const image = await imageOf(
      tarOf(release, ...files(), manifest()),
      layerOf({ 'usr/bin/bash': 'other', 'usr/bin/more': 'x', 'usr/lib/.wh.libc.so.6': '' }),
    );
    expect(image.contamination?.files).toMatchObject([
      { kind: 'modified', path: 'usr/bin/bash', layer: 1, package: { type: 'deb', name: 'bash' } },
      { kind: 'missing', path: 'usr/lib/libc.so.6', layer: 1, package: { type: 'deb', name: 'libc6' } },
      { kind: 'unowned', path: 'usr/bin/more', layer: 1 },
    ]);
  });

  test('is found by links too', async () => {
    const link = { name: chiselManifest, flag: '2', link: '/opt/real.wall' };
    const { packages } = await imageOf(tarOf(release, manifest(undefined, 'opt/real.wall'), link));
    expect(packages.map(({ name }) => name)).toEqual(['bash', 'libc6']);
  });

  test('does not hide its packages by putting the manifest elsewhere or taking it away', async () => {
    const stray = await imageOf(tarOf(release, manifest(undefined, 'opt/other.wall')));
    expect(stray).toMatchObject({ complete: false, packages: [] });
    const removed = await imageOf(
      tarOf(release, ...files(), manifest()),
      layerOf({ 'var/lib/chisel/.wh.manifest.wall': '' }),
    );
    expect(removed.complete).toBe(false);
  });
});

test.each<readonly [string, Buffer]>([
  ['no zstd', Buffer.from('{"jsonwall":"1.0"}')],
  ['cut off', wall(entries).subarray(0, 60)],
  ['empty', wall([]).subarray(0, 0)],
  ['of another format', wall(entries, { jsonwall: '2.0' })],
  ['of another schema', wall(entries, { schema: '2.0' })],
  ['short of entries', wall(entries, { count: entries.length + 2 })],
  ['no JSON', zstdCompressSync('{"jsonwall":"1.0","schema":"1.0","count":2}\nx\n')],
  ['with entries of unknown kinds', wall([...entries, { kind: 'other' }])],
  ['with a package without version', wall([{ ...bash, version: undefined }])],
  ['with a name that cannot be shown', wall([{ ...bash, name: 'a\nb' }])],
  ['with files of packages that it does not name', wall(file('/x', 'none_x'))],
  ['with a digest that is none', wall([bash, ...file('/x', 'bash_x', { sha256: 'x' })])],
  ['with a path of no slice', wall([bash, { kind: 'path', path: '/x', slices: [] }])],
  ['a bomb', zstdCompressSync(Buffer.alloc(100_000_000))],
])('a manifest that is %s leaves the image incomplete', async (_, body) => {
  const image = await imageOf(tarOf(release, manifest(body)));
  expect(image.complete).toBe(false);
  expect(image.packages).toEqual([]);
});
