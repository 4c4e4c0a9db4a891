import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { EvidenceSource, TrustedIdentity, TrustedKey, TrustSet } from '../evidence.ts';
import type { SignedImage } from '../sign-statement.ts';
import { verifyEvidence } from '../verify-evidence.ts';
import { checkTrustedIdentity } from './image-verifier.ts';
import { signImageKeyless } from './sign-keyless.ts';
import { LocalSigstore, type MeansOptions } from './testing/local-sigstore.ts';

const sigstore = new LocalSigstore(new Date('2026-11-22T03:00:00Z'));
const other = new LocalSigstore(sigstore.now);
const ci = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };
const image: Descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf('an image'), size: 8 };
const later = (minutes: number) => new Date(sigstore.now.getTime() + minutes * 60_000).toISOString();

const release: TrustedIdentity = {
  name: 'release',
  principal: 'acme-ci',
  team: 'acme',
  keyless: { issuer: { exact: ci.issuer }, subject: { exact: ci.subject }, root: 'local' },
};

function trustIn(signers: TrustSet['signers'], over: Partial<TrustSet> = {}): TrustSet {
  return {
    signers,
    formats: ['cosign-v2', 'cosign-v3'],
    sigstoreRoots: { local: sigstore.trustedRoot(), other: other.trustedRoot() },
    trustStores: {},
    certificateRevocations: [],
    revocations: [],
    ...over,
  };
}

/** A registry that holds these signatures of the image. */
function holding(...signed: readonly SignedImage[]): EvidenceSource {
  const bytes = new Map(
    signed.flatMap(({ manifest, blobs }) => [
      [manifest.digest, manifest.bytes] as const,
      ...blobs.map((blob) => [blob.descriptor.digest, blob.bytes] as const),
    ]),
  );
  return {
    async manifest(reference) {
      const found = signed.find(({ manifest }) => manifest.digest === reference);
      return found && { ...found.manifest, mediaType: mediaTypes.ociManifest };
    },
    async referrers() {
      return signed.map(({ manifest }) => ({
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
        artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      }));
    },
    async blob(descriptor) {
      return bytes.get(descriptor.digest);
    },
  };
}

function sign(
  person = ci,
  options: MeansOptions = {},
  statement?: { predicateType: string; predicate: object },
) {
  return signImageKeyless(image, sigstore.means(person, options), sigstore.now, statement);
}

async function verify(signed: SignedImage, trust: TrustSet, now = sigstore.now) {
  return verifyEvidence(image, holding(signed), trust, now);
}

async function reasonFor(signed: SignedImage, trust: TrustSet): Promise<string> {
  const { valid, statements, refused, refusedStatements } = await verify(signed, trust);
  expect([...valid, ...statements]).toEqual([]);
  return [...refused, ...refusedStatements].map(({ reason }) => reason).join();
}

