import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headManifest } from '@wharfinger/lib/client/manifests';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { signImageKeyless } from '@wharfinger/lib/signing/sigstore/sign-keyless';
import { spkiOf } from '@wharfinger/lib/signing/sigstore/testing/entry-log';
import {
  LocalSigstore,
  type MeansOptions,
  type Person,
} from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import { expectHeld, expectServed, openSetting, publish, type Published, type Setting } from './setting.ts';

const ci: Person = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };

describe('an official image that is signed without a key', () => {
  const sigstore = new LocalSigstore();
  const other = new LocalSigstore();
  let setting: Setting;
  let session: RegistrySession;

  beforeAll(async () => {
    setting = await openSetting([]);
    const file = join(setting.folder, 'trusted_root.json');
    writeFileSync(file, sigstore.trustedRoot());
    const exactly = { issuer: { exact: ci.issuer }, subject: { exact: ci.subject }, root: 'local' };
    await setting.reconfigure((config) => ({
      ...config,
      sigstoreRoots: [{ name: 'local', file }],
      trust: [
        { repositories: 'official/**', identities: [{ name: 'ci', ...exactly }] },
        {
          repositories: 'official/any/**',
          identities: [{ name: 'acme', ...exactly, subject: { pattern: 'https://ci[.]example/acme/.*' } }],
        },
      ],
    }));
    const credentials = { username: 'signer', password: 'signer-and-no-other' };
    session = new RegistrySession(setting.product.host, { credentials });
  });
  afterAll(async () => {
    await session.close();
    await setting[Symbol.asyncDispose]();
  });

  async function sign(image: Published, person: Person, by = sigstore, options: MeansOptions = {}) {
    const subject = await headManifest(session, image.repository, image.digest);
    const signed = await signImageKeyless(subject!, by.means(person, options), by.now);
    await pushArtifact(session, image.repository, signed);
  }

  it.each([1, 2] as const)('by whom the configuration names is served: log of kind %i', async (version) => {
    const image = await publish(setting, `official/log-${version}`);
    await expectHeld(setting, image, /not signed by a trusted/);
    await sign(image, ci, sigstore, { log: version === 1 ? sigstore.log : sigstore.secondLog });
    await expectServed(setting, image);
  });

  it('by whom a pattern names is served, by who looks alike is held', async () => {
    const image = await publish(setting, 'official/any/app');
    await sign(image, { ...ci, subject: 'https://ci.example.evil.example/acme/app' });
    await sign(image, { ...ci, issuer: 'https://token.example.evil.example' });
    await expectHeld(setting, image, /not signed by a trusted/);
    await sign(image, { ...ci, subject: 'https://ci.example/acme/other' });
    await expectServed(setting, image);
  });

  it('by another instance, in the same name, is held', async () => {
    const image = await publish(setting, 'official/instance');
    await sign(image, ci, other);
    await expectHeld(setting, image, /not signed by a trusted/);
  });

  it('when its certificate had run out is held', async () => {
    const image = await publish(setting, 'official/late');
    await sign(image, ci, sigstore, { at: new Date(sigstore.now.getTime() - 3_600_000) });
    await expectHeld(setting, image, /not signed by a trusted/);
    expect(setting.product.log()).not.toMatch(/TypeError/);
  });

  it('is held from the moment that the key of the authority is revoked', async () => {
    const image = await publish(setting, 'official/authority');
    await sign(image, ci);
    await expectServed(setting, image);
    const key = createHash('sha256').update(spkiOf(sigstore.authority.issuer.key)).digest('hex');
    const { status, json } = await setting.as.admin.post<{ images: number }>('keys/revoke', {
      key,
      compromisedSince: new Date(sigstore.now.getTime() - 1000).toISOString(),
      reason: 'the authority was broken into, see INC-79',
    });
    expect([status, json.images > 0]).toEqual([200, true]);
    const path = `/v2/${image.repository}/manifests/${image.digest}`;
    const refused = await setting.as.reader.send('GET', path);
    expect([refused.status, refused.code]).toEqual([403, 'DENIED']);
    await expectHeld(setting, image, /a certificate that vouches for ci is compromised since .*INC-79/);
  });
});
