import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  issue,
  keyKinds,
  oids,
  revocationList,
  type Issued,
} from '@wharfinger/lib/signing/notation/authority.fixtures';
import { parseTrustPolicy, signersOf } from '@wharfinger/lib/signing/notation/trust-policy';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { homeOf } from '../harness/cosign.ts';
import { envelopes, notationIn, type Notation, type PolicyStatement } from '../harness/notation.ts';
import { startTimestampAuthority } from '../harness/timestamp-authority.ts';
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

const day = 86_400_000;
const years = { notBefore: new Date(Date.now() - 900 * day), notAfter: new Date(Date.now() + 900 * day) };
const subject = [
  ['C', 'US'],
  ['ST', 'WA'],
  ['O', 'Acme'],
  ['CN', 'release'],
] as const;
const identity = 'x509.subject: C=US, ST=WA, O=Acme';
const login = { name: 'signer', password: 'signer-and-no-other' };

const root = issue({ subject: [['CN', 'Acme Root']], ca: true, ...years });
const stranger = issue({ subject: [['CN', 'Acme Root']], ca: true, ...years });
const timeRoot = issue({ subject: [['CN', 'Time Root']], ca: true, ...years });
const time = issue({
  subject: [['CN', 'Time']],
  issuer: timeRoot,
  purposes: [oids.timeStamping],
  purposesCritical: true,
  ...years,
});

const statement: PolicyStatement = {
  name: 'acme',
  registryScopes: ['*'],
  signatureVerification: { level: 'strict' },
  trustStores: ['ca:acme'],
  trustedIdentities: [identity],
};

/** What the configuration of the registry says of certificates. */
function configured(certificates: object = {}, more: object = {}) {
  return (config: object) => ({
    ...config,
    certificateRevocations: [],
    trustStores: [
      { name: 'ca:acme', pem: root.pem },
      { name: 'tsa:time', pem: timeRoot.pem },
    ],
    trust: [
      {
        repositories: 'official/**',
        certificates: [
          { name: 'acme', trustStores: ['ca:acme'], trustedIdentities: [identity], ...certificates },
        ],
      },
    ],
    ...more,
  });
}

