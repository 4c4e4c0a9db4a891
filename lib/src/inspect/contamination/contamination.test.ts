import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dpkgStatus, imageOf, paxBody, type FixtureEntry } from '../layer-fixture.ts';
import { debianSystem, dpkgRecords, layer, md5, told, type Installed } from './contamination.fixtures.ts';
import { listedFiles } from './contamination.ts';

const coreutils: Installed = {
  version: '9.1',
  files: {
    'usr/bin/ls': 'ls',
    'usr/bin/cat': 'cat',
    'usr/lib/libx.so': 'libx',
    'usr/sbin/script': '#!/bin/sh',
    'usr/share/doc/coreutils/README': 'read me',
    'usr/bin/empty': '',
  },
};
const base = debianSystem({ coreutils });
const clean = layer(...base);

const all = (...more: readonly FixtureEntry[]) => imageOf(clean, layer(...more));

test('an image that is as its packages brought it names nothing', async () => {
  const image = await imageOf(clean);
  expect(told(image)).toEqual([]);
  expect(image.contamination).toMatchObject({ complete: true, unrecorded: [] });
});

const tampered: readonly FixtureEntry[] = [
  { name: 'usr/bin/ls', body: 'evil', mode: 0o755 },
  { name: 'usr/lib/libx.so', body: 'evil' },
  { name: 'usr/sbin/script', body: '#!/bin/evil', mode: 0o755 },
  { name: 'usr/bin/added', body: 'evil', mode: 0o755 },
  { name: 'usr/bin/.wh.cat' },
];
const five = [
  'modified usr/bin/ls #1',
  'modified usr/lib/libx.so #1',
  'modified usr/sbin/script #1',
  'missing usr/bin/cat #1',
  'unowned usr/bin/added #1',
];

describe('tampering', () => {
  test('is named with the layer that did it', async () => {
    const image = await all(...tampered);
    expect(told(image)).toEqual(expect.arrayContaining(five));
    expect(told(image)).toEqual(
      expect.arrayContaining([
        'added-executable usr/bin/added #1',
        'changed-executable usr/bin/ls #1',
        'changed-executable usr/sbin/script #1',
      ]),
    );
    expect(told(image)).toHaveLength(8);
    const ls = image.contamination!.files.find(({ path }) => path === 'usr/bin/ls');
    expect(ls).toMatchObject({
      package: { type: 'deb', name: 'coreutils' },
      recorded: `md5:${md5('ls')}`,
      found: `md5:${md5('evil')}`,
    });
  });

  test('is named also when a later layer rewrote the records of the same version', async () => {
    const files: Record<string, string> = {
      ...coreutils.files,
      'usr/bin/ls': 'evil',
      'usr/lib/libx.so': 'evil',
      'usr/sbin/script': '#!/bin/evil',
      'usr/bin/added': 'evil',
    };
    const { 'usr/bin/cat': _gone, ...rewritten } = files;
    const image = await imageOf(
      clean,
      layer(...tampered),
      layer(...dpkgRecords('coreutils', { ...coreutils, files: rewritten })),
    );
    expect(told(image)).toEqual(expect.arrayContaining(five));
    const records = told(image).filter((one) => one.startsWith('record-rewritten'));
    expect(new Set(records)).toEqual(
      new Set(
        ['usr/bin/added', 'usr/bin/cat', 'usr/bin/ls', 'usr/lib/libx.so', 'usr/sbin/script'].map(
          (path) => `record-rewritten ${path} #2`,
        ),
      ),
    );
  });

  test('is named when the records are taken away or are led elsewhere', async () => {
    const hidden = await all(...tampered, { name: 'var/lib/dpkg/.wh.info' });
    expect(told(hidden)).toEqual(expect.arrayContaining(five));
    const elsewhere = dpkgRecords('coreutils', { ...coreutils, files: { 'usr/bin/ls': 'evil' } }).map(
      (entry) => ({
        ...entry,
        name: String(entry.name).replace('var/lib/dpkg/info', 'opt/info'),
      }),
    );
    const link = { name: 'var/lib/dpkg/info', flag: '2', link: '/opt/info' };
    const led = await all(...tampered, ...elsewhere, { name: 'var/lib/dpkg/.wh.info' }, link);
    expect(told(led)).toEqual(expect.arrayContaining([...five, 'record-rewritten usr/bin/ls #1']));
  });

  test('is named when a file becomes a link to something else, or a folder', async () => {
    const image = await all(
      { name: 'opt/ls', body: 'evil' },
      { name: 'usr/bin/ls', flag: '2', link: '/opt/ls' },
      { name: 'usr/bin/.wh.cat' },
      { name: 'usr/bin/cat/x', body: 'x' },
    );
    expect(told(image)).toEqual(
      expect.arrayContaining([
        'modified usr/bin/ls #1',
        'modified usr/bin/cat #0',
        'unowned usr/bin/cat/x #1',
      ]),
    );
  });

  test('a version that changes alone is a record that was rewritten', async () => {
    const status = {
      name: 'var/lib/dpkg/status',
      body: dpkgStatus({ 'base-files': '12.4+deb12u5', coreutils: '9.9' }),
    };
    const image = await all(status);
    expect(image.contamination!.files).toMatchObject([
      { kind: 'record-rewritten', layer: 1, package: { name: 'coreutils' }, recorded: '9.1', found: '9.9' },
    ]);
  });

  test('files of a package that vanishes from the database are nobody\u2019s', async () => {
    const image = await all({
      name: 'var/lib/dpkg/status',
      body: dpkgStatus({ 'base-files': '12.4+deb12u5' }),
    });
    expect(told(image)).toEqual(
      expect.arrayContaining(['unowned usr/bin/ls #0', 'unowned usr/lib/libx.so #0']),
    );
  });
});

