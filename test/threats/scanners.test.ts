import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, smallRoot } from '../harness/images.ts';
import { checkedVerdict, sha256, until, visitor } from '../harness/registry-client.ts';
import { reportTypes } from '../scanners/adapter/media-types.ts';
import {
  answerWith,
  reportOn,
  startAdapters,
  type Asked,
  type MadeAdapters,
} from '../scanners/made-adapter.ts';
import { bindScanner, openSetting, type Setting } from '../scanners/setting.ts';

/** What the scanner reports: as it should, or about an image in which it found nothing before. */
let about: ((asked: Asked) => Asked) | undefined;
let setting: Setting;
let adapters: MadeAdapters;

beforeAll(async () => {
  adapters = await startAdapters({
    made: {
      report: (response, asked) => {
        if (about === undefined) response.writeHead(302, { 'refresh-after': '0' }).end();
        else answerWith(response, 200, reportTypes[0], reportOn(about(asked!)));
      },
    },
  });
  const made = { name: 'made', url: `${adapters.url}/made`, repositories: ['team/**'], concurrency: 8 };
  setting = await openSetting((url) => ({ publicUrl: url, scanners: { run: [made] } }));
  await bindScanner(setting.admin, 'made');
});
afterAll(async () => {
  await setting?.[Symbol.asyncDispose]();
  await adapters?.[Symbol.asyncDispose]();
});

describe('hostile scanner', () => {
  const clean = imageOf([smallRoot('clean')]);

  it('is honest at first', async () => {
    about = (asked) => asked;
    await setting.admin.push('team/app', clean, 'clean');
    await setting.scanWhen('team/app', 'clean', 'made', ({ state }) => state === 'reported');
    expect((await checkedVerdict(setting.admin, 'team/app', sha256(clean.manifest))).passed).toContain(
      'scanner-report',
    );
  });

  it('cannot pass off the report about one image as that about another', async () => {
    about = (asked) => ({ ...asked, artifact: { ...asked.artifact, digest: sha256(clean.manifest) } });
    await setting.admin.push('team/app', imageOf([smallRoot('bad')]), 'bad');
    const { problem } = await setting.scanWhen('team/app', 'bad', 'made', ({ state }) => state === 'failed');
    expect(problem).toBe('its report is about another image than it was asked about');
    const { outcome } = await checkedVerdict(setting.admin, 'team/app', 'bad');
    expect(outcome).toBe('hold');
  });

  it('cannot read anything else with what it is lent, nor that when the scan is over', async () => {
    about = undefined;
    const lent = imageOf([smallRoot('lent')]);
    const digest = sha256(lent.manifest);
    await setting.admin.push('team/app', lent, 'lent');
    const asked = await until(
      async () => adapters.calls('made')!.scans.find(({ artifact }) => artifact.digest === digest),
      'the scanner to be asked',
    );
    const headers = { authorization: asked.registry.authorization! };
    const status = async (path: string): Promise<number> =>
      (await visitor(setting.product.url).send('GET', path, { headers })).status;
    expect(await status(`/v2/team/app/manifests/${digest}`)).toBe(200);
    expect(await status(`/v2/team/app/manifests/${sha256(clean.manifest)}`)).toBe(404);
    expect(await status('/v2/team/app/tags/list')).toBe(401);
    about = (one) => one;
    await setting.scanWhen('team/app', 'lent', 'made', ({ state }) => state === 'reported');
    expect(await status(`/v2/team/app/manifests/${digest}`)).toBe(401);
  });
});
