import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosigns } from '../harness/cosign.ts';
import { settled } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { expectHeld, expectServed, openSetting, publish, type Published, type Setting } from './setting.ts';

interface Record {
  readonly name: string;
}

interface Entry {
  readonly action: string;
  readonly digest: string | null;
  readonly outcome: string;
  readonly detail?: { readonly images?: number; readonly reason?: string };
}

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('publishers that were entered while it runs', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting([], { untrusted: ['first', 'second', 'third', 'unrelated'] });
    await done('publishers', { name: 'payments', team: 'payments' });
    await done('trust', { repositories: 'official/**', publishers: ['payments'] });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  async function done<T>(path: string, body: object): Promise<T> {
    const { status, json } = await setting.as.admin.post<T>(path, body);
    expect([path, status, json]).toEqual([path, 200, expect.anything()]);
    return json;
  }
  const trust = (name: string) =>
    done<Record>('keys', { name, publisher: 'payments', pem: setting.keys[name]!.pem });

  /** A verdict that was made for that image after this moment. */
  async function verdictsSince(image: Published, since: number): Promise<number> {
    const { json } = await setting.as.admin.api<{ verdict: { at: string } }>('verdict', {
      repository: image.repository,
      reference: image.digest,
    });
    return Date.parse(json.verdict.at) > since ? 1 : 0;
  }

  it.each(cosigns)(
    'open the gate by signatures of %s from the moment their key is in force',
    async (tool) => {
      const image = await publish(setting, `official/entered-${tool}`);
      await setting.signer('first').sign(tool, image.reference);
      if (tool === 'cosign2') {
        await expectHeld(setting, image, /no key is trusted|not signed by a trusted key/);
        await trust('first');
      }
      await expectServed(setting, image);
    },
  );

  it('rotate their key: both count meanwhile, and then the new one alone', async () => {
    const image = await publish(setting, 'official/rotating');
    await setting.signer('first').sign('cosign3', image.reference);
    const next = { name: 'second', pem: setting.keys['second']!.pem };
    const overlapUntil = new Date(Date.now() + 3_600_000).toISOString();
    await done('keys/rotate', { name: 'first', next, overlapUntil });
    await expectServed(setting, image);
    const other = await publish(setting, 'official/rotated');
    await setting.signer('second').sign('cosign2', other.reference);
    await expectServed(setting, other);
    await done('keys/end', { name: 'first', reason: 'the overlap is over' });
    await expectHeld(setting, image, /no trusted key signed it/);
    await expectServed(setting, other);
  });

  it.each(cosigns)(
    'whose key is revoked: the very next pull is refused, with the reason, and no other image is touched (%s)',
    async (tool) => {
      const key = tool === 'cosign2' ? 'third' : 'unrelated';
      await trust(key);
      const signed = await publish(setting, `official/revoked-${tool}`);
      await setting.signer(key).sign(tool, signed.reference);
      await expectServed(setting, signed);
      const both = await publish(setting, `official/signed-twice-${tool}`);
      await setting.signer(key).sign(tool, both.reference);
      await setting.signer('second').sign('cosign3', both.reference);
      await expectServed(setting, both);
      const untouched = await publish(setting, `official/untouched-${tool}`);
      await setting.signer('second').sign('cosign3', untouched.reference);
      await expectServed(setting, untouched);

      // each signature has its image judged, also after a pull has
      await settled(setting.as.admin);
      const before = Date.now();
      const revoked = await done<{ images: number; keyId: string }>('keys/revoke', {
        key,
        reason: 'its laptop was stolen, see INC-77',
      });
      expect(revoked.images).toBe(2);
      const path = `/v2/${signed.repository}/manifests/${signed.digest}`;
      const refused = await setting.as.reader.send('GET', path);
      expect([refused.status, refused.code]).toEqual([403, 'DENIED']);
      expect(refused.message).toMatch(/the key of \w+ was revoked at .*: its laptop was stolen, see INC-77/);
      await expectHeld(setting, signed, /INC-77/);
      await expectServed(setting, both);
      await expectServed(setting, untouched);
      expect([await verdictsSince(signed, before), await verdictsSince(untouched, before)]).toEqual([1, 0]);

      const { json } = await setting.as.admin.api<{ entries: Entry[] }>('audit', { action: 'key-revoke' });
      expect(json.entries[0]).toMatchObject({
        outcome: 'done',
        detail: { reason: 'its laptop was stolen, see INC-77', images: 2 },
      });
      // it is signed anew by one who is trusted, and served
      await setting.signer('second').sign(tool, signed.reference);
      await expectServed(setting, signed);
    },
  );

  it('whose key is compromised since some time: what no trusted time tells to be older counts no more', async () => {
    const image = await publish(setting, 'official/compromised');
    await setting.signer('second').sign('cosign3', image.reference);
    await expectServed(setting, image);
    const compromisedSince = new Date(Date.now() - 1000).toISOString();
    await done('keys/revoke', { key: 'second', compromisedSince, reason: 'INC-78' });
    await expectHeld(setting, image, /compromised since .*INC-78.*no trusted time tells/);
  });

  it('are listed as revoked, in a list that the registry signs', async () => {
    const { json } = await setting.as.reader.api<{ payload: string }>('revocations');
    const list = JSON.parse(Buffer.from(json.payload, 'base64').toString()) as { entries: unknown[] };
    expect(list.entries).toHaveLength(3);
  });
});
