import { expect, test } from 'vitest';
import { layerOf, readBytes } from '../layer-fixture.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { compareFiles } from './compare-files.ts';

async function placed(...blobs: readonly Buffer[]): Promise<PlacedLayer[]> {
  const layers = [];
  for (const [layer, blob] of blobs.entries()) layers.push({ inventory: await readBytes(blob), layer });
  return layers;
}

const base = () =>
  layerOf(
    { 'a/same': '1', 'a/changed': '1', 'a/gone': '1', 'b/deep/x': '1', kind: '1', empty: '' },
    {
      name: 'link',
      flag: '2',
      link: 'a',
    },
  );

test('files that were added, removed and changed are told apart, with what changed', async () => {
  const after = await placed(
    base(),
    layerOf(
      { 'a/changed': '2', 'a/.wh.gone': '', 'c/new': '1', 'b/.wh.deep': '' },
      { name: 'a/same', body: '1', mode: 0o755 },
      { name: 'link', flag: '2', link: 'b' },
      { name: 'kind', flag: '2', link: 'a' },
    ),
  );
  const changes = compareFiles(await placed(base()), after, 10);
  expect(changes).toMatchObject({ counts: { added: 1, removed: 2, changed: 4 }, complete: true });
  expect(
    changes.files.map(({ path, aspects, before, after: now }) => [path, aspects, before?.layer, now?.layer]),
  ).toEqual([
    ['c/new', undefined, undefined, 1],
    ['a/gone', undefined, 0, undefined],
    ['b/deep/x', undefined, 0, undefined],
    ['a/changed', ['content'], 0, 1],
    ['a/same', ['mode'], 0, 1],
    ['kind', ['kind'], 0, 1],
    ['link', ['target'], 0, 1],
  ]);
  expect(compareFiles(await placed(base()), after, 1).files).toHaveLength(3);
});

test('the same files in other layers are the same', async () => {
  const [one, two] = [await placed(base()), await placed(layerOf({ 'a/gone': 'x' }), base())];
  expect(compareFiles(one, two, 10)).toEqual({
    counts: { added: 0, removed: 0, changed: 0 },
    files: [],
    complete: true,
  });
});

test('what could not be read whole is not called the same', async () => {
  const cut = await placed(base().subarray(0, 60));
  expect(compareFiles(cut, cut, 10).complete).toBe(false);
});
