import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checked, imageOfParts, push, type SmallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';

const app = Buffer.from(
  tarOf({ name: 'app/node_modules/left/package.json', body: '{"name":"left","version":"1.0.0"}' }),
);
const without = Buffer.from(tarOf({ name: '.wh.app', body: '' }));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

function imageOf(...layers: readonly [Buffer<ArrayBuffer>, ...Array<Buffer<ArrayBuffer>>]): SmallImage {
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: { User: '1000' },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
  };
  return imageOfParts(Buffer.from(JSON.stringify(config)), ...layers);
}

const get = async <T>(path: string): Promise<T> =>
  (await server.call('GET', `/api/v1/${path}`, { as: admin })).json() as unknown as T;

test('of a layer that stands in an image twice each place counts', async () => {
  for (const [tag, image] of [
    ['again', imageOf(app, without, app)],
    ['gone', imageOf(without, app, without)],
  ] as const) {
    expect(await push(server, image, 'team/app', tag)).toBe(201);
    await checked(server, 'team/app', image.digest);
  }
  const packagesOf = async (tag: string) =>
    (await get<{ facts: Facts }>(`images?repository=team/app&reference=${tag}`)).facts.inventory!.packages;
  expect(await packagesOf('again')).toMatchObject([{ name: 'left', layer: 2 }]);
  expect(await packagesOf('gone')).toEqual([]);
  const files = await get<{ entries: object[] }>(
    'files?repository=team/app&reference=again&path=/app/node_modules/left',
  );
  expect(files.entries).toMatchObject([{ path: 'app/node_modules/left/package.json', layer: 2 }]);
  const found = async (query: string) =>
    (await get<{ images: Array<{ tags: string[] }> }>(`search?${query}`)).images.map(({ tags }) => tags);
  expect(await found('package=left')).toEqual([['again']]);
  expect(await found(`layer=${digestOf(app)}`)).toEqual([['gone'], ['again']]);
});
