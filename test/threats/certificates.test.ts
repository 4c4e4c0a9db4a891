import { createHmac, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { issue, oids, stamp, type Issued } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { signImageNotation } from '@wharfinger/lib/signing/notation/sign-image-notation';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { notationIn, type Notation } from '../harness/notation.ts';
import { lacksTools } from '../requirements.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  verdictOn,
  type Published,
  type Setting,
} from '../trust/setting.ts';

const day = 86_400_000;
const ago = (days: number): Date => new Date(Date.now() - days * day);
const years = { notBefore: ago(900), notAfter: ago(-900) };
const subject = [
  ['C', 'US'],
  ['ST', 'WA'],
  ['O', 'Acme'],
  ['CN', 'release'],
] as const;
const identity = 'x509.subject: C=US, ST=WA, O=Acme';
const root = issue({ subject: [['CN', 'Acme Root']], ca: true, ...years });
const leaf = issue({ subject, issuer: root });
const ended = issue({ subject, issuer: root, notBefore: ago(10), notAfter: ago(1) });
const timeRoot = issue({ subject: [['CN', 'Time Root']], ca: true, ...years });
const time = issue({
  subject: [['CN', 'Time']],
  issuer: timeRoot,
  purposes: [oids.timeStamping],
  purposesCritical: true,
  ...years,
});

/** An envelope of JWS, its parts as they are sent. */
interface Jws {
  payload: string;
  protected: string;
  header: Record<string, unknown>;
  signature: string;
}

describe.skipIf(lacksTools(['notation']))('signatures with certificates, attacked', () => {
  let setting: Setting;
  let notation: Notation;
  const configure = (trustStores: readonly string[]) =>
    setting.reconfigure((config) => ({
      ...config,
      trustStores: [
        { name: 'ca:acme', pem: root.pem },
        { name: 'tsa:time', pem: timeRoot.pem },
      ],
      trust: [
        {
          repositories: 'official/**',
          certificates: [{ name: 'acme', trustStores, trustedIdentities: [identity] }],
        },
      ],
    }));
  beforeAll(async () => {
    setting = await openSetting([]);
    const folder = join(setting.folder, 'client');
    mkdirSync(folder);
    const login = { name: 'signer', password: 'signer-and-no-other' };
    notation = notationIn(folder, login, [{ name: 'leaf', ...leaf }], {
      'ca/acme': root.pem,
      'tsa/time': timeRoot.pem,
    });
    await configure(['ca:acme']);
  });
  afterAll(() => setting[Symbol.asyncDispose]());
  const trustOf = (trustStores: readonly string[]): void =>
    notation.trust({
      name: 'acme',
      registryScopes: ['*'],
      signatureVerification: { level: 'strict' },
      trustStores,
      trustedIdentities: [identity],
    });

  /** Attaches a signature as notation does, its envelope changed. */
  async function attach(
    image: Published,
    by: Issued,
    signedAt: Date,
    change: (jws: Jws) => void,
  ): Promise<void> {
    const about = {
      mediaType: image.image.mediaType,
      digest: image.digest as Digest,
      size: image.image.manifest.length,
    };
    const key = parsePrivateKey(by.keyPem, undefined);
    const signed = signImageNotation(about, { key, chain: by.chainPem }, { signedAt });
    const manifest = JSON.parse(signed.manifest.bytes.toString()) as {
      layers: [{ digest: Digest; size: number }];
    };
    const [layer] = manifest.layers;
    const blobs = new Map<string, Buffer>(
      signed.blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]),
    );
    const jws = JSON.parse(blobs.get(layer.digest)!.toString()) as Jws;
    change(jws);
    const envelope = Buffer.from(JSON.stringify(jws));
    blobs.set(digestOf(envelope), envelope);
    Object.assign(layer, { digest: digestOf(envelope), size: envelope.length });
    const bytes = Buffer.from(JSON.stringify(manifest));
    await setting.as.other.push(image.repository, {
      manifest: bytes,
      mediaType: signed.manifest.mediaType,
      blobs,
    });
  }

  async function expectRefused(image: Published, reason: RegExp): Promise<void> {
    await expectHeld(setting, image, /not signed/);
    expect(JSON.stringify((await verdictOn(setting, image)).reasons)).toMatch(reason);
    expect((await notation.verify(image.reference)).code).not.toBe(0);
  }

  test('algorithm confusion in JWS', async () => {
    trustOf(['ca:acme']);
    const honest = await publish(setting, 'official/honest');
    await attach(honest, leaf, new Date(), () => {});
    await expectServed(setting, honest);
    expect(await notation.verify(honest.reference)).toMatchObject({ code: 0 });

    const publicKey = createPublicKey(leaf.key);
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const hmac = (secret: string | Buffer) => (text: string) =>
      createHmac('sha256', secret).update(text).digest();
    const ecdsa = (hash: string, key: KeyObject) => (text: string) =>
      sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    for (const [alg, makeSignature, reason] of [
      ['none', () => Buffer.of(0), /claims the algorithm \\"none\\"/],
      ['HS256', hmac(pem), /claims the algorithm \\"HS256\\"/],
      ['HS256', hmac(leaf.der), /claims the algorithm \\"HS256\\"/],
      ['ES384', ecdsa('sha384', leaf.key), /ES384/],
      ['PS256', ecdsa('sha256', leaf.key), /PS256/],
      ['es256', ecdsa('sha256', leaf.key), /es256/],
    ] as const) {
      const image = await publish(
        setting,
        `official/${alg.toLowerCase()}-${Math.random().toString(36).slice(2)}`,
      );
      await attach(image, leaf, new Date(), (jws) => {
        const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as object;
        jws.protected = Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url');
        jws.signature = makeSignature(`${jws.protected}.${jws.payload}`).toString('base64url');
      });
      await expectRefused(image, reason);
    }
    // the same way of making it, with the algorithm of the key, counts
    const control = await publish(setting, 'official/control');
    await attach(control, leaf, new Date(), (jws) => {
      jws.signature = ecdsa('sha256', leaf.key)(`${jws.protected}.${jws.payload}`).toString('base64url');
    });
    await expectServed(setting, control);
  });

  test('time: expired certificate, back-dated signature', async () => {
    const stores = ['ca:acme', 'tsa:time'];
    await configure(stores);
    trustOf(stores);
    const stamped = (at: Date) => (jws: Jws) => {
      const token = stamp(Buffer.from(jws.signature, 'base64url'), { authority: time, at });
      jws.header['io.cncf.notary.timestampSignature'] = token.toString('base64');
    };
    const inTime = await publish(setting, 'official/in-time');
    await attach(inTime, ended, ago(5), stamped(ago(5)));
    await expectServed(setting, inTime);
    expect(await notation.verify(inTime.reference)).toMatchObject({ code: 0 });

    // it says that it was signed five days ago, when the certificate ran
    const late = await publish(setting, 'official/late');
    await attach(late, ended, ago(5), stamped(new Date()));
    await expectRefused(late, /expired|not valid|timestamp/);
    const bare = await publish(setting, 'official/bare');
    await attach(bare, ended, ago(5), () => {});
    await expectRefused(bare, /timestamp/);
    const early = await publish(setting, 'official/early');
    await attach(early, ended, ago(5), stamped(ago(20)));
    await expectRefused(early, /valid|timestamp/);
    await configure(['ca:acme']);
    trustOf(['ca:acme']);
    await expectRefused(bare, /expired|valid/);
  });
});
