import { expect, it } from 'vitest';
import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import {
  configOf,
  debianRelease,
  dpkgStatus,
  layerOf,
  manifestOf,
  readBytes,
} from '@wharfinger/lib/inspect/layer-fixture';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { composeSmall } from './compose-small.ts';

const files = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`file-${at}`, 'x']));
const small = await readBytes(
  layerOf({ 'etc/os-release': debianRelease, 'var/lib/dpkg/status': dpkgStatus({ curl: '7.88.1-10' }) }),
);

function compose(layer: LayerInventory, packed: Uint8Array = packInventory(layer), times = 1) {
  const manifest = manifestOf(Array.from({ length: times }, () => layer.digest));
  const config = configOf(manifest.layers.map(() => layer.diffId));
  const input = {
    manifest,
    config,
    async *layers() {
      yield [layer.digest, packed] as const;
    },
  };
  return {
    composed: composeSmall(input),
    expected: () => composeImage(manifest, config, new Map([[layer.digest, layer]])),
  };
}

it('gives what composing gives', async () => {
  const { composed, expected } = compose(small);
  expect(await composed).toEqual(expected());
});

it('leaves to a process what has many entries, is long, or is not what it must be', async () => {
  const many = await readBytes(layerOf(files(2100)));
  expect(await compose(many).composed).toBeUndefined();
  const long = { ...small, tree: { ...small.tree, links: { 0: 'x'.repeat(200_000) } } };
  expect(await compose(long).composed).toBeUndefined();
  expect(await compose({ ...small, digest: many.digest }, packInventory(small)).composed).toBeUndefined();
  expect(await compose(small, Buffer.from('no inventory')).composed).toBeUndefined();
});

it('leaves to a process what is small and takes long: one layer many times, and links that lead in circles', async () => {
  const some = await readBytes(layerOf(files(100)));
  expect(await compose(some, packInventory(some), 10).composed).toBeDefined();
  expect(await compose(some, packInventory(some), 30).composed).toBeUndefined();
  const circles = Array.from({ length: 100 }, (_, at) => ({
    name: `folder/link-${at}`,
    flag: '2',
    link: '.',
  }));
  const noted = { 'folder/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}' };
  expect(await compose(await readBytes(layerOf(noted, ...circles))).composed).toBeUndefined();
});
