import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { composeImage } from './compose-image.ts';
import type { ImageInventory } from './inventory.ts';
import {
  configOf,
  debianRelease,
  dpkgStatus,
  imageOf,
  layerOf,
  manifestOf,
  paxBody,
  readBytes,
  tarOf,
  type FixtureEntry,
} from './layer-fixture.ts';

const status = 'var/lib/dpkg/status';
const base = layerOf({
  'etc/os-release': debianRelease,
  [status]: dpkgStatus({ 'base-files': '12.4+deb12u5', curl: '7.88.1-10' }),
});

function packages(image: ImageInventory): string[] {
  return image.packages.map(({ name, version, layer }) => `${name} ${version} #${layer}`).sort();
}

function hiding(image: ImageInventory): string[] {
  return image.problems.filter((problem) => problem.hides).map((problem) => problem.code);
}

function archive(...entries: readonly FixtureEntry[]): Buffer {
  return gzipSync(tarOf(...entries));
}

describe('layers', () => {
  it('gives each package the layer since which it is there', async () => {
    const updated = layerOf({
      [status]: dpkgStatus({ 'base-files': '12.4+deb12u5', curl: '7.88.1-11', jq: '1.6' }),
    });
    const image = await imageOf(base, updated);
    expect(packages(image)).toEqual(['base-files 12.4+deb12u5 #0', 'curl 7.88.1-11 #1', 'jq 1.6 #1']);
    expect(image.complete).toBe(true);
    expect(image.distribution).toMatchObject({ id: 'debian', ecosystem: 'Debian:12', source: 'os-release' });
  });

  it('tells which packages a later layer took away, and which it replaced', async () => {
    const app = layerOf({ 'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}' });
    const updated = layerOf({
      [status]: dpkgStatus({ curl: '7.88.1-11' }),
      'app/.wh.node_modules': '',
      'srv/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}',
    });
    const image = await imageOf(base, app, updated);
    const gone = { type: 'deb', layer: 0, removedIn: 2 };
    expect(image.removed).toEqual([
      { ...gone, name: 'base-files', version: '12.4+deb12u5' },
      { ...gone, name: 'curl', version: '7.88.1-10', replacedBy: '7.88.1-11' },
    ]);
    const without = await imageOf(base, app, layerOf({ 'app/.wh.node_modules': '' }));
    expect(without.removed).toEqual([{ type: 'npm', name: 'a', version: '1.0.0', layer: 1, removedIn: 2 }]);
    expect((await imageOf(base)).removed).toEqual([]);
  });

  it.each([
    ['a whiteout', [{ name: 'var/lib/dpkg/.wh.status' }]],
    ['a whiteout of a folder', [{ name: 'var/.wh.lib' }]],
    ['an opaque folder', [{ name: 'var/lib/dpkg/.wh..wh..opq' }]],
    ['a file in place of a folder', [{ name: 'var/lib/dpkg' }]],
    ['an empty file', [{ name: status }]],
  ])('does not pass when %s hides the package database', async (_what, entries) => {
    const image = await imageOf(base, archive(...entries));
    expect(image.packages).toEqual([]);
    expect(image.complete).toBe(false);
  });

  it('applies whiteouts and opaque folders to lower layers only', async () => {
    const body = dpkgStatus({ jq: '1.6' });
    const image = await imageOf(
      base,
      archive(
        { name: status, body },
        { name: 'var/lib/dpkg/.wh.status' },
        { name: 'var/lib/dpkg/.wh..wh..opq' },
      ),
    );
    expect(packages(image)).toEqual(['jq 1.6 #1']);
  });

  it('compares measured diffIDs with those of the config', async () => {
    const layer = await readBytes(base);
    const manifest = manifestOf([layer.digest]);
    const layers = new Map([[layer.digest, layer]]);
    const compose = (config: Buffer | undefined) => hiding(composeImage(manifest, config, layers));
    expect(compose(configOf([layer.diffId]))).toEqual([]);
    expect(compose(configOf([digestOf('other')]))).toEqual(['diff-id-mismatch']);
    expect(compose(configOf([layer.diffId, layer.diffId]))).toEqual(['diff-id-mismatch']);
    expect(compose(Buffer.from('{"config": 1}'))).toEqual(['config-invalid']);
    expect(compose(undefined)).toEqual(['missing-part']);
    expect(compose(configOf([layer.diffId], { os: 'windows' }))).toEqual(['unsupported']);
    expect(hiding(composeImage(manifest, configOf([layer.diffId]), new Map()))).toContain('missing-part');
  });

  it('does not pass a layer of an image that is no file system', async () => {
    expect(hiding(await imageOf(base, Buffer.from('no archive')))).toEqual(['unsupported']);
    expect(hiding(await imageOf(base, Buffer.from('{}')))).toEqual(['unsupported']);
  });

  it('does not pass archives that mean one thing to readers that stop early and another to others', async () => {
    const fake = tarOf({ name: status, body: dpkgStatus({ 'base-files': '12.4+deb12u5' }) });
    const two = gzipSync(Buffer.concat([tarOf({ name: status, body: dpkgStatus({ evil: '1' }) }), fake]));
    expect(hiding(await imageOf(base, two))).toContain('concatenated');
    const harmless = gzipSync(Buffer.concat([tarOf({ name: 'a' }), tarOf({ name: 'b' })]));
    expect(hiding(await imageOf(base, harmless))).toEqual([]);
  });
});