describe('an image that is signed without a key', () => {
  test('counts for who signed it, for good', async () => {
    const signed = await sign();
    const expected = {
      valid: [
        {
          format: 'cosign-v3',
          key: 'release',
          keyId: expect.stringMatching(/^[0-9a-f]{64}$/),
          principal: 'acme-ci',
          team: 'acme',
          purposes: ['release', 'attest'],
          signedAt: later(0),
          identity: ci,
          evidence: signed.manifest.digest,
        },
      ],
      refused: [],
      statements: [],
      refusedStatements: [],
    };
    expect(await verify(signed, trustIn([release]))).toEqual(expected);
    expect(await verify(signed, trustIn([release]), new Date(later(60 * 24 * 900)))).toEqual(expected);
  });

  test('counts once where several records name who signed it, for what all of them say', async () => {
    const stamps: TrustedIdentity = {
      ...release,
      name: 'any of acme',
      purposes: ['stamp'],
      keyless: { ...release.keyless, subject: { pattern: 'https://ci\\.example/acme/.*' } },
    };
    const { valid } = await verify(await sign(), trustIn([release, stamps]));
    expect(valid).toMatchObject([{ key: 'release', purposes: ['release', 'attest', 'stamp'] }]);
  });

  test.each([
    [
      'somebody who looks alike',
      { ...ci, subject: `${ci.subject}.evil.example` },
      /that identity is not trusted/,
    ],
    [
      'another issuer',
      { ...ci, issuer: 'https://token.example.evil.example' },
      /that identity is not trusted/,
    ],
  ])('does not count for %s', async (_, person, reason) => {
    expect(await reasonFor(await sign(person), trustIn([release]))).toMatch(reason);
    const loose = { ...release, keyless: { ...release.keyless, subject: { pattern: ci.subject } } };
    expect(await reasonFor(await sign(person), trustIn([loose]))).toMatch(reason);
  });

  test('does not count by the root of another instance', async () => {
    const elsewhere = { ...release, keyless: { ...release.keyless, root: 'other' } };
    expect(await reasonFor(await sign(), trustIn([elsewhere]))).toMatch(/verify certificate chain/);
  });

  test('does not count where the policy names no identity, or for another purpose', async () => {
    const key: TrustedKey = { name: 'key', pem: sigstore.certify(ci).key.publicPem };
    expect(await reasonFor(await sign(), trustIn([key]))).toBe(
      'it is signed without a key, and the policy names no identities',
    );
    const stamps = trustIn([{ ...release, purposes: ['stamp'] }]);
    expect(await reasonFor(await sign(), stamps)).toBe('release is trusted for stamp, not for releases');
  });

  test('counts by when it was signed, not by now', async () => {
    const signed = await sign();
    const within = { ...release, validFrom: later(-1), validTo: later(1) };
    const now = new Date(later(9000));
    expect((await verify(signed, trustIn([within]), now)).valid).toHaveLength(1);
    expect(await reasonFor(signed, trustIn([{ ...release, validTo: later(0) }]))).toMatch(
      /was trusted until/,
    );
    expect(await reasonFor(signed, trustIn([{ ...release, validFrom: later(1) }]))).toMatch(
      /is trusted from/,
    );
  });

  test('does not count once the key of its certificate is revoked', async () => {
    const signed = await sign();
    const { keyId } = (await verify(signed, trustIn([release]))).valid[0]!;
    const revoked = { keyId, revokedAt: later(5), reason: 'stolen' };
    const by = (revocation: TrustSet['revocations'][number]) =>
      trustIn([release], { revocations: [revocation] });
    expect(await reasonFor(signed, by(revoked))).toBe(
      `the key of release was revoked at ${later(5)}: stolen`,
    );
    expect(await reasonFor(signed, by({ ...revoked, compromisedSince: later(0) }))).toMatch(
      /is compromised since/,
    );
    expect((await verify(signed, by({ ...revoked, compromisedSince: later(1) }))).valid).toHaveLength(1);
  });

  test.each(['issuer', 'root'] as const)(
    'does not count once the key of the %s that vouches for it is revoked',
    async (which) => {
      const signed = await sign();
      const spki = sigstore.authority[which].key.export({ type: 'pkcs8', format: 'pem' });
      const keyId = createHash('sha256')
        .update(createPublicKey(spki).export({ type: 'spki', format: 'der' }))
        .digest('hex');
      const by = (over: object) =>
        trustIn([release], { revocations: [{ keyId, revokedAt: later(5), reason: 'stolen', ...over }] });
      expect(await reasonFor(signed, by({}))).toBe(
        `a certificate that vouches for release was revoked at ${later(5)}: stolen`,
      );
      expect(await reasonFor(signed, by({ compromisedSince: later(0) }))).toMatch(
        /^a certificate that vouches for release is compromised since/,
      );
      expect((await verify(signed, by({ compromisedSince: later(1) }))).valid).toHaveLength(1);
      const elsewhere = sigstore.certify(ci).key.id;
      expect((await verify(signed, by({ keyId: elsewhere }))).valid).toHaveLength(1);
    },
  );

  test('counts as an attestation where it is one', async () => {
    const statement = { predicateType: 'https://test.example/scan', predicate: { found: 0 } };
    const report = await verify(await sign(ci, {}, statement), trustIn([release]));
    expect(report).toMatchObject({ valid: [], statements: [{ ...statement, signer: { identity: ci } }] });
  });

  test('cannot be judged by a root that is missing, or none, or a pattern that is none', async () => {
    const signed = await sign();
    const policies: ReadonlyArray<readonly [string, TrustSet]> = [
      ['TRUSTED_ROOT_INVALID', trustIn([release], { sigstoreRoots: {} })],
      ['TRUSTED_ROOT_INVALID', trustIn([release], { sigstoreRoots: { local: '{}' } })],
      [
        'INPUT_INVALID',
        trustIn([{ ...release, keyless: { ...release.keyless, subject: { pattern: '(' } } }]),
      ],
    ];
    for (const [code, trust] of policies) {
      const isExpected = (error: unknown) => isWharfingerError(error, code as never);
      await expect(verify(signed, trust)).rejects.toSatisfy(isExpected);
      const [identity] = trust.signers as [TrustedIdentity];
      expect(() => checkTrustedIdentity(identity, trust.sigstoreRoots)).toThrow(expect.toSatisfy(isExpected));
    }
  });
});

