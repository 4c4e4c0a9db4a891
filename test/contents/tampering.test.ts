import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageInventory, LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { configOf, manifestOf, tarOf, type FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { composeInProcess } from '../../server/src/inspection/compose-process.ts';
import { inspectLayers, type LayerInput } from '../../server/src/inspection/inspect-process.ts';
import { attempt, run } from '../harness/command.ts';
import { debianTar } from '../harness/debian-image.ts';
import { hashFile } from '../harness/oci-layout.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';

/** Composes an image of layers as the server does, in processes of their own. */
async function compose(layers: readonly LayerInventory[]): Promise<ImageInventory> {
  const { inventory } = await composeInProcess(
    {
      manifest: manifestOf(layers.map(({ digest }) => digest)),
      config: configOf(layers.map(({ diffId }) => diffId)),
      async *layers() {
        for (const layer of layers) yield [layer.digest, packInventory(layer)] as const;
      },
    },
    { memory: 512 * 1024 ** 2, seconds: 300 },
  );
  return inventory;
}

async function inspect(inputs: readonly LayerInput[]): Promise<readonly LayerInventory[]> {
  return Array.fromAsync(inspectLayers(inputs, defaultLimits));
}

function inputOf(entries: readonly FixtureEntry[]): LayerInput {
  const bytes = gzipSync(tarOf(...entries));
  return {
    digest: digestOf(bytes),
    source: {
      async *stream() {
        yield bytes;
      },
    },
  };
}

/** Files of the kinds that say that somebody tampered with an image. */
function tampering({ contamination }: ImageInventory): string[] {
  const kinds = new Set(['modified', 'missing', 'record-rewritten', 'unowned', 'unchecked', 'configuration']);
  return contamination!.files
    .filter(({ kind }) => kinds.has(kind))
    .map(({ kind, path, layer }) => `${kind} ${path} #${layer}`);
}

const changed = ['usr/bin/ls', 'usr/lib/x86_64-linux-gnu/libz.so.1.2.13', 'usr/bin/ldd'];
const second: readonly FixtureEntry[] = [
  ...changed.map((name) => ({ name, body: `#!/bin/sh\n# in place of ${name}\n`, mode: 0o755 })),
  { name: 'usr/bin/helper', body: '#!/bin/sh\n', mode: 0o755 },
  { name: 'usr/bin/.wh.yes' },
];

describe.skipIf(lacksTools(['debootstrap', 'dpkg', 'tar']) || lacksRoot())('a Debian image', () => {
  let folder: string;
  let base: LayerInventory;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tampering-'));
    const tar = await debianTar();
    const digest = `sha256:${await hashFile(tar)}` as const;
    [base] = (await inspect([{ digest, source: { path: tar } }])) as [LayerInventory];
    await run(['tar', '--numeric-owner', '-C', folder, '-xf', tar]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('that nobody touched names nothing', async () => {
    const image = await compose([base]);
    expect(tampering(image)).toEqual([]);
    expect(image.complete).toBe(true);
    expect(image.contamination).toMatchObject({ complete: true, unrecorded: [] });
    expect(image.executables).toMatchObject({ foreign: 0, files: [] });
    expect(image.executables!.all).toBeGreaterThan(500);
    expect(image.accounts).toMatchObject({ complete: true, found: [] });
  });

  test.skipIf(lacksTools(['useradd', 'usermod', 'chpasswd']))(
    'names who was let in by the tools of Debian itself, and the layer',
    async () => {
      const names = ['etc/passwd', 'etc/shadow'];
      const before = names.map((name) => readFileSync(join(folder, name)));
      try {
        await run(['useradd', '--root', folder, '-o', '-u', '0', '-M', 'toor']);
        await run(['useradd', '--root', folder, '-M', 'ann']);
        await run(['usermod', '--root', folder, '-p', '', 'ann']);
        await run(['chpasswd', '--root', folder], { input: 'root:not a secret\n' });
        const entries = names.map((name) => ({ name, body: readFileSync(join(folder, name)) }));
        const [layer] = (await inspect([inputOf(entries)])) as [LayerInventory];
        const { accounts, contamination } = await compose([base, layer]);
        expect(accounts!.complete).toBe(true);
        expect(
          accounts!.found.map(({ kind, account, path, layer: at }) => `${kind} ${account} ${path} #${at}`),
        ).toEqual([
          'passwordless ann etc/shadow #1',
          'password root etc/shadow #1',
          'administrator toor etc/passwd #1',
        ]);
        expect(contamination!.counts).toMatchObject({ modified: 0, configuration: 0 });
      } finally {
        for (const [at, name] of names.entries()) writeFileSync(join(folder, name), before[at]!);
      }
    },
  );

  test('with a program, a library and a script changed, a file added and one removed names all five, as dpkg does', async () => {
    const [layer] = (await inspect([inputOf(second)])) as [LayerInventory];
    const image = await compose([base, layer]);
    const told = tampering(image);
    expect(told).toEqual(
      expect.arrayContaining([
        'modified bin/ls #1',
        'modified lib/x86_64-linux-gnu/libz.so.1.2.13 #1',
        'modified usr/bin/ldd #1',
        'missing usr/bin/yes #1',
        'unowned usr/bin/helper #1',
      ]),
    );
    expect(told).toHaveLength(5);

    for (const { name, body } of second) {
      if (body !== undefined) writeFileSync(join(folder, String(name)), body);
    }
    rmSync(join(folder, 'usr/bin/yes'));
    const { stdout } = await attempt(['dpkg', `--root=${folder}`, '--verify']);
    const ofDpkg = stdout
      .trim()
      .split('\n')
      .map(
        (line) =>
          `${line.startsWith('missing') ? 'missing' : 'modified'} ${line.split(/\s+/).at(-1)!.slice(1)} #1`,
      );
    expect(told.filter((one) => !one.startsWith('unowned')).toSorted()).toEqual(ofDpkg.toSorted());
  });

  test('names them also when a later layer rewrote what dpkg has', async () => {
    const info = 'var/lib/dpkg/info';
    const md5 = (name: string): string =>
      createHash('md5')
        .update(String(second.find((one) => one.name === name)!.body))
        .digest('hex');
    const rewrite = (file: string, replace: (text: string) => string): FixtureEntry => ({
      name: `${info}/${file}`,
      body: replace(readFileSync(join(folder, info, file), 'utf8')),
    });
    const sums = (place: string, name: string) => (text: string) =>
      text.replace(new RegExp(`^[0-9a-f]{32}  ${place}$`, 'm'), `${md5(name)}  ${place}`);
    const third: readonly FixtureEntry[] = [
      rewrite(
        'coreutils.md5sums',
        (text) =>
          `${sums('bin/ls', 'usr/bin/ls')(text).replace(/^.*usr\/bin\/yes\n/m, '')}${md5('usr/bin/helper')}  usr/bin/helper\n`,
      ),
      rewrite('coreutils.list', (text) => `${text.replace('/usr/bin/yes\n', '')}/usr/bin/helper\n`),
      rewrite('zlib1g:amd64.md5sums', sums('lib/x86_64-linux-gnu/libz.so.1.2.13', changed[1]!)),
      rewrite('libc-bin.md5sums', sums('usr/bin/ldd', 'usr/bin/ldd')),
    ];
    const layers = await inspect([inputOf(second), inputOf(third)]);
    const told = tampering(await compose([base, ...layers]));
    expect(told.toSorted()).toEqual(
      [
        'missing usr/bin/yes #1',
        'modified bin/ls #1',
        'modified lib/x86_64-linux-gnu/libz.so.1.2.13 #1',
        'modified usr/bin/ldd #1',
        'record-rewritten bin/ls #2',
        'record-rewritten lib/x86_64-linux-gnu/libz.so.1.2.13 #2',
        'record-rewritten usr/bin/helper #2',
        'record-rewritten usr/bin/ldd #2',
        'record-rewritten usr/bin/yes #2',
        'unowned usr/bin/helper #1',
      ].toSorted(),
    );

    // dpkg itself believes the records as they are now
    for (const { name, body } of third) writeFileSync(join(folder, String(name)), String(body));
    const { stdout } = await attempt(['dpkg', `--root=${folder}`, '--verify']);
    expect(stdout).toBe('');
  });
});

test.skipIf(process.env['WHARFINGER_TEST_DATA'] === undefined || lacksTools(['tar']))(
  'two images of Alpine name nothing but the passwords that their builder locked, and let nobody in',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'alpine-'));
    try {
      for (const version of ['310', '311']) {
        const archive = join(process.env['WHARFINGER_TEST_DATA']!, `images/alpine-${version}.tar.gz`);
        const place = join(folder, version);
        mkdirSync(place);
        await run(['tar', '-C', place, '-xzf', archive]);
        const [saved] = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as [
          { Layers: [string] },
        ];
        const path = join(place, saved.Layers[0]);
        const digest = `sha256:${await hashFile(path)}` as const;
        const image = await compose(
          await inspect([{ digest, source: { stream: () => createReadStream(path) } }]),
        );
        expect(tampering(image)).toEqual([]);
        // apk recorded that root needs no password, which is what their builder mended
        expect(image.contamination!.counts).toMatchObject({ configuration: 0, accounts: 1 });
        expect(image.accounts).toMatchObject({ complete: true, found: [] });
        expect(image.contamination!.complete).toBe(true);
        expect(image.executables!.foreign).toBe(0);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

const spec = `Name: demo
Version: 1.0
Release: 1
Summary: demo
License: MIT
BuildArch: noarch
%description
demo
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib %{buildroot}/etc
echo one > %{buildroot}/usr/bin/one
echo two > %{buildroot}/usr/bin/two
echo lib > %{buildroot}/usr/lib/libdemo.so
ln -s libdemo.so %{buildroot}/usr/lib/libdemo.so.1
echo conf > %{buildroot}/etc/demo.conf
%files
/usr/bin/one
/usr/bin/two
/usr/lib/libdemo.so
/usr/lib/libdemo.so.1
%config /etc/demo.conf
`;

test.skipIf(lacksTools(['rpm', 'rpmbuild', 'tar']) || lacksRoot())(
  'files of a package of rpm that were changed or taken away are those that rpm finds',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tampering-rpm-'));
    const root = join(folder, 'root');
    const rpm = (...args: readonly string[]) =>
      attempt(['rpm', '--root', root, '--dbpath', '/var/lib/rpm', ...args]);
    try {
      mkdirSync(join(root, 'etc'), { recursive: true });
      writeFileSync(join(folder, 'demo.spec'), spec);
      await run([
        'rpmbuild',
        '--quiet',
        '--define',
        `_topdir ${folder}/top`,
        '-bb',
        join(folder, 'demo.spec'),
      ]);
      const installed = await rpm(
        '-i',
        '--nodeps',
        '--force-debian',
        '--force',
        join(folder, 'top/RPMS/noarch/demo-1.0-1.noarch.rpm'),
      );
      expect(installed).toMatchObject({ code: 0 });
      const tar = join(folder, 'base.tar');
      await run(['tar', '-C', root, '-cf', tar, '.']);
      const input: LayerInput = { digest: `sha256:${await hashFile(tar)}`, source: { path: tar } };
      const [base] = (await inspect([input])) as [LayerInventory];
      expect(tampering(await compose([base]))).toEqual([]);
      const layer: readonly FixtureEntry[] = [
        { name: 'usr/bin/one', body: 'evil\n', mode: 0o644 },
        { name: 'etc/demo.conf', body: 'mine\n' },
        { name: 'usr/bin/added', body: 'evil\n', mode: 0o755 },
        { name: 'usr/bin/.wh.two' },
      ];
      const told = tampering(await compose([base, ...(await inspect([inputOf(layer)]))]));
      expect(told).toEqual([
        'modified usr/bin/one #1',
        'configuration etc/demo.conf #1',
        'missing usr/bin/two #1',
        'unowned usr/bin/added #1',
      ]);

      for (const { name, body } of layer)
        if (body !== undefined) writeFileSync(join(root, String(name)), body);
      rmSync(join(root, 'usr/bin/two'));
      const { stdout } = await rpm('-V', '--nodeps', 'demo');
      const ofRpm = stdout
        .trim()
        .split('\n')
        .map(
          (line) =>
            `${line.startsWith('missing') ? 'missing' : / c /.test(line) ? 'configuration' : 'modified'} ${line.split(/\s+/).at(-1)!.slice(1)} #1`,
        );
      expect(told.filter((one) => !one.startsWith('unowned')).toSorted()).toEqual(ofRpm.toSorted());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