describe('links', () => {
  const os = { name: 'etc/os-release', body: debianRelease };
  const body = dpkgStatus({ jq: '1.6' });
  it.each<[string, FixtureEntry[][]]>([
    ['a link', [[os, { name: 'opt/x', body }, { name: status, flag: '2', link: '/opt/x' }]]],
    ['a relative link', [[os, { name: 'var/x', body }, { name: status, flag: '2', link: '../../x' }]]],
    ['a hard link', [[os, { name: 'opt/x', body }, { name: status, flag: '1', link: 'opt/x' }]]],
    [
      'a link to the folder',
      [[os, { name: 'opt/d/status', body }, { name: 'var/lib/dpkg', flag: '2', link: '/opt/d' }]],
    ],
    [
      'a link above the root',
      [[os, { name: 'x', body }, { name: status, flag: '2', link: '../../../../../../x' }]],
    ],
    [
      'a link in another layer',
      [[os, { name: 'opt/x', body }], [{ name: status, flag: '2', link: '/opt/x' }]],
    ],
    [
      'a file written through a link',
      [[os, { name: 'var/lib', flag: '2', link: '/opt' }], [{ name: status, body }]],
    ],
    [
      'a chain of links',
      [
        [
          os,
          { name: 'c', body },
          { name: 'b', flag: '2', link: 'c' },
          { name: status, flag: '2', link: '/b' },
        ],
      ],
    ],
    [
      'a linked file that was moved away',
      [
        [os, { name: 'o', body }],
        [{ name: status, flag: '1', link: 'o' }, { name: '.wh.o' }],
      ],
    ],
    ['status.d', [[os, { name: 'var/lib/dpkg/status.d/jq', body: 'Package: jq\nVersion: 1.6\n' }]]],
  ])('finds packages behind %s', async (_what, layers) => {
    const image = await imageOf(...layers.map((entries) => archive(...entries)));
    expect(image.packages.map(({ name }) => name)).toEqual(['jq']);
  });

  it.each<[string, FixtureEntry[], string]>([
    [
      'a loop',
      [
        { name: 'a', flag: '2', link: 'b' },
        { name: 'b', flag: '2', link: 'a' },
      ],
      'link-loop',
    ],
    ['a link to itself', [{ name: 'a', flag: '2', link: 'a' }], 'link-loop'],
    [
      'a file behind a loop',
      [
        { name: 'a', flag: '2', link: 'a' },
        { name: `a/${status}`, body },
      ],
      'link-loop',
    ],
    ['a database that leads nowhere', [os, { name: status, flag: '2', link: '/gone' }], 'unreadable-file'],
    [
      'a database that is none',
      [os, { name: 'x', body: 'hello' }, { name: status, flag: '2', link: '/x' }],
      'unreadable-file',
    ],
    [
      'a hard link to a file that is none',
      [os, { name: 'x' }, { name: status, flag: '1', link: 'x' }],
      'unreadable-file',
    ],
    ['a database beside its place', [{ name: 'opt/x', body }], 'package-database-missing'],
  ])('does not pass %s', async (_what, entries, code) => {
    const image = await imageOf(archive(...entries));
    expect(hiding(image)).toContain(code);
  });

  it('passes links that lead nowhere, and links of merged folders', async () => {
    const image = await imageOf(
      base,
      archive({ name: 'lib', flag: '2', link: 'usr/lib' }, { name: 'x', flag: '2', link: 'y' }),
    );
    expect(hiding(image)).toEqual([]);
  });
});