describe('what package managers and people do', () => {
  test('an upgrade and a removal are no tampering', async () => {
    const upgraded: Installed = { version: '9.2', files: { 'usr/bin/ls': 'ls 9.2', 'usr/bin/new': 'new' } };
    const removed = ['cat', 'empty'].map((name) => ({ name: `usr/bin/.wh.${name}` }));
    const others = [
      { name: 'usr/lib/.wh.libx.so' },
      { name: 'usr/sbin/.wh.script' },
      { name: 'usr/share/doc/coreutils/.wh.README' },
    ];
    const upgrade = layer(...debianSystem({ coreutils: upgraded }), ...removed, ...others);
    expect(told(await imageOf(clean, upgrade))).toEqual([]);
    const gone = layer(
      ...debianSystem({}),
      { name: 'usr/.wh.bin' },
      { name: 'usr/lib/.wh.libx.so' },
      { name: 'usr/.wh.sbin' },
      { name: 'var/lib/dpkg/info/.wh.coreutils.list' },
      { name: 'var/lib/dpkg/info/.wh.coreutils.md5sums' },
    );
    expect(told(await imageOf(clean, gone))).toEqual([]);
  });

  test('the same package for another architecture is no other record of the first', async () => {
    const both = { 'usr/lib/x86_64-linux-gnu/libx.so': 'x', 'usr/share/doc/libx/copyright': 'free' };
    const libx: Installed = { version: '1', files: both };
    const records = (architecture: string, files: Readonly<Record<string, string>>) =>
      dpkgRecords(`libx:${architecture}`, { version: '1', files });
    const files = (all: Readonly<Record<string, string>>) =>
      Object.entries(all).map(([name, body]) => ({ name, body }));
    const status = (...architectures: readonly string[]) => ({
      name: 'var/lib/dpkg/status',
      body: [
        dpkgStatus({ 'base-files': '12.4+deb12u5' }),
        ...architectures.map(
          (one) =>
            `Package: libx\nStatus: install ok installed\nArchitecture: ${one}\nVersion: 1\nConffiles:\n /etc/x ${md5('x')}\n`,
        ),
      ].join('\n'),
    });
    const first = layer(
      ...debianSystem({}),
      status('amd64'),
      { name: 'etc/x', body: 'x' },
      ...files(libx.files),
      ...records('amd64', libx.files),
    );
    expect(told(await imageOf(first))).toEqual([]);
    const other = { 'usr/lib/i386-linux-gnu/libx.so': 'x32', 'usr/share/doc/libx/copyright': 'free' };
    const second = layer(status('amd64', 'i386'), ...files(other), ...records('i386', other));
    expect(told(await imageOf(first, second))).toEqual([]);
    const changed = layer({ name: 'usr/lib/x86_64-linux-gnu/libx.so', body: 'evil' });
    expect(told(await imageOf(first, second, changed))).toEqual([
      'modified usr/lib/x86_64-linux-gnu/libx.so #2',
    ]);
  });

  test('documentation that is left out is told apart', async () => {
    expect(told(await all({ name: 'usr/share/doc/.wh.coreutils' }))).toEqual([
      'missing-documentation usr/share/doc/coreutils/README #1',
    ]);
  });

  test('what was never there is not missing', async () => {
    const [, ...without] = base.filter(({ name }) => name !== 'usr/bin/ls');
    expect(
      told(
        await imageOf(
          layer({ name: 'etc/os-release', flag: '2', link: '../usr/lib/os-release' }, ...without),
        ),
      ),
    ).toEqual([]);
  });

  test('merged folders are followed: a record says bin, the file lies in usr/bin', async () => {
    const merged: Installed = {
      ...coreutils,
      recordedAs: (path) => path.replace(/^usr\/(bin|lib|sbin)\//, '$1/'),
    };
    const links = ['bin', 'lib', 'sbin'].map((name) => ({ name, flag: '2', link: `usr/${name}` }));
    const entries = debianSystem({ coreutils: merged }, links);
    expect(told(await imageOf(layer(...entries)))).toEqual([]);
    const changed = await imageOf(
      layer(...entries),
      layer({ name: 'usr/bin/ls', body: 'evil', mode: 0o755 }),
    );
    expect(told(changed)).toEqual(['modified bin/ls #1', 'changed-executable usr/bin/ls #1']);
  });

  test('diverted files are looked for where they were diverted to', async () => {
    const dash: Installed = { version: '1', files: { 'usr/bin/ls': 'of dash' } };
    const entries = debianSystem({ coreutils, dash }, [
      { name: 'usr/bin/ls.distrib', body: 'ls' },
      { name: 'usr/bin/ls', body: 'of dash', mode: 0o755 },
      { name: 'var/lib/dpkg/diversions', body: '/usr/bin/ls\n/usr/bin/ls.distrib\ndash\n' },
    ]);
    expect(told(await imageOf(layer(...entries)))).toEqual([]);
    const local = await all(
      { name: 'usr/bin/ls.real', body: 'ls' },
      { name: 'usr/bin/ls', body: 'evil', mode: 0o755 },
      { name: 'var/lib/dpkg/diversions', body: '/usr/bin/ls\n/usr/bin/ls.real\n:\n' },
    );
    expect(told(local)).toEqual(expect.arrayContaining(['unowned usr/bin/ls #1']));
  });

  test('configuration is told apart', async () => {
    const body = `${dpkgStatus({ 'base-files': '12.4+deb12u5', app: '1' })}Conffiles:\n /etc/app.conf ${md5('as shipped')}\n`;
    const app: Installed = { version: '1', files: { 'usr/bin/app': 'app' } };
    const entries = debianSystem({ app }, [
      { name: 'etc/app.conf', body: 'as shipped' },
      { name: 'var/lib/dpkg/status', body },
    ]);
    expect(told(await imageOf(layer(...entries)))).toEqual([]);
    const changed = await imageOf(layer(...entries), layer({ name: 'etc/app.conf', body: 'mine' }));
    expect(told(changed)).toEqual(['configuration etc/app.conf #1']);
  });

  test('bytecode and caches that tools make are nobody\u2019s fault, another file beside them is', async () => {
    const image = await all(
      { name: 'usr/lib/python3/__pycache__/x.cpython-311.pyc', body: 'made' },
      { name: 'usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache', body: 'made' },
      { name: 'usr/lib/python3/__pycache__/x.so', body: 'evil' },
      { name: 'usr/local/bin/app', body: 'mine' },
      { name: 'opt/app', body: 'mine' },
    );
    expect(told(image)).toEqual(['unowned usr/lib/python3/__pycache__/x.so #1']);
  });
});

test('an image without packages has no system files to be owned', async () => {
  const image = await imageOf(layer({ name: 'usr/bin/app', body: 'app', mode: 0o755 }));
  expect(told(image)).toEqual([]);
  expect(image.contamination!.complete).toBe(true);
});

test('setuid bits and capabilities are told of with their owner', async () => {
  const attribute = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1');
  const body = paxBody([['SCHILY.xattr.security.capability', attribute]]);
  const image = await all(
    { name: 'usr/bin/ls', body: 'ls', mode: 0o4755 },
    { name: 'pax', flag: 'x', body },
    { name: 'opt/ping', body: 'ping' },
  );
  expect(image.contamination!.files).toMatchObject([
    { kind: 'setuid', path: 'usr/bin/ls', layer: 1, package: { name: 'coreutils' }, detail: 'setuid' },
    { kind: 'capability', path: 'opt/ping', layer: 1, detail: 'cap_net_raw' },
  ]);
});

describe('what cannot be compared', () => {
  test('is never clean where a layer shows another package manager and so keeps a digest from being made', async () => {
    const image = await all({ name: 'lib/apk/db/lock' }, { name: 'usr/bin/ls', body: 'evil' });
    expect(told(image)).toContain('unchecked usr/bin/ls #1');
    expect(image.contamination).toMatchObject({
      complete: false,
      reason: '1 of its files or packages could not be compared',
    });
  });

  test('is never clean where a package of dpkg has no record of files', async () => {
    const without = base.filter(({ name }) => !String(name).includes('info/coreutils'));
    const image = await imageOf(layer(...without));
    expect(told(image)).toContain('unchecked deb coreutils #0');
    expect(image.contamination!.complete).toBe(false);
  });

  test('is never clean where a layer took the package database away, and is compared with what it said', async () => {
    const image = await all(
      ...tampered,
      { name: 'var/lib/dpkg/.wh.status' },
      { name: 'var/lib/dpkg/.wh.info' },
    );
    expect(told(image)).toEqual(expect.arrayContaining(five));
    expect(image.contamination).toMatchObject({
      complete: false,
      reason: 'a layer took the package database away',
    });
  });

  test('is said of languages whose packages record nothing', async () => {
    const image = await all({ name: 'app/node_modules/a/package.json', body: '{"name":"a","version":"1"}' });
    expect(image.contamination).toMatchObject({ complete: true, unrecorded: ['npm'] });
  });
});

test('files of Python packages are compared with their RECORD, also when a later layer rewrote it', async () => {
  const folder = 'usr/local/lib/python3.12/site-packages';
  const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
  const record = (body: string) =>
    `demo/__init__.py,sha256=${sha256(body)},${body.length}\ndemo-1.0.dist-info/RECORD,,\n`;
  const installed = layer(
    ...base,
    { name: `${folder}/demo/__init__.py`, body: 'good' },
    {
      name: `${folder}/demo-1.0.dist-info/METADATA`,
      body: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n',
    },
    { name: `${folder}/demo-1.0.dist-info/RECORD`, body: record('good') },
  );
  expect(told(await imageOf(installed))).toEqual([]);
  const changed = layer({ name: `${folder}/demo/__init__.py`, body: 'evil' });
  const modified = `modified ${folder}/demo/__init__.py #1`;
  expect(told(await imageOf(installed, changed))).toEqual([modified]);
  const rewritten = layer({ name: `${folder}/demo-1.0.dist-info/RECORD`, body: record('evil') });
  expect(told(await imageOf(installed, changed, rewritten))).toEqual([
    modified,
    `record-rewritten ${folder}/demo/__init__.py #2`,
  ]);
});

test('counts are exact, and lists are bounded', async () => {
  const added = Array.from({ length: 250 }, (_, index) => ({
    name: `usr/bin/x${String(index).padStart(3, '0')}`,
    body: 'x',
  }));
  const { contamination } = await all(...added);
  expect(contamination!.counts.unowned).toBe(250);
  const listed = contamination!.files.filter(({ kind }) => kind === 'unowned').map(({ path }) => path);
  expect(listed).toEqual(added.slice(0, listedFiles).map(({ name }) => name));
});

test('sums that other programs keep in a form of their own hide nothing, those of dpkg that cannot be read do', async () => {
  const body = `${md5('x')}  /etc/pam.d/x\n${md5('y')}\t# 1.0\n`;
  expect((await all({ name: 'usr/share/pam/x.md5sums', body })).complete).toBe(true);
  expect((await all({ name: 'var/lib/dpkg/info/x.md5sums', body })).complete).toBe(false);
});
