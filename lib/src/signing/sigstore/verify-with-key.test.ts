import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { parsePublicKey } from '../keys.ts';
import { refusalReason } from '../refusal.ts';
import { parseSigstoreRoot } from './root.ts';
import { spkiOf } from './testing/entry-log.ts';
import { LocalSigstore } from './testing/local-sigstore.ts';
import { verifyBlob, type Artifact } from './verify-blob.ts';

const sigstore = new LocalSigstore(new Date('2026-11-22T03:00:00Z'));
const root = parseSigstoreRoot(sigstore.trustedRoot());
const file = Buffer.from('a file');
const digest = createHash('sha256').update(file).digest();
const keys = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
} as const;
const kinds = Object.keys(keys) as Array<keyof typeof keys>;
const hashes = { p256: 'sha256', p384: 'sha384', p521: 'sha512', rsa: 'sha256', ed25519: null } as const;

function publicKey(key: KeyObject) {
  const pem = `-----BEGIN PUBLIC KEY-----\n${spkiOf(key).toString('base64')}\n-----END PUBLIC KEY-----`;
  return parsePublicKey({ name: 'key', pem });
}

/** Signed with a key, and in the log unless told otherwise. */
function bundleBy(
  kind: keyof typeof keys,
  over: { log?: boolean; entryOf?: KeyObject; hint?: string } = {},
): Buffer {
  const key = keys[kind];
  const signature = sign(hashes[kind], file, key);
  const entry = sigstore.log.append(
    { signature, digest, signer: spkiOf(over.entryOf ?? key), isKey: true },
    { integratedTime: sigstore.now.getTime() / 1000 },
  );
  return Buffer.from(
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        publicKey: { hint: over.hint ?? 'whatever its writer calls it' },
        tlogEntries: over.log === false ? [] : [entry],
      },
      messageSignature: { signature: signature.toString('base64') },
    }),
  );
}

function artifact(content = file): Artifact {
  return {
    async *read() {
      for (const byte of content) yield Buffer.of(byte);
    },
  };
}

async function reasonFor(bundle: Buffer, given: { artifact?: Artifact; key?: KeyObject; logged?: boolean }) {
  const key = publicKey(given.key ?? keys.p256);
  const trust = given.logged === false ? { key } : { key, root };
  return verifyBlob(bundle, given.artifact ?? artifact(), trust, sigstore.now).then(
    () => 'it was accepted',
    (error: unknown) => refusalReason(error) ?? error,
  );
}

describe.each(kinds)('a file signed with %s', (kind) => {
  const key = keys[kind];

  test('verifies as it passes, byte by byte, with a log and without', async () => {
    const trusted = publicKey(key);
    const expected = { keyId: trusted.id, signedAt: sigstore.now.toISOString() };
    expect(await verifyBlob(bundleBy(kind), artifact(), { key: trusted, root }, sigstore.now)).toEqual(
      expected,
    );
    const alone = bundleBy(kind, { log: false });
    expect(await verifyBlob(alone, artifact(), { key: trusted }, sigstore.now)).toEqual({
      keyId: trusted.id,
    });
  });

  test('is no other file, and by no other key', async () => {
    const other = kind === 'p256' ? keys.p384 : keys.p256;
    expect(await reasonFor(bundleBy(kind), { key, artifact: artifact(Buffer.from('another')) })).toMatch(
      /^the key did not sign it/,
    );
    expect(await reasonFor(bundleBy(kind), { key: other })).toMatch(/^the key did not sign it/);
  });
});

test('the digest of a file is enough where the signature is over one', async () => {
  const { p256, ed25519 } = keys;
  const given = { digest: digestOf(file) };
  expect(await reasonFor(bundleBy('p256'), { artifact: given, key: p256 })).toBe('it was accepted');
  expect(await reasonFor(bundleBy('ed25519'), { artifact: given, key: ed25519 })).toMatch(
    /the file is needed/,
  );
});

test('the log must have it where a root is given', async () => {
  expect(await reasonFor(bundleBy('p256', { log: false }), {})).toMatch(/expected 1 tlog entries, got 0/);
  expect(await reasonFor(bundleBy('p256', { entryOf: keys.p384 }), {})).toBe(
    'the log entry is of another signer',
  );
  expect(await reasonFor(bundleBy('p256', { entryOf: keys.p384 }), { logged: false })).toBe(
    'it was accepted',
  );
});

test('a key is not asked of a certificate, nor an identity of a key', async () => {
  const identity = { issuer: { exact: 'x' }, subject: { exact: 'x' }, root };
  await expect(verifyBlob(bundleBy('p256'), artifact(), identity, sigstore.now)).rejects.toThrow(
    /signed with a key, which names no identity/,
  );
});
