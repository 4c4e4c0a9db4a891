import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, manifestOf, rawLayer, type Layer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import { lacksPath } from '../requirements.ts';
import { openSetting, type Inspected, type Setting } from './setting.ts';

const folder = join(process.env['WHARFINGER_TEST_DATA'] ?? '', 'hostile');
const layerType = 'application/vnd.oci.image.layer.v1.tar';

function fileLayer(name: string): Layer {
  const bytes = readFileSync(join(folder, name));
  if (!name.endsWith('.gz')) return rawLayer(bytes, layerType);
  return { ...rawLayer(bytes, types.layerGzip), diffId: sha256(gunzipSync(bytes)) };
}

/** The image in an archive of `docker save`. */
function savedImage(name: string): Pushable {
  const member = (path: string): Buffer =>
    execFileSync('tar', ['-xO', '-f', join(folder, name), path], { maxBuffer: 1 << 26 });
  const [saved]: [{ Config: string; Layers: string[] }] = JSON.parse(member('manifest.json').toString());
  const layers = saved.Layers.map((path) => rawLayer(member(path), layerType));
  return manifestOf(layers, rawLayer(member(saved.Config), types.config), {});
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))(
  'crafted layers, pushed where only what passed is served',
  () => {
    let setting: Setting;
    let control: Inspected;
    beforeAll(async () => {
      setting = await openSetting();
      control = await setting.inspect('control', imageOf([fileLayer('normal.tar.gz')]));
    });
    afterAll(() => setting[Symbol.asyncDispose]());

    const inspect = (...names: string[]): Promise<Inspected> =>
      setting.inspect(names.join('-over-').replaceAll('.', '-'), imageOf(names.map(fileLayer)));

    function expectHeld(image: Inspected): void {
      expect(image).toMatchObject({ complete: false, status: 403, verdict: { outcome: 'hold' } });
      expect(image.verdict.reasons.map(({ routine }) => routine)).toContain('inventory-complete');
    }

    it('reads the control whole', () => {
      expect(control.packages).toHaveLength(732);
      expect(control).toMatchObject({
        complete: true,
        problems: [],
        status: 200,
        verdict: { outcome: 'allow' },
      });
    });

    it.each(['symlink', 'hardlink', 'dirsymlink', 'dup2', 'abs', 'dotdot', 'whabove'])(
      'finds in %s what the control has',
      async (name) => {
        for (const below of [[], ['normal.tar.gz']]) {
          const image = await inspect(...below, `${name}.tar.gz`);
          expect(image.packages).toEqual(control.packages);
        }
      },
    );

    it.each(['noos', 'osfake', 'dup', 'wh', 'whdir', 'opq'])('never serves %s', async (name) => {
      const image = await inspect(`${name}.tar.gz`);
      expectHeld(image);
    });

    it.each(['osfake', 'dup', 'wh', 'whdir', 'opq'])('never serves %s above the control', async (name) => {
      expectHeld(await inspect('normal.tar.gz', `${name}.tar.gz`));
    });

    const foreign = lacksFolder() ? [] : readdirSync(folder).filter((name) => !name.endsWith('.gz'));
    const attacks = /symlink-(?:attack|cycle|depth-exceeded)|oddlayer|rpmdb/;

    it.each(foreign.filter((name) => attacks.test(name)))('never serves %s', async (name) => {
      const image = await inspectForeign(name);
      expectHeld(image);
    });

    it.each(foreign.filter((name) => !attacks.test(name)))('reads %s whole', async (name) => {
      const image = await inspectForeign(name);
      expect(image).toMatchObject({ complete: true, problems: [], status: 200 });
    });

    function inspectForeign(name: string): Promise<Inspected> {
      const isSaved = name.startsWith('scalibr-') && name !== 'scalibr-image-empty.tar';
      const repository = name.replaceAll('.', '-').replaceAll('_', '-');
      return setting.inspect(repository, isSaved ? savedImage(name) : imageOf([fileLayer(name)]));
    }

    it('stays up, and small', async () => {
      expect((await setting.admin.send('GET', '/readyz')).status).toBe(200);
      expect(setting.peaks.server).toBeLessThan(1024 ** 3);
      expect(setting.peaks.workers).toBeGreaterThan(0);
      expect(setting.peaks.workers).toBeLessThan(600 * 1024 ** 2);
    });
  },
);

function lacksFolder(): boolean {
  return process.env['WHARFINGER_TEST_DATA'] === undefined;
}
