import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosigns, keyKinds } from '../harness/cosign.ts';
import { imageOf, indexOf, packed, smallRoot, type Layer } from '../harness/images.ts';
import { lacksPath, lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  reasonsAgainst,
  verdictOn,
  type Setting,
} from './setting.ts';

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('an official image', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting(keyKinds);
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  describe.each(cosigns)('signed by %s', (tool) => {
    it.each(keyKinds)('with %s is served, and was refused before', async (kind) => {
      const image = await publish(setting, `official/${tool}-${kind}`);
      const { reasons, passed } = await verdictOn(setting, image);
      expect(reasons.map(({ routine }) => routine)).toEqual(['signed']);
      expect(passed).toContain('inventory-complete');
      await expectHeld(setting, image, /not signed by a trusted key/);

      await setting.signer(kind).sign(tool, image.reference);
      // no waiting: who has signed is served at once
      await expectServed(setting, image);
      expect(await verdictOn(setting, image)).toMatchObject({ outcome: 'allow', reasons: [] });
    });

    it.skipIf(lacksPath('WHARFINGER_TEST_DATA'))('is served: a real Alpine Linux', async () => {
      expect((await setting.as.admin.post('advisories', aboutAlpine)).status).toBe(200);
      const image = await publish(setting, `official/alpine-${tool}`, imageOf([alpineLayer()]));
      expect(await reasonsAgainst(setting, image)).toEqual(['signed']);
      await expectHeld(setting, image, /not signed/);
      await setting.signer('p256').sign(tool, image.reference);
      await expectServed(setting, image);
    });

    it('as an index does not open its children; signed recursively it does', async () => {
      const repository = `official/index-${tool}`;
      const children = [];
      for (const architecture of ['amd64', 'arm64']) {
        const child = imageOf([smallRoot(`${tool} ${architecture}`)]);
        children.push({
          ...(await publish(setting, repository, child, architecture)),
          platform: { architecture, os: 'linux' },
        });
      }
      const index = await publish(setting, repository, indexOf(children), 'all');
      await expectHeld(setting, index, /not signed/);
      await setting.signer('p384').sign(tool, index.reference);
      await expectServed(setting, index);
      for (const child of children) await expectHeld(setting, child, /not signed/);

      await setting.signer('p384').sign(tool, index.reference, '--recursive');
      for (const image of [index, ...children]) await expectServed(setting, image);
    });
  });
});

/** Where no advisory is about a distribution, its packages are not known to be free of flaws. */
const aboutAlpine = JSON.stringify({
  id: 'TEST-1',
  modified: '2026-01-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'Alpine:v3.10', name: 'not-in-this-image' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
    },
  ],
});

/** The one layer of a real image that `docker save` wrote. */
function alpineLayer(): Layer {
  const archive = join(process.env['WHARFINGER_TEST_DATA']!, 'images/alpine-310.tar.gz');
  const member = (path: string): Buffer =>
    execFileSync('tar', ['-xzO', '-f', archive, path], { maxBuffer: 1 << 28 });
  const [{ Layers: layers }]: [{ Layers: string[] }] = JSON.parse(member('manifest.json').toString());
  expect(layers).toHaveLength(1);
  return packed(member(layers[0]!));
}
