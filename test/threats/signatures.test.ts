import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { bundleMediaType } from '@wharfinger/lib/signing/bundle';
import { signEnvelope } from '@wharfinger/lib/signing/dsse';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { attachBundle } from '@wharfinger/lib/signing/sign-statement';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { signaturePredicate, statementPayloadType, statementType } from '@wharfinger/lib/signing/statement';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { startLyingRegistry } from '../admission/lying-registry.ts';
import { attempt } from '../harness/command.ts';
import { homeOf } from '../harness/cosign.ts';
import { emptyConfig, imageOf, indexOf, manifestOf, rawLayer, smallRoot } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Visitor } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  verdictOn,
  type Config,
  type Published,
  type Setting,
} from '../trust/setting.ts';

/** as few as may be set: each is inspected, as everything is that is pushed */
const limit = 16;

describe.skipIf(lacksTools(['cosign2', 'cosign3']))('evidence about images, attacked', () => {
  let setting: Setting;
  let trusted: SigningKey;
  let mallory: SigningKey;
  let home: string;
  beforeAll(async () => {
    setting = await openSetting(['p256', 'p384'], {
      untrusted: ['mallory', 'lost'],
      registry: { referrerLimit: limit },
    });
    const { folder, product } = setting;
    [trusted, mallory] = ['p256', 'mallory'].map((name) =>
      parsePrivateKey(readFileSync(join(folder, `${name}.pem`), 'utf8'), undefined),
    ) as [SigningKey, SigningKey];
    home = homeOf(folder, product.host, { name: product.user, password: product.password });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  const cli = (...given: string[]): Promise<Ran> =>
    wharf(given, { environment: { HOME: home, DOCKER_CONFIG: home }, folder: setting.folder });
  async function done(...given: string[]): Promise<void> {
    expect(await cli(...given)).toMatchObject({ code: 0, error: '' });
  }
  /** The image is held, and the verdict names what is wrong with what was found. */
  async function expectRefused(image: Published, because: RegExp): Promise<void> {
    const { outcome, reasons } = await verdictOn(setting, image);
    expect([outcome, reasons.map(({ routine }) => routine)]).toEqual(['hold', ['signed']]);
    expect([reasons[0]!.message, ...reasons[0]!.details].join('\n')).toMatch(because);
    await expectHeld(setting, image);
  }
  const subjectOf = ({ image, digest }: Published): Descriptor => ({
    mediaType: image.mediaType,
    digest: digest as Digest,
    size: image.manifest.length,
  });
  type Artifact = ReturnType<typeof attachBundle>;
  async function attach(who: Visitor, { repository }: Published, { manifest, blobs }: Artifact) {
    await who.push(repository, {
      manifest: manifest.bytes,
      mediaType: manifest.mediaType,
      blobs: new Map(blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes])),
    });
  }
  /** A bundle around a statement with this subject, signed by a key, that names a key of its choice. */
  function forged(
    image: Published,
    key: SigningKey,
    changes: { hint?: string; keyid?: string; digest?: object },
  ) {
    const { hint = Buffer.from(key.id, 'hex').toString('base64'), keyid } = changes;
    const digest = changes.digest ?? { sha256: image.digest.slice(7) };
    const payload = Buffer.from(
      JSON.stringify({
        _type: statementType,
        subject: [{ digest }],
        predicateType: signaturePredicate,
        predicate: {},
      }),
    );
    const envelope = signEnvelope(statementPayloadType, payload, key.algorithm, key.key) as {
      signatures: [object];
    };
    if (keyid !== undefined) envelope.signatures = [{ ...envelope.signatures[0], keyid }];
    const document = {
      mediaType: bundleMediaType,
      verificationMaterial: { publicKey: { hint } },
      dsseEnvelope: envelope,
    };
    return attachBundle(subjectOf(image), document, signaturePredicate, new Date());
  }
  async function referrersOf({ repository, digest }: Published): Promise<string[]> {
    const { body } = await setting.as.admin.send('GET', `/v2/${repository}/referrers/${digest}`);
    return (JSON.parse(body.toString()) as { manifests: Descriptor[] }).manifests.map((one) => one.digest);
  }
  const remove = (who: Visitor, { repository }: Published, digest: string) =>
    who.send('DELETE', `/v2/${repository}/manifests/${digest}`);
  /** Trust in these keys with what else is said of them. */
  const trust = (keys: Readonly<Record<string, object>>, more: object = {}) =>
    setting.reconfigure((config: Config) => ({
      ...config,
      trust: [
        {
          repositories: 'official/**',
          keys: Object.entries(keys).map(([name, said]) => ({ name, pem: setting.keys[name]?.pem, ...said })),
          ...more,
        },
      ],
    }));

  test('referrer deletion to hide bad news', async () => {
    const { host } = setting.product;
    await done('publisher', 'add', host, 'payments');
    await done('publisher', 'key', host, 'payments', 'lost', '--key', 'lost.pub');
    await done('trust', 'add', host, 'official/payments/**', '--publisher', 'payments');
    const image = await publish(setting, 'official/payments/app');
    await setting.signer('lost').sign('cosign3', image.reference);
    await expectServed(setting, image);

    await done('key', 'revoke', host, 'lost', '--reason', 'laptop stolen, INC-77');
    await expectRefused(image, /INC-77/);
    // what is there to be deleted is the good news alone
    const evidence = await referrersOf(image);
    expect(evidence).toHaveLength(1);
    const denied = await remove(setting.as.other, image, evidence[0]!);
    expect([denied.status, denied.code]).toEqual([403, 'DENIED']);
    expect((await remove(setting.as.publisher, image, evidence[0]!)).status).toBe(202);
    await expectRefused(image, /not signed/);
    await setting.signer('lost').sign('cosign3', image.reference);
    await expectRefused(image, /INC-77/);
    const place = { repository: image.repository, reference: image.digest };
    const { json } = await setting.as.admin.api<{ tombstones: object[] }>('tombstones', place);
    expect(json.tombstones).toMatchObject([{ digest: evidence[0], by: 'publisher' }]);
    const list = await setting.as.admin.send('GET', '/api/v1/revocations');
    expect(JSON.stringify(openPayload(list.body))).toContain('INC-77');
  });

  test('signature stripping / downgrade to legacy', async () => {
    await trust({ p256: {} }, { formats: ['cosign-v3'] });
    const image = await publish(setting, 'official/stripped');
    await setting.signer('p256').sign('cosign3', image.reference);
    await expectServed(setting, image);
    for (const digest of await referrersOf(image))
      expect((await remove(setting.as.publisher, image, digest)).status).toBe(202);
    await setting.signer('p256').sign('cosign2', image.reference);
    await expectRefused(image, /signed in the format cosign-v2 does not count here, but only cosign-v3/);
    await trust({ p256: {} });
    await expectServed(setting, image);

    // who verifies elsewhere takes a look-up that fails for no answer
    await using registry = await startLyingRegistry(setting.product.host);
    const login = homeOf(setting.folder, registry.host, { name: 'reader', password: 'reader-and-no-other' });
    const verify = () =>
      wharf(['verify', `${registry.host}/${image.repository}:v1`, '--key', 'p256.pub', '--json'], {
        environment: { HOME: login, DOCKER_CONFIG: login },
        folder: setting.folder,
      });
    expect(JSON.parse((await verify()).output)).toMatchObject({
      signatures: { valid: [{ format: 'cosign-v2' }] },
    });
    registry.lie = (path) => (path.includes(image.digest.replace(':', '-')) ? { status: 404 } : undefined);
    expect(await verify()).toMatchObject({ code: 3, output: expect.stringContaining('not signed') });
    registry.lie = (path) => (path.includes('/referrers/') ? { status: 500 } : undefined);
    const failed = await verify();
    expect([failed.code === 0, failed.code === 3, failed.output + failed.error]).toEqual([
      false,
      false,
      expect.stringContaining('500'),
    ]);
  });

  test('attestation taken for signature', async () => {
    await trust({ p256: {} });
    const image = await publish(setting, 'official/attested');
    await setting.signer('p256').attest('cosign3', image.reference, 'https://example.com/scan-failed');
    const flags = ['--key', setting.keys['p256']!.file.replace(/key$/, 'pub'), '--insecure-ignore-tlog'];
    const signerHome = homeOf(setting.folder, setting.product.host, {
      name: 'signer',
      password: 'signer-and-no-other',
    });
    const theirs = await attempt(
      ['cosign3', 'verify', ...flags, '--allow-insecure-registry', image.reference],
      { env: { HOME: signerHome, DOCKER_CONFIG: signerHome } },
    );
    // cosign takes it for a signature
    expect([theirs.code, theirs.code === 0 ? '' : theirs.stderr]).toEqual([0, '']);
    await expectRefused(
      image,
      /it is an attestation of type .*scan-failed.* by p256, which is not a signature/,
    );
    await trust({ p256: { purposes: ['stamp', 'attest'] } });
    const stamped = await publish(setting, 'official/stamped');
    await setting.signer('p256').sign('cosign3', stamped.reference);
    await expectRefused(stamped, /p256 is trusted for stamp, attest, not for releases|not for releases/);
    await trust({ p256: {} });
    await expectServed(setting, stamped);
  });

  test('key confusion (hint/keyid trusted)', async () => {
    const hint = Buffer.from(trusted.id, 'hex').toString('base64');
    const honest = await publish(setting, 'official/hinted');
    await attach(setting.as.other, honest, forged(honest, trusted, { hint: 'anything' }));
    await expectServed(setting, honest);
    for (const [name, key, changes, reason] of [
      ['posing', mallory, { hint }, /names the trusted key p256, but that key did not sign it/],
      ['posing-twice', mallory, { hint, keyid: hint }, /names the trusted key p256, but that key did not/],
      ['of-two-minds', trusted, { hint, keyid: 'other' }, /name different keys/],
    ] as const) {
      const image = await publish(setting, `official/${name}`);
      await attach(setting.as.other, image, forged(image, key, changes));
      await expectRefused(image, reason);
    }
    // one key under two names is one key
    const { pem } = setting.keys['p256']!;
    await trust({ p256: {}, again: { pem }, p384: {} });
    const binding = {
      id: 'two-keys',
      collection: 'standard',
      routine: 'signed',
      parameters: { minimumKeys: 2 },
      scope: { repositories: ['official/two'] },
      purposes: ['pull'],
      effect: 'hold',
    };
    writeFileSync(join(setting.folder, 'two-keys.yaml'), JSON.stringify(binding));
    await done('binding', 'add', setting.product.host, 'two-keys.yaml');
    const two = await publish(setting, 'official/two');
    await setting.signer('p256').sign('cosign2', two.reference);
    await setting.signer('p256').sign('cosign3', two.reference);
    await expectHeld(setting, two, /2 trusted keys must sign/);
    await setting.signer('p384').sign('cosign3', two.reference);
    await expectServed(setting, two);
    await trust({ p256: {} });
  });

  test('digest-algorithm confusion', async () => {
    const image = await publish(setting, 'official/algorithms');
    const hex = image.digest.slice(7);
    const put = (name: string) =>
      setting.as.publisher.send('PUT', `/v2/${image.repository}/manifests/${name}`, {
        headers: { 'content-type': types.manifest },
        body: image.image.manifest,
      });
    expect((await put(image.digest)).status).toBe(201);
    for (const name of [
      `SHA256:${hex}`,
      `sha256:${hex.toUpperCase()}`,
      `sha512:${hex}`,
      `sha256:${hex}00`,
      `md5:${createHash('md5').update(image.image.manifest).digest('hex')}`,
    ]) {
      const refused = await put(name);
      expect([name, refused.status, refused.code]).toEqual([name, 400, expect.stringMatching(/_INVALID/)]);
    }
    const long = createHash('sha512').update(image.image.manifest).digest('hex');
    for (const [digest, reason] of [
      [{ sha512: long }, /p256 signed another image, sha512:/],
      [{ SHA256: hex }, /no sha256 or sha512 digest in lower case/],
      [{ sha256: hex.toUpperCase() }, /no sha256 or sha512 digest in lower case/],
      [{ sha1: createHash('sha1').update(image.image.manifest).digest('hex') }, /no sha256 or sha512 digest/],
      [{ sha512: hex }, /no sha256 or sha512 digest/],
      [{ sha512: long, sha256: hex }, /has several digests, exactly one counts/],
    ] as const) {
      const attacked = await publish(
        setting,
        `official/algorithms-${Object.keys(digest).join('-').toLowerCase()}`,
        image.image,
      );
      for (const old of await referrersOf(attacked)) await remove(setting.as.publisher, attacked, old);
      await attach(setting.as.other, attacked, forged(attacked, trusted, { digest }));
      await expectRefused(attacked, reason);
    }
    await attach(setting.as.other, image, forged(image, trusted, { digest: { sha256: hex } }));
    await expectServed(setting, image);
  });

  test('referrer flood (DoS on verifiers)', async () => {
    const image = await publish(setting, 'official/flooded');
    await setting.signer('p256').sign('cosign3', image.reference);
    await expectServed(setting, image);
    const bogus = (at: number) =>
      manifestOf([rawLayer(`{"bogus":${at}}`, bundleMediaType)], emptyConfig, {
        artifactType: bundleMediaType,
        subject: subjectOf(image),
      });
    const answers: string[] = [];
    for (let at = 0; at < limit; at += 1) {
      const pushing = setting.as.other.push(image.repository, bogus(at));
      answers.push(await pushing.then(() => 'taken', String));
    }
    const taken = Array.from({ length: limit - 1 }, () => 'taken');
    expect(answers).toEqual([...taken, expect.stringMatching(/409 .*at most 16 may/)]);
    await expectServed(setting, image);
    const { outcome, passed } = await verdictOn(setting, image);
    expect([outcome, passed.includes('signed')]).toEqual(['allow', true]);
    // the owner clears it away, and others sign again
    const [first] = (await referrersOf(image)).filter((digest) => digest === sha256(bogus(0).manifest));
    expect((await remove(setting.as.publisher, image, first!)).status).toBe(202);
    await setting.signer('p256').sign('cosign3', image.reference);
    await expectServed(setting, image);
  });

  test('unknown/unsigned index child', async () => {
    const { publisher, reader } = setting.as;
    const children = ['amd64', 'arm64'].map((architecture) => ({
      image: imageOf([smallRoot(architecture)]),
      platform: { os: 'linux', architecture },
    }));
    const [good, evil] = children as [(typeof children)[0], (typeof children)[0]];
    for (const { image } of children) await publisher.push('official/index', image);
    const index = await publish(setting, 'official/index', indexOf(children));
    await setting.signer('p256').sign('cosign3', index.reference);
    const pull = async ({ image }: { image: { manifest: Buffer } }) => {
      const digest = sha256(image.manifest);
      await verdictOn(setting, { ...index, digest });
      return (await reader.send('GET', `/v2/official/index/manifests/${digest}`)).status;
    };
    await setting
      .signer('p256')
      .sign('cosign3', `${setting.product.host}/official/index@${sha256(good.image.manifest)}`);
    expect(await pull(good)).toBe(200);
    // the signature of the index is none of its child
    expect(await pull(evil)).toBe(403);
    const layer = [...evil.image.blobs.keys()].at(-1)!;
    expect((await reader.send('GET', `/v2/official/index/blobs/${layer}`)).status).toBe(403);
    const unsigned = await publish(setting, 'official/index', indexOf([good]), 'v2');
    await expectRefusedIndex(unsigned);
  });

  async function expectRefusedIndex(index: Published): Promise<void> {
    expect((await verdictOn(setting, index)).outcome).toBe('hold');
    const { status } = await setting.as.reader.send('GET', `/v2/${index.repository}/manifests/${index.tag}`);
    expect(status).toBe(403);
  }

  test('time: expired certificate, back-dated signature (keys)', async () => {
    const image = await publish(setting, 'official/dated');
    const since = '2020-01-01T00:00:00Z';
    await trust({ p256: { validFrom: since, validTo: new Date(Date.now() + 3_600_000).toISOString() } });
    const longAgo = new Date('2020-06-01T00:00:00Z');
    await attach(setting.as.other, image, signImage(subjectOf(image), trusted, longAgo));
    await expectServed(setting, image);
    // the key has ended; that the signature says to be older proves nothing
    await trust({ p256: { validFrom: since, validTo: '2021-01-01T00:00:00Z' } });
    await expectRefused(image, /2021-01-01/);
    await trust({ p256: {} });
    await expectServed(setting, image);
  });
});

function openPayload(body: Buffer): unknown {
  const { payload } = JSON.parse(body.toString()) as { payload?: string };
  return payload === undefined
    ? JSON.parse(body.toString())
    : JSON.parse(Buffer.from(payload, 'base64').toString());
}
