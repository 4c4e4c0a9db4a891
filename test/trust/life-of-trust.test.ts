import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosigns } from '../harness/cosign.ts';
import { sha256, until } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  pathsOf,
  publish,
  push,
  trustIn,
  type Config,
  type Published,
  type Setting,
} from './setting.ts';

interface Entry {
  readonly actor: string | null;
  readonly action: string;
  readonly digest: string | null;
  readonly outcome: string;
  readonly detail?: { readonly by?: string; readonly before?: string | null };
}

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('trust in keys', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting(['p256'], { untrusted: ['next'] });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  const trust = (...names: string[]) =>
    setting.reconfigure((config) => ({
      ...config,
      trust: trustIn(names.map((name) => ({ name, pem: setting.keys[name]!.pem }))),
    }));

  it.each(cosigns)('rotates: the gate closes at once, and opens by a signature of %s', async (tool) => {
    await trust('p256');
    const image = await publish(setting, `official/rotated-${tool}`);
    await setting.signer('p256').sign(tool, image.reference);
    await expectServed(setting, image);

    await trust('next');
    await expectHeld(setting, image, /no trusted key signed it/);
    await setting.signer('next').sign(tool, image.reference);
    await expectServed(setting, image);

    await trust();
    await expectHeld(setting, image, /no key is trusted for this repository/);
    await trust('p256', 'next');
    await expectServed(setting, image);
  });

  it('stays as it was where the new configuration is wrong', async () => {
    await trust('p256');
    const image = await publish(setting, 'official/kept');
    await setting.signer('p256').sign('cosign3', image.reference);
    const wrong = (config: Config) => ({ ...config, trust: [{ repositories: '**', keys: [] }] });
    await setting.reconfigure(wrong, 'was not read again');
    await expectServed(setting, image);
  });
});

describe('reading back what is held', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting([], { registry: { readBack: '30s' } });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  const statuses = async (who: 'publisher' | 'other' | 'signer', image: Published): Promise<number[]> =>
    Promise.all(pathsOf(image).map(async (path) => (await setting.as[who].send('GET', path)).status));

  const readsOf = async (digest: string): Promise<Entry[]> => {
    const { json } = await setting.as.admin.api<{ entries: Entry[] }>('audit', { action: 'read-held' });
    return json.entries.filter((entry) => entry.digest === digest);
  };

  it('is for the publisher, for the time set, and recorded', async () => {
    const image = await push(setting, 'official/fresh');
    const path = `/v2/${image.repository}/manifests/${image.digest}`;
    const read = await setting.as.publisher.send('GET', path);
    expect([read.status, sha256(read.body)]).toEqual([200, image.digest]);
    await expectHeld(setting, image);
    expect(await statuses('other', image)).toEqual([403, 403, 403, 403]);
    const mine = await until(async () => (await readsOf(image.digest)).at(0), 'the entry');
    expect(mine).toMatchObject({ actor: 'publisher', outcome: 'done', detail: { by: 'publisher' } });

    await until(
      async () => ((await statuses('publisher', image)).every((status) => status === 403) ? true : undefined),
      'the end of the time to read back',
    );
    // to push a tag again gives nothing back by itself but to him who has the bytes, and sends them
    await setting.as.publisher.send('PUT', path, {
      headers: { 'content-type': image.image.mediaType },
      body: image.image.manifest,
    });
    const [byTag, byDigest, ...blobs] = await statuses('publisher', image);
    expect([byTag, byDigest]).toEqual([200, 200]);
    expect(new Set(blobs)).toEqual(new Set([403]));
  });

  it('is for those who sign, always, and recorded', async () => {
    const image = await push(setting, 'official/to-sign');
    expect(await statuses('signer', image)).toEqual([200, 200, 200, 200]);
    const entry = await until(async () => (await readsOf(image.digest)).at(0), 'the entry');
    expect(entry).toMatchObject({ actor: 'signer', detail: { by: 'examiner' } });
  });

  it('is never for an anonymous publisher, for nobody pushes without a name', async () => {
    await setting.reconfigure((config) => ({
      ...config,
      namespaces: [{ name: 'official', official: true, class: 'public' }],
    }));
    const image = await publish(setting, 'official/public');
    const path = `/v2/${image.repository}/manifests/${image.digest}`;
    const pushed = await setting.as.anonymous.send('PUT', path, {
      headers: { 'content-type': image.image.mediaType },
      body: image.image.manifest,
    });
    expect(pushed.status).toBe(401);
    for (const one of pathsOf(image)) {
      const answer = await setting.as.anonymous.send('GET', one);
      expect([answer.status, answer.code]).toEqual([403, 'DENIED']);
    }
  });
});
