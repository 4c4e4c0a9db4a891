import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { composeImage } from './compose-image.ts';
import { isFields } from './json-fields.ts';
import type { ImageInventory, LayerInventory } from './inventory.ts';
import { imageOf, manifestOf, readBytes } from './layer-fixture.ts';
import { defaultLimits } from './limits.ts';
import { TarReader } from './tar/reader.ts';

// Real images and crafted layers are not part of the repository.
const folder = process.env['WHARFINGER_TEST_DATA'];

/** Files of an archive by name. */
function filesOf(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const reader = new TarReader(
    {
      entry({ name, type }) {
        if (type !== 'file') return undefined;
        const parts: Buffer[] = [];
        return {
          data: (part) => void parts.push(Buffer.from(part)),
          hole: () => {},
          end: () => void files.set(name, Buffer.concat(parts)),
        };
      },
      problem: () => {},
      secondArchive: () => {},
    },
    defaultLimits,
  );
  reader.push(bytes);
  reader.end();
  return files;
}

/** Takes apart what `docker save` wrote. */
async function savedImage(bytes: Buffer): Promise<ImageInventory> {
  const files = filesOf(bytes);
  const list: unknown = JSON.parse(files.get('manifest.json')!.toString());
  const entry: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!isFields(entry) || !Array.isArray(entry['Layers'])) throw new TypeError('no manifest.json');
  const layers: LayerInventory[] = [];
  for (const name of entry['Layers']) layers.push(await readBytes(files.get(String(name))!));
  return composeImage(
    manifestOf(layers.map(({ digest }) => digest)),
    files.get(String(entry['Config'])),
    new Map(layers.map((layer) => [layer.digest, layer])),
  );
}

async function golden(name: string): Promise<string[]> {
  const value: unknown = JSON.parse(
    gunzipSync(await readFile(join(folder!, 'packages', `${name}.json.gz`))).toString(),
  );
  if (!isFields(value) || !Array.isArray(value['packages'])) throw new TypeError('no packages');
  return value['packages']
    .filter(isFields)
    .map((one) => [one['name'], one['version'], one['source'] ?? one['name']].join(' '))
    .sort();
}

function named(image: ImageInventory): string[] {
  return image.packages.map(({ name, version, match }) => `${name} ${version} ${match.name}`).sort();
}

describe.skipIf(folder === undefined)('crafted layers (WHARFINGER_TEST_DATA)', () => {
  const layer = (name: string): Promise<Buffer> => readFile(join(folder!, 'hostile', name));

  it('reads the control whole', async () => {
    const image = await imageOf(await layer('normal.tar.gz'));
    expect(named(image)).toEqual(await golden('debian12-buildpack-like-2025-05'));
    expect(image).toMatchObject({ complete: true, distribution: { ecosystem: 'Debian:12' } });
  });

  it.each(['symlink', 'hardlink', 'dirsymlink', 'dup2', 'abs', 'dotdot', 'whabove'])(
    'finds the same packages in %s',
    async (name) => {
      const control = await imageOf(await layer('normal.tar.gz'));
      const image = await imageOf(await layer(`${name}.tar.gz`));
      expect(named(image)).toEqual(named(control));
      const above = await imageOf(await layer('normal.tar.gz'), await layer(`${name}.tar.gz`));
      expect(named(above)).toEqual(named(control));
    },
  );

  it.each(['noos', 'osfake', 'dup', 'wh', 'whdir', 'opq'])('never takes %s for clean', async (name) => {
    expect((await imageOf(await layer(`${name}.tar.gz`))).complete).toBe(false);
  });

  it.each(['osfake', 'dup', 'wh', 'whdir', 'opq'])(
    'never takes %s above the control for clean',
    async (name) => {
      expect((await imageOf(await layer('normal.tar.gz'), await layer(`${name}.tar.gz`))).complete).toBe(
        false,
      );
    },
  );

  it.each([
    'bad_name.tar',
    'concat.tar',
    'whiteout.layer',
    'whiteout_advanced.layer',
    'whiteout_opaque.layer',
  ])('reads claircore-%s whole', async (name) => {
    const image = await imageOf(await layer(`claircore-${name}`));
    expect(image).toMatchObject({ complete: true });
  });

  it('never takes a layer without end, or an rpm database in place of one, for clean', async () => {
    expect((await imageOf(await layer('claircore-oddlayer.tar'))).complete).toBe(false);
    expect((await imageOf(await layer('rpmdb-bdb-Packages_epoch'))).complete).toBe(false);
  });

  it('reads the images of scalibr whole, but for the three that attack', async () => {
    const attacks = ['attack', 'cycle', 'depth-exceeded'].map((name) => `scalibr-image-symlink-${name}.tar`);
    const names = (await readdir(join(folder!, 'hostile'))).filter((name) => name.startsWith('scalibr-'));
    const incomplete: string[] = [];
    for (const name of names) {
      const bytes = await layer(name);
      const image = name === 'scalibr-image-empty.tar' ? await imageOf(bytes) : await savedImage(bytes);
      if (!image.complete) incomplete.push(name);
    }
    expect(names).toHaveLength(13);
    expect(incomplete).toEqual(attacks);
  });
});

describe.skipIf(folder === undefined)('real images (WHARFINGER_TEST_DATA)', () => {
  it('finds the packages of Alpine 3.10 that others find', async () => {
    const image = await savedImage(gunzipSync(await readFile(join(folder!, 'images/alpine-310.tar.gz'))));
    expect(image).toMatchObject({
      complete: true,
      distribution: { id: 'alpine', version: '3.10.4', ecosystem: 'Alpine:v3.10' },
    });
    expect(image.packages).toHaveLength(14);
    const others = (await golden('trivy-golden-alpine-310')).map((line) => line.split(' ')[0]!);
    expect(image.packages.map(({ name }) => name).sort()).toEqual(others);
  });

  it('finds those of Alpine 3.11', async () => {
    const image = await savedImage(gunzipSync(await readFile(join(folder!, 'images/alpine-311.tar.gz'))));
    expect(image).toMatchObject({
      complete: true,
      distribution: { version: '3.11.5', ecosystem: 'Alpine:v3.11' },
    });
    expect(image.packages.find(({ name }) => name === 'libssl1.1')?.match.name).toBe('openssl');
    expect(image.layers[0]!.digest).toBe(image.layers[0]!.diffId);
  });
});