describe('distribution', () => {
  const debian = { 'base-files': '12.4+deb12u5' };
  it.each<[string, Record<string, string>, string[], string | undefined]>([
    ['no os-release', { [status]: dpkgStatus(debian) }, ['unknown-distribution'], 'Debian:12'],
    ['no os-release and no proof', { [status]: dpkgStatus({ a: '1' }) }, ['unknown-distribution'], undefined],
    [
      'another ID',
      { 'etc/os-release': 'ID=foo\nVERSION_ID=1\n', [status]: dpkgStatus(debian) },
      ['distribution-mismatch'],
      'Debian:12',
    ],
    [
      'another release',
      { 'etc/os-release': 'ID=debian\nVERSION_ID=13\n', [status]: dpkgStatus(debian) },
      ['distribution-mismatch'],
      'Debian:12',
    ],
    ['no database', { 'etc/os-release': debianRelease }, ['package-database-missing'], 'Debian:12'],
    ['debian_version alone', { 'etc/debian_version': '12.5\n' }, ['unknown-distribution'], undefined],
    [
      'an unknown distribution',
      { 'etc/os-release': 'ID=foo\n', [status]: dpkgStatus({ a: '1' }) },
      ['unknown-distribution'],
      undefined,
    ],
    [
      'an rpm database that is none',
      { 'etc/os-release': debianRelease, [status]: dpkgStatus(debian), 'var/lib/rpm/rpmdb.sqlite': 'x' },
      ['unreadable-file'],
      'Debian:12',
    ],
    ['Debian', { 'etc/os-release': debianRelease, [status]: dpkgStatus(debian) }, [], 'Debian:12'],
    [
      'Ubuntu',
      {
        'usr/lib/os-release': 'ID=ubuntu\nVERSION_ID="22.04"\n',
        [status]: dpkgStatus({ 'base-files': '12ubuntu4.6' }),
      },
      [],
      'Ubuntu:22.04:LTS',
    ],
  ])('judges %s', async (_what, files, codes, ecosystem) => {
    const image = await imageOf(layerOf(files));
    expect(hiding(image)).toEqual(codes);
    expect(image.distribution?.ecosystem).toBe(ecosystem);
    const recorded = Object.keys(files).some((path) => path === status);
    const ecosystems = new Set(image.packages.map(({ match }) => match.ecosystem));
    expect([...ecosystems]).toEqual(recorded ? [ecosystem] : []);
  });

  it.each([
    ['of os-release', 'https://dl-cdn.alpinelinux.org/alpine/v3.10/main\n', 'Alpine:v3.10', []],
    ['edge', 'http://x/alpine/v3.10/main\nhttp://x/alpine/edge/main\n', 'Alpine:edge', []],
    ['of another release', 'http://x/alpine/v3.11/main\n', 'Alpine:v3.10', ['distribution-mismatch']],
  ])('knows the stream of Alpine %s', async (_what, repositories, ecosystem, codes) => {
    const image = await imageOf(
      layerOf({
        'etc/os-release': 'ID=alpine\nVERSION_ID=3.10.4\n',
        'etc/apk/repositories': repositories,
        'lib/apk/db/installed': 'C:Q1x=\nP:libcrypto1.1\nV:1.1.1d-r2\nA:x86_64\no:openssl\nL:OpenSSL\n\n',
      }),
    );
    expect(hiding(image)).toEqual(codes);
    expect(image.packages).toMatchObject([
      {
        match: { ecosystem, name: 'openssl', version: '1.1.1d-r2' },
        licence: 'OpenSSL',
        architecture: 'x86_64',
      },
    ]);
  });

  it('calls an image without either scratch, and complete', async () => {
    const image = await imageOf(layerOf({ app: 'x' }));
    expect(image).toMatchObject({ complete: true, distribution: { id: 'scratch', source: 'none' } });
  });
});

