import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosigns, type Cosign } from '../harness/cosign.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256 } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  verdictOn,
  type Published,
  type Setting,
} from './setting.ts';

/** A manifest as these tests change it. */
interface Manifest {
  readonly manifests?: Array<{ digest: string }>;
  readonly subject?: { digest: string };
}

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('what does not open the gate', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting(['p256'], { untrusted: ['mallory'] });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  /** The image is held for want of a signature, and the verdict says what is wrong with the one that was found. */
  async function expectRefused(image: Published, because: RegExp): Promise<void> {
    const { outcome, reasons } = await verdictOn(setting, image);
    expect([outcome, reasons.map(({ routine }) => routine)]).toEqual(['hold', ['signed']]);
    expect([reasons[0]!.message, ...reasons[0]!.details].join('\n')).toMatch(because);
    await expectHeld(setting, image, /not signed by a trusted key/);
  }

  /** Puts bytes under a reference, as the user `other`, who may push. */
  async function put(repository: string, reference: string, bytes: Buffer, type: string = types.manifest) {
    const path = `/v2/${repository}/manifests/${reference}`;
    const answer = await setting.as.other.send('PUT', path, {
      headers: { 'content-type': type },
      body: bytes,
    });
    expect([answer.status, answer.message]).toEqual([201, '']);
  }

  async function get(repository: string, reference: string): Promise<Buffer> {
    const answer = await setting.as.signer.send('GET', `/v2/${repository}/manifests/${reference}`);
    expect([reference, answer.status]).toEqual([reference, 200]);
    return answer.body;
  }

  async function referrersOf({ repository, digest }: Published): Promise<string[]> {
    const { body } = await setting.as.signer.send('GET', `/v2/${repository}/referrers/${digest}`);
    const { manifests = [] }: Manifest = JSON.parse(body.toString());
    return manifests.map((one) => one.digest);
  }

  const tagOf = ({ digest }: Published, end: string): string => `${digest.replace(':', '-')}${end}`;

  it.each(cosigns)('a signature of %s by another key', async (tool) => {
    const image = await publish(setting, `official/mallory-${tool}`);
    await setting.signer('mallory').sign(tool, image.reference);
    await expectRefused(image, /a signature was found that does not count: no trusted key signed it/);
    // and a good one beside it does
    await setting.signer('p256').sign(tool, image.reference);
    await expectServed(setting, image);
  });

  it.each(cosigns)('an attestation of %s by the trusted key', async (tool) => {
    const image = await publish(setting, `official/attested-${tool}`);
    await setting.signer('p256').attest(tool, image.reference, 'https://example.com/scan');
    const why =
      /it is an attestation of type "https:\/\/example.com\/scan" by p256, which is not a signature/;
    await expectRefused(image, why);
    if (tool === 'cosign2') {
      await put(image.repository, tagOf(image, '.sig'), await get(image.repository, tagOf(image, '.att')));
      await expectRefused(image, why);
    }
  });

  it.each(cosigns)('an attestation of %s that says it is a signature, by another key', async (tool) => {
    const image = await publish(setting, `official/posing-${tool}`);
    await setting.signer('mallory').attest(tool, image.reference, 'https://sigstore.dev/cosign/sign/v1');
    await expectRefused(image, tool === 'cosign2' ? /not signed/ : /no trusted key signed it/);
  });

  it('a .sig tag moved from another image', async () => {
    const good = await publish(setting, 'official/moved', undefined, 'good');
    const bad = await publish(setting, 'official/moved', undefined, 'bad');
    await setting.signer('p256').sign('cosign2', good.reference);
    await put(bad.repository, tagOf(bad, '.sig'), await get(good.repository, tagOf(good, '.sig')));
    await expectRefused(bad, new RegExp(`p256 signed another image, ${good.digest}`));
    await expectServed(setting, good);
  });

  it('a bundle copied from another image, as its referrer, under its fallback tag, or as its .sig', async () => {
    const good = await publish(setting, 'official/copied', undefined, 'good');
    const bad = await publish(setting, 'official/copied', undefined, 'bad');
    await setting.signer('p256').sign('cosign3', good.reference);
    const [bundle] = await referrersOf(good);
    const bytes = await get(good.repository, bundle!);

    const listed = { mediaType: types.manifest, digest: bundle, size: bytes.length };
    const index = { schemaVersion: 2, mediaType: types.index, manifests: [listed] };
    await put(bad.repository, tagOf(bad, ''), Buffer.from(JSON.stringify(index)), types.index);
    await expectRefused(bad, /not signed/);
    await put(bad.repository, tagOf(bad, '.sig'), bytes);
    await expectRefused(bad, /no signed document of cosign-v2/);

    const manifest: Manifest = JSON.parse(bytes.toString());
    const subject = { ...manifest.subject, digest: bad.digest, size: bad.image.manifest.length };
    const forged = Buffer.from(JSON.stringify({ ...manifest, subject }));
    await put(bad.repository, sha256(forged), forged);
    expect(await referrersOf(bad)).toContain(sha256(forged));
    await expectRefused(bad, /another|does not name|is not about/);
    await expectServed(setting, good);
  });

  it('a signature of the same image in another repository', async () => {
    const there = await publish(setting, 'official/signed-there');
    await setting.signer('p256').sign('cosign2', there.reference);
    await setting.signer('p256').sign('cosign3', there.reference);
    await expectServed(setting, there);
    const here = await publish(setting, 'official/unsigned-here', there.image);
    expect(here.digest).toBe(there.digest);
    await expectRefused(here, /not signed/);
  });

  async function deleteSignature(tool: Cosign, image: Published): Promise<void> {
    const [bundle] = await referrersOf(image);
    const signature =
      tool === 'cosign3' ? bundle! : sha256(await get(image.repository, tagOf(image, '.sig')));
    const path = `/v2/${image.repository}/manifests/${signature}`;
    expect((await setting.as.publisher.send('DELETE', path)).status).toBe(202);
  }

  it.each(cosigns)('a signature of %s that was deleted: the gate closes again', async (tool) => {
    const image = await publish(setting, `official/deleted-${tool}`);
    await setting.signer('p256').sign(tool, image.reference);
    await expectServed(setting, image);
    await deleteSignature(tool, image);
    await expectRefused(image, /not signed/);
    await setting.signer('p256').sign(tool, image.reference);
    await expectServed(setting, image);
  });

  it('a .sig tag that was deleted, or moved away from the signature', async () => {
    const image = await publish(setting, 'official/untagged');
    await setting.signer('p256').sign('cosign2', image.reference);
    await expectServed(setting, image);
    const signature = await get(image.repository, tagOf(image, '.sig'));
    const path = `/v2/${image.repository}/manifests/${tagOf(image, '.sig')}`;
    expect((await setting.as.publisher.send('DELETE', path)).status).toBe(202);
    await expectHeld(setting, image, /not signed/);
    await put(image.repository, tagOf(image, '.sig'), signature);
    await expectServed(setting, image);
    const moving = {
      headers: { 'content-type': types.manifest },
      body: image.image.manifest,
    };
    // who may push alone takes no signature away by moving its tag
    expect((await setting.as.other.send('PUT', path, moving)).status).toBe(403);
    await expectServed(setting, image);
    expect((await setting.as.publisher.send('PUT', path, moving)).status).toBe(201);
    await expectRefused(image, /no signed document of cosign-v2/);
  });
});
