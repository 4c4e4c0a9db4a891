import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { configOf, manifestOf, readBytes, tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { composeInProcess } from '../../server/src/inspection/compose-process.ts';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { debianTar } from '../harness/debian-image.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';

async function imageOf(layers: readonly Buffer[]): Promise<ImageInventory> {
  const read = await Promise.all(layers.map((bytes) => readBytes(bytes)));
  const config = configOf(read.map(({ diffId }) => diffId));
  return composeImage(
    manifestOf(read.map(({ digest }) => digest)),
    config,
    new Map(read.map((one) => [one.digest, one])),
  );
}

/** The layers of an archive that `docker save` wrote. */
function layersOf(archive: Buffer): Buffer[] {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const name = archive.toString('latin1', at, at + 100).replace(/\0[^]*$/, '');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    files.set(name, archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  const [{ Layers }] = JSON.parse(files.get('manifest.json')!.toString()) as [{ Layers: string[] }];
  return Layers.map((name) => files.get(name)!);
}

/** What counts: no secret of any kind, no data, no configuration. */
function counted({ secrets, baked }: ImageInventory): unknown {
  const places = baked!.places.filter(({ kind }) => kind === 'data' || kind === 'configuration');
  return { complete: [secrets!.complete, baked!.complete], secrets: secrets!.found, places };
}

const nothing = { complete: [true, true], secrets: [], places: [] };

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))('images of Alpine as they are', () => {
  test.each(['alpine-310', 'alpine-311'])('%s holds no secrets, data or configuration', async (name) => {
    const path = join(process.env['WHARFINGER_TEST_DATA']!, `images/${name}.tar.gz`);
    expect(counted(await imageOf(layersOf(gunzipSync(readFileSync(path)))))).toEqual(nothing);
  });
});

describe.skipIf(lacksRoot() || lacksTools(['debootstrap']))(
  'an image of Debian',
  { timeout: 300_000 },
  () => {
    test('holds no secrets, data or configuration as it is', async () => {
      expect(counted(await imageOf([readFileSync(await debianTar())]))).toEqual(nothing);
    });

    test('tells what a later layer puts into it, by way of the processes of the server too', async () => {
      const token = ['sk_', 'live_', '4eC39HqLyjWDarjtT1zdp7dc'].join('');
      const added = tarOf(
        { name: 'srv/app/.env.production', body: `STRIPE=${token}\n` },
        { name: 'srv/app/shop.sqlite', body: 'SQLite format 3\0 and pages' },
      );
      const layers = await Promise.all(
        [readFileSync(await debianTar()), added].map((bytes) => readBytes(bytes)),
      );
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
      expect(counted(inventory)).toMatchObject({
        secrets: [
          { rule: 'stripe-key', severity: 'critical', path: 'srv/app/.env.production', layer: 1, line: 1 },
        ],
        places: [
          { id: 'sqlite-database', path: 'srv/app/shop.sqlite', layer: 1 },
          { id: 'environment-file', path: 'srv/app/.env.production', layer: 1 },
        ],
      });
      expect(JSON.stringify(inventory)).not.toContain(token.slice(8, 20));
    });
  },
);