test('a certificate for another key signs nothing', async () => {
  const means = sigstore.means(ci);
  const mixed = { ...means, certificate: sigstore.certify(ci).certificate };
  await expect(signImageKeyless(image, mixed, sigstore.now)).rejects.toThrow(/issued for another key/);
});

describe('an image that is signed with a key', () => {
  const pair = sigstore.certify(ci);
  const key = { name: 'key', pem: pair.key.publicPem };

  /** Signed with the key alone; log entry and timestamp tell when. */
  async function signWithKey(at: string): Promise<SignedImage> {
    const means = { ...sigstore.means(ci, { at: new Date(at), stamped: true }), ...pair };
    const made = await signImageKeyless(image, means, sigstore.now);
    return rewrite(made, (bundle) => {
      const { tlogEntries: _, certificate: __, ...material } = bundle.verificationMaterial;
      const hint = Buffer.from(pair.key.id, 'hex').toString('base64');
      return { ...bundle, verificationMaterial: { ...material, publicKey: { hint } } };
    });
  }

  test('is known to be signed before the key was stolen, by a timestamp', async () => {
    const revocation = {
      keyId: pair.key.id,
      revokedAt: later(9),
      compromisedSince: later(5),
      reason: 'stolen',
    };
    const trust = trustIn([key], { revocations: [revocation] });
    expect((await verify(await signWithKey(later(0)), trust)).valid).toMatchObject([{ signedAt: later(0) }]);
    const after = await verifyEvidence(
      image,
      holding(await signWithKey(later(6))),
      trust,
      new Date(later(20)),
    );
    expect(after.refused).toMatchObject([{ reason: expect.stringContaining('is compromised since') }]);
    const unknown = { ...trust, sigstoreRoots: { other: other.trustedRoot() } };
    expect(await reasonFor(await signWithKey(later(0)), unknown)).toMatch(/no trusted time tells/);
  });
});

interface Bundle {
  readonly verificationMaterial: Readonly<Record<string, unknown>>;
}

/** The same artifact around another bundle. */
function rewrite(made: SignedImage, change: (bundle: Bundle) => object): SignedImage {
  const [config, bundle] = made.blobs;
  const bytes = Buffer.from(JSON.stringify(change(JSON.parse(bundle!.bytes.toString()) as Bundle)));
  const descriptor = { ...bundle!.descriptor, digest: digestOf(bytes), size: bytes.length };
  const manifest = { ...(JSON.parse(made.manifest.bytes.toString()) as object), layers: [descriptor] };
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  return {
    manifest: { ...made.manifest, digest: digestOf(manifestBytes), bytes: manifestBytes },
    blobs: [config!, { descriptor, bytes }],
  };
}