describe.skipIf(lacksTools(['notation']))('an official image', () => {
  const keys = new Map<string, Issued>(
    keyKinds.map((kind) => [kind, issue({ subject, issuer: root, kind })]),
  );
  keys.set('stranger', issue({ subject, issuer: stranger }));
  keys.set(
    'other',
    issue({
      subject: [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Evil'],
        ['CN', 'release, O=Acme'],
      ],
      issuer: root,
    }),
  );
  keys.set('alone', issue({ subject }));
  let setting: Setting;
  let notation: Notation;

  beforeAll(async () => {
    setting = await openSetting([]);
    await setting.reconfigure(configured());
    notation = notationIn(
      join(setting.folder, 'client'),
      login,
      [...keys].map(([name, { keyPem, chainPem }]) => ({ name, keyPem, chainPem })),
      { 'ca/acme': root.pem, 'tsa/time': timeRoot.pem },
    );
    notation.trust(statement);
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  /** Signs with our command. */
  async function sign(name: string, image: Published, ...more: string[]) {
    const { keyPem, chainPem } = keys.get(name)!;
    const folder = join(setting.folder, `key-${name}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'key.pem'), keyPem);
    writeFileSync(join(folder, 'chain.pem'), chainPem);
    const home = homeOf(setting.folder, setting.product.host, login);
    const files = ['--key', join(folder, 'key.pem'), '--certificate', join(folder, 'chain.pem')];
    return wharf(['sign', image.reference, '--format', 'notation', ...files, ...more], {
      environment: { HOME: home, DOCKER_CONFIG: home },
      folder,
    });
  }

  /** What is said of the signatures of an image that is held. */
  async function refusals(image: Published): Promise<string> {
    await expectHeld(setting, image, /not signed/);
    return JSON.stringify((await verdictOn(setting, image)).reasons);
  }

  describe.each(envelopes)('in an envelope %s', (envelope) => {
    test.each(keyKinds)('that notation signs with %s is served', async (kind) => {
      const image = await publish(setting, `official/theirs-${envelope}-${kind}`);
      await expectHeld(setting, image, /not signed/);
      await notation.sign(kind, envelope, image.reference, '--expiry', '1h', '-m', 'stage=test');
      await expectServed(setting, image);
      expect(await verdictOn(setting, image)).toMatchObject({ outcome: 'allow', reasons: [] });
    });

    test.each(keyKinds)('that we sign with %s is served, and notation verifies it', async (kind) => {
      const image = await publish(setting, `official/ours-${envelope}-${kind}`);
      expect(await sign(kind, image, '--envelope', envelope, '--expiry', '1')).toMatchObject({ code: 0 });
      await expectServed(setting, image);
      expect(await notation.verify(image.reference)).toMatchObject({ code: 0 });
    });

    it('by strangers, or by others of the same authority, is held, and notation agrees', async () => {
      for (const [name, reason] of [
        ['stranger', /CN=Acme Root is not trusted/],
        ['other', /is no trusted identity/],
        ['alone', /is not trusted/],
      ] as const) {
        const image = await publish(setting, `official/${name}-${envelope}`);
        await notation.sign(name, envelope, image.reference);
        expect(await refusals(image)).toMatch(reason);
        expect((await notation.verify(image.reference)).code).not.toBe(0);
      }
    });
  });

  it('signed with a certificate that notation made for tests is served where that is trusted', async () => {
    const pem = await notation.generate('made-by-notation');
    const image = await publish(setting, 'official/made');
    await notation.sign('made-by-notation', 'jws', image.reference);
    expect(await refusals(image)).toMatch(/CN=made-by-notation.* is not trusted/);
    const trustStores = [{ name: 'ca:acme', pem }];
    await setting.reconfigure(configured({ trustedIdentities: ['*'] }, { trustStores }));
    await expectServed(setting, image);
    await setting.reconfigure(configured());
  });

  it('by a stranger passes with notation at the level audit, and here at no level', async () => {
    const image = await publish(setting, 'official/audit');
    await notation.sign('stranger', 'jws', image.reference);
    notation.trust({ ...statement, signatureVerification: { level: 'audit' } });
    expect(await notation.verify(image.reference)).toMatchObject({ code: 0 });
    await setting.reconfigure(configured({ level: 'audit' }));
    expect(await refusals(image)).toMatch(/CN=Acme Root is not trusted/);
    await setting.reconfigure(configured());
    notation.trust(statement);
  });

  it('that has a timestamp, where timestamps are asked for, is served; without one it is held', async () => {
    await using authority = await startTimestampAuthority(time, () => new Date());
    const certificate = join(setting.folder, 'time.pem');
    writeFileSync(certificate, timeRoot.pem);
    await setting.reconfigure(configured({ trustStores: ['ca:acme', 'tsa:time'] }));
    notation.trust({ ...statement, trustStores: ['ca:acme', 'tsa:time'] });
    for (const envelope of envelopes) {
      const image = await publish(setting, `official/stamped-${envelope}`);
      await notation.sign('p256', envelope, image.reference);
      expect(await refusals(image)).toMatch(/has no timestamp/);
      expect((await notation.verify(image.reference)).code).not.toBe(0);
      const stamped = ['--timestamp-url', authority.url, '--timestamp-root-cert', certificate];
      await notation.sign('p256', envelope, image.reference, ...stamped);
      await expectServed(setting, image);
      expect(await notation.verify(image.reference)).toMatchObject({ code: 0 });
    }
    await setting.reconfigure(configured());
    notation.trust(statement);
  });

  it('is held once the certificate that signed it is revoked, and does not wait for a new push', async () => {
    const image = await publish(setting, 'official/revoked');
    await notation.sign('p384', 'cose', image.reference);
    await expectServed(setting, image);
    const list = revocationList({ issuer: root, revoked: [keys.get('p384')!] });
    await setting.reconfigure(configured({}, { certificateRevocations: [{ pem: list }] }));
    expect(await refusals(image)).toMatch(/was revoked by CN=Acme Root/);
    await setting.reconfigure(configured());
    await expectServed(setting, image);
  });

  it('is judged by a trustpolicy.json as notation judges it', async () => {
    const image = await publish(setting, 'official/policy');
    await notation.sign('p256', 'jws', image.reference);
    const scope = `${setting.product.host}/official/policy`;
    const accepted: PolicyStatement[][] = [
      [statement],
      [{ ...statement, registryScopes: [scope] }],
      [
        { ...statement, name: 'others', trustedIdentities: ['x509.subject: C=US, ST=WA, O=Evil'] },
        { ...statement, registryScopes: [scope] },
      ],
      [{ ...statement, trustedIdentities: ['*'] }],
      [{ ...statement, trustedIdentities: [String.raw`x509.subject: CN=release,O=\41cme,S=WA,C=US`] }],
      [{ ...statement, signatureVerification: { level: 'permissive', override: { expiry: 'enforce' } } }],
      [{ ...statement, signatureVerification: { level: 'strict', verifyTimestamp: 'afterCertExpiry' } }],
    ];
    const refused: PolicyStatement[][] = [
      [{ ...statement, registryScopes: [`${scope}/other`] }],
      [
        statement,
        {
          ...statement,
          name: 'here',
          registryScopes: [scope],
          trustedIdentities: ['x509.subject: C=US, ST=WA, O=Evil'],
        },
      ],
      [{ ...statement, trustedIdentities: ['x509.subject: C=US, ST=WA, O=acme'] }],
    ];
    for (const [statements, passes] of [
      ...accepted.map((one) => [one, true] as const),
      ...refused.map((one) => [one, false] as const),
    ]) {
      notation.trust(...statements);
      const theirs = (await notation.verify(image.reference)).code === 0;
      const file = join(notation.folder, 'trustpolicy.json');
      let ours = false;
      if (signersOf(parseTrustPolicy(readFileSync(file)), scope).length > 0) {
        const trust = [{ repositories: 'official/**', trustPolicy: { file, scope } }];
        await setting.reconfigure(configured({}, { trust }));
        ours = (await verdictOn(setting, image)).outcome === 'allow';
      }
      expect([statements, theirs, ours]).toEqual([statements, passes, passes]);
    }
    await setting.reconfigure(configured());
  });

  test.each<[string, object]>([
    ['no scope', { registryScopes: [] }],
    ['a scope with a tag', { registryScopes: ['localhost:5000/app:1'] }],
    ['a scope with a star in it', { registryScopes: ['localhost:5000/*'] }],
    ['a scope beside the star', { registryScopes: ['*', 'localhost:5000/app'] }],
    ['an unknown level', { signatureVerification: { level: 'lax' } }],
    ['no level', { signatureVerification: {} }],
    ['integrity overridden', { signatureVerification: { level: 'strict', override: { integrity: 'log' } } }],
    ['expiry skipped', { signatureVerification: { level: 'strict', override: { expiry: 'skip' } } }],
    ['an unknown check', { signatureVerification: { level: 'strict', override: { colour: 'log' } } }],
    ['timestamps sometimes', { signatureVerification: { level: 'strict', verifyTimestamp: 'sometimes' } }],
    ['no store', { trustStores: [] }],
    ['a store of an unknown kind', { trustStores: ['pgp:acme'] }],
    ['a store outside of its folder', { trustStores: ['ca:../acme'] }],
    ['no identity', { trustedIdentities: [] }],
    ['an identity beside the star', { trustedIdentities: ['*', identity] }],
    ['an identity without O', { trustedIdentities: ['x509.subject: C=US, ST=WA'] }],
    ['an attribute twice', { trustedIdentities: ['x509.subject: C=US, ST=WA, O=Acme, O=Evil'] }],
    ['a relative name of several attributes', { trustedIdentities: ['x509.subject: C=US, ST=WA+O=Acme'] }],
    ['a value in hexadecimal', { trustedIdentities: ['x509.subject: C=US, ST=WA, O=#0C0441636D65'] }],
    ['identities that overlap', { trustedIdentities: [identity, `${identity}, CN=release`] }],
    ['a level skip with stores', { signatureVerification: { level: 'skip' } }],
  ])('is not judged by a trust policy with %s: both refuse it', async (_, change) => {
    notation.trust({ ...statement, ...change });
    const theirs = await notation.verify(`${setting.product.host}/official/policy@sha256:${'0'.repeat(64)}`);
    expect(theirs).toMatchObject({ code: 1, stderr: expect.stringMatching(/trust policy|registry scope/) });
    const file = readFileSync(join(notation.folder, 'trustpolicy.json'));
    expect(() => parseTrustPolicy(file)).toThrow(expect.objectContaining({ code: 'TRUST_POLICY_INVALID' }));
  });

  it('cannot be signed with Ed25519: the Notary Project has no algorithm for it', async () => {
    const key = generateKeyPairSync('ed25519').privateKey;
    const issued = issue({ subject, issuer: root, key });
    keys.set('ed25519', issued);
    const image = await publish(setting, 'official/ed25519');
    const theirs = notationIn(join(setting.folder, 'ed25519'), login, [{ name: 'ed25519', ...issued }], {});
    await expect(theirs.sign('ed25519', 'jws', image.reference)).rejects.toThrow(
      /unsupported public key type/,
    );
    const ours = await sign('ed25519', image);
    expect(ours.code).not.toBe(0);
    expect(ours.error).toMatch(/ed25519, for which the Notary Project has no algorithm/);
  });
});
