import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { debianRelease, dpkgStatus, layerOf, readBytes } from '../layer-fixture.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { listFiles } from './list-files.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

async function placed(...blobs: readonly Buffer[]): Promise<PlacedLayer[]> {
  const layers = [];
  for (const [layer, blob] of blobs.entries()) layers.push({ inventory: await readBytes(blob), layer });
  return layers;
}

const image = () =>
  placed(
    layerOf(
      {
        'etc/os-release': debianRelease,
        'var/lib/dpkg/status': dpkgStatus({ tool: '1' }),
        'var/lib/dpkg/info/tool.md5sums': `${md5('tool')}  usr/bin/tool\n${md5('lib')}  usr/lib/libtool.so\n`,
        'var/lib/dpkg/info/tool.list': '/.\n/usr/bin/tool\n/usr/lib/libtool.so\n/usr/bin/alias\n',
        'usr/bin/tool': 'tool',
        'usr/lib/libtool.so': 'lib',
        'opt/gone': 'x',
      },
      { name: 'usr/bin/alias', flag: '2', link: 'tool' },
      { name: 'bin', flag: '2', link: 'usr/bin' },
      { name: 'empty/', flag: '5', mode: 0o700 },
      { name: 'dev/null', flag: '3' },
      { name: Buffer.from('opt/\xff\n', 'latin1'), body: 'odd' },
    ),
    layerOf({
      'usr/bin/tool': 'other',
      'usr/bin/more': 'mine',
      'opt/.wh.gone': '',
      'srv/a': '',
      'srv/b': 'b',
    }),
  );

test('the root of an image lists what all layers together have', async () => {
  const page = listFiles(await image(), { path: '/', limit: 100 });
  expect(page).toMatchObject({ path: '', total: 8, complete: true });
  expect(page.entries.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
    'link bin',
    'folder dev',
    'folder empty',
    'folder etc',
    'folder opt',
    'folder srv',
    'folder usr',
    'folder var',
  ]);
  expect(page.entries[2]).toEqual({
    name: 'empty',
    path: 'empty',
    kind: 'folder',
    mode: '0700',
    layer: 0,
    entries: 0,
  });
});

test('a folder is found through links, and its files tell whose they are and whether they were changed', async () => {
  const { entries, path } = listFiles(await image(), { path: 'bin', limit: 100 });
  expect(path).toBe('usr/bin');
  const tool = { type: 'deb', name: 'tool' };
  expect(entries).toMatchObject([
    { name: 'alias', kind: 'link', target: 'tool', package: tool, layer: 0 },
    { name: 'more', state: 'unowned', layer: 1, size: 4 },
    { name: 'tool', state: 'modified', package: tool, layer: 1, mode: '0644' },
  ]);
  expect(entries[2]?.digest).toBe(`sha256:${createHash('sha256').update('other').digest('hex')}`);
  const [library] = listFiles(await image(), { path: '/usr/lib/libtool.so', limit: 1 }).entries;
  expect(library).toMatchObject({ state: 'recorded', package: tool });
});

test('devices, names that are no text, and what is not there', async () => {
  const layers = await image();
  expect(listFiles(layers, { path: 'dev', limit: 9 }).entries).toMatchObject([{ kind: 'special' }]);
  const [odd] = listFiles(layers, { path: 'opt', limit: 9 }).entries;
  expect(odd).toMatchObject({ path: 'opt/\\xff\\x0a', size: 3 });
  expect(listFiles(layers, { path: odd!.path, limit: 9 }).entries).toEqual([odd]);
  for (const path of ['opt/gone', 'none', 'etc/os-release/x', 'bin/none'])
    expect(() => listFiles(layers, { path, limit: 9 })).toThrow(
      expect.objectContaining({ code: 'FILE_UNKNOWN' }),
    );
});

test('a layer by itself shows what it takes away, and what later layers hide of it', async () => {
  const layers = await image();
  expect(listFiles(layers, { path: 'opt', layer: 1, limit: 9 }).entries).toMatchObject([
    { name: 'gone', kind: 'whiteout', layer: 1 },
  ]);
  expect(listFiles(layers, { path: 'usr/bin', layer: 0, limit: 9 }).entries).toMatchObject([
    { name: 'alias', kind: 'link' },
    { name: 'tool', kind: 'file', hidden: true },
  ]);
  expect(listFiles(layers, { path: '', layer: 1, limit: 9 }).entries.map(({ name }) => name)).toEqual([
    'opt',
    'srv',
    'usr',
  ]);
  expect(() => listFiles(layers, { path: '', layer: 2, limit: 9 })).toThrow(/no layer 2/);
  expect(() => listFiles(layers, { path: 'etc', layer: 1, limit: 9 })).toThrow(/nothing at this path/);
});

test('files are found by their package and by their state', async () => {
  const layers = await image();
  const paths = (query: object) =>
    listFiles(layers, { path: '', limit: 9, ...query }).entries.map(({ path }) => path);
  expect(paths({ package: 'tool' })).toEqual(['usr/bin/alias', 'usr/bin/tool', 'usr/lib/libtool.so']);
  expect(paths({ state: 'modified' })).toEqual(['usr/bin/tool']);
  expect(paths({ state: 'unowned' })).toEqual(['usr/bin/more']);
  expect(paths({ state: 'unowned', path: 'opt' })).toEqual([]);
  expect(paths({ state: 'modified', layer: 1 })).toEqual(['usr/bin/tool']);
});

test('pages follow each other without a gap', async () => {
  const layers = await image();
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = listFiles(layers, { path: '', limit: 3, ...(after !== undefined && { after }) });
    expect(page.entries.length).toBeLessThanOrEqual(3);
    expect(page.total).toBe(8);
    seen.push(...page.entries.map(({ name }) => name));
    after = page.next;
  } while (after !== undefined);
  expect(seen).toEqual(['bin', 'dev', 'empty', 'etc', 'opt', 'srv', 'usr', 'var']);
});

test('of a layer that could not be read whole it is said', async () => {
  const [layer] = await placed(layerOf({ a: '1' }).subarray(0, 40));
  expect(listFiles([layer!], { path: '', limit: 9 }).complete).toBe(false);
});