describe('node packages', () => {
  const pack = (name: string, version = '1.0.0'): string => JSON.stringify({ name, version, license: 'MIT' });
  it('keeps every path, also behind links, and only below node_modules', async () => {
    const image = await imageOf(
      archive(
        { name: 'app/package.json', body: pack('app') },
        { name: 'app/node_modules/a/package.json', body: pack('a') },
        { name: 'app/node_modules/a/node_modules/b/package.json', body: pack('b') },
        { name: 'app/node_modules/@s/b/package.json', body: pack('@s/b', '2.0.0') },
        { name: 'store/ab12', body: pack('hard') },
        { name: 'app/node_modules/hard/package.json', flag: '1', link: 'store/ab12' },
        { name: 'packages/linked/package.json', body: pack('linked') },
        { name: 'app/node_modules/linked', flag: '2', link: '../../packages/linked' },
        { name: 'deps/deep/package.json', body: pack('deep') },
        { name: 'srv/node_modules', flag: '2', link: '/deps' },
      ),
    );
    expect(image.packages.map(({ name, path }) => `${name} ${path}`).sort()).toEqual([
      '@s/b app/node_modules/@s/b/package.json',
      'a app/node_modules/a/package.json',
      'b app/node_modules/a/node_modules/b/package.json',
      'deep srv/node_modules/deep/package.json',
      'hard app/node_modules/hard/package.json',
      'linked app/node_modules/linked/package.json',
    ]);
    expect(image.packages.find(({ name }) => name === '@s/b')).toMatchObject({
      purl: 'pkg:npm/%40s/b@2.0.0',
      match: { ecosystem: 'npm', name: '@s/b', version: '2.0.0' },
      licence: 'MIT',
    });
  });
});

it('gives up on more work than real images need', async () => {
  const target = 'a/../'.repeat(700);
  const links = Array.from({ length: 20_000 }, (_, at) => ({ name: `l${at}`, flag: '2', link: '' }));
  const pax = { name: 'x', flag: 'x', body: paxBody([['linkpath', target]]) };
  const layer = await readBytes(tarOf(...links.flatMap((link) => [pax, link])));
  const image = composeImage(
    manifestOf([layer.digest]),
    configOf([layer.diffId]),
    new Map([[layer.digest, layer]]),
  );
  expect(hiding(image)).toContain('too-many-entries');
  const many = Array.from({ length: 2000 }, () => layer.digest);
  expect(composeImage(manifestOf(many), configOf(many), new Map([[layer.digest, layer]])).complete).toBe(
    false,
  );
});

it('composes forty layers of fifty thousand entries each', async () => {
  const entries = Array.from({ length: 50_000 }, (_, at) => ({
    name: `usr/share/doc/package-${at % 500}/file-${at}`,
  }));
  const big = await readBytes(tarOf(...entries));
  const first = await readBytes(base);
  const list = [first, ...Array.from({ length: 40 }, () => big)];
  const image = composeImage(
    manifestOf(list.map(({ digest }) => digest)),
    configOf(list.map(({ diffId }) => diffId)),
    new Map(list.map((layer) => [layer.digest, layer])),
  );
  expect(image.complete).toBe(true);
  expect(image.packages).toHaveLength(2);
});
