import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { effectiveArtifactType, parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { EvidenceSource, TrustedSigner, TrustSet } from '../evidence.ts';
import { parsePrivateKey } from '../private-keys.ts';
import { verifyEvidence } from '../verify-evidence.ts';
import { issue, type Issued } from './authority.fixtures.ts';
import { envelope, from, hour, leaf, leafWith, middle, now, root } from './setting.fixtures.ts';
import { signImageNotation } from './sign-image-notation.ts';

const notary = 'application/vnd.cncf.notary.signature';
const annotation = 'io.cncf.notary.x509chain.thumbprint#S256';

const imageBytes = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, made: 'by a test' }),
);
const image: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(imageBytes),
  size: imageBytes.length,
};

/** A repository in memory with one image. */
class Repository implements EvidenceSource {
  readonly bytes = new Map<Digest, Uint8Array>([[image.digest, imageBytes]]);
  readonly listed: Descriptor[] = [];

  put(bytes: Uint8Array | string, mediaType: string): Descriptor {
    const stored = Buffer.from(bytes);
    const digest = digestOf(stored);
    this.bytes.set(digest, stored);
    return { mediaType, digest, size: stored.length };
  }

  refer(bytes: Uint8Array): Descriptor {
    const stored = this.put(bytes, mediaTypes.ociManifest);
    const artifactType = effectiveArtifactType(parseManifest(bytes, stored.mediaType));
    const descriptor = { ...stored, ...(artifactType === undefined ? {} : { artifactType }) };
    this.listed.push(descriptor);
    return descriptor;
  }

  async manifest(reference: string) {
    const bytes = isDigest(reference) ? this.bytes.get(reference) : undefined;
    return bytes && { digest: reference as Digest, mediaType: mediaTypes.ociManifest, bytes };
  }

  async referrers() {
    return this.listed;
  }

  async blob(descriptor: Descriptor) {
    return this.bytes.get(descriptor.digest);
  }
}

interface Attached {
  readonly by?: Issued;
  readonly target?: Partial<Descriptor>;
  readonly manifest?: object;
  readonly layers?: (layer: Descriptor) => Descriptor[];
}

/** Attaches a signature that is right but for what is given. */
function attach(
  repository: Repository,
  { by = leaf, target = {}, manifest = {}, layers = (layer) => [layer] }: Attached = {},
) {
  const { mediaType, bytes } = envelope(undefined, { by, target: { ...image, ...target } });
  const thumbprints = by.chain.map((der) => digestOf(der).slice(7));
  return repository.refer(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: repository.put('{}', notary),
        layers: layers(repository.put(bytes, mediaType)),
        subject: image,
        annotations: { [annotation]: JSON.stringify(thumbprints) },
        ...manifest,
      }),
    ),
  );
}

function trustIn(...signers: TrustedSigner[]): TrustSet {
  return {
    signers,
    formats: ['notation'],
    sigstoreRoots: {},
    trustStores: { 'ca:acme': root.pem },
    certificateRevocations: [],
    revocations: [],
  };
}

const acme: TrustedSigner = {
  name: 'acme',
  principal: 'Acme',
  notation: { trustStores: ['ca:acme'], trustedIdentities: ['*'] },
};

const verify = (repository: Repository, trust = trustIn(acme)) =>
  verifyEvidence(image, repository, trust, now);

async function reasonOf(repository: Repository, trust?: TrustSet): Promise<string> {
  const { valid, refused } = await verify(repository, trust);
  expect(valid).toEqual([]);
  expect(refused).toHaveLength(1);
  return refused[0]!.reason;
}

test.each<[string, object]>([
  ['notation 1', {}],
  [
    'notation 2',
    { artifactType: notary, config: { mediaType: mediaTypes.ociEmpty, digest: digestOf('{}'), size: 2 } },
  ],
])('a signature in the form of %s counts', async (_, manifest) => {
  const repository = new Repository();
  const { digest } = attach(repository, { manifest });
  const { valid, refused } = await verify(repository);
  expect(refused).toEqual([]);
  expect(valid).toEqual([
    expect.objectContaining({
      format: 'notation',
      key: 'acme',
      principal: 'Acme',
      evidence: digest,
      identity: { issuer: 'CN=Acme Root', subject: 'CN=release,O=Acme,ST=WA,C=US' },
    }),
  ]);
});

it('counts too where the size and type of the image must be looked up', async () => {
  const repository = new Repository();
  attach(repository);
  const { valid } = await verifyEvidence({ digest: image.digest }, repository, trustIn(acme), now);
  expect(valid).toHaveLength(1);
});

test.each<[string, Attached, RegExp]>([
  ['of another image', { target: { digest: digestOf('another') } }, /it signs another image/],
  ['of another size', { target: { size: image.size + 1 } }, /but the image's manifest has/],
  ['of another type', { target: { mediaType: mediaTypes.ociIndex } }, /it signs something of type/],
  [
    'listed for another image',
    { manifest: { subject: { ...image, digest: digestOf('x') } } },
    /refers to another/,
  ],
  ['without thumbprints', { manifest: { annotations: {} } }, /lacks the annotation/],
  [
    'with thumbprints of another',
    { manifest: { annotations: { [annotation]: '["00"]' } } },
    /names other certificates/,
  ],
  ['in two layers', { layers: (layer) => [layer, layer] }, /several layers/],
  ['in no layer', { layers: () => [] }, /carries no signature/],
  [
    'in a layer of another type',
    { layers: (layer) => [{ ...layer, mediaType: 'text/plain' }] },
    /no signed document of notation/,
  ],
  [
    'in a layer called COSE',
    { layers: (layer) => [{ ...layer, mediaType: 'application/cose' }] },
    /not the CBOR/,
  ],
  ['by somebody unknown', { by: issue({ subject: [['CN', 'nobody']] }) }, /CN=nobody is not trusted/],
])('a signature %s does not count', async (_, attached, reason) => {
  const repository = new Repository();
  attach(repository, attached);
  expect(await reasonOf(repository)).toMatch(reason);
});

it('counts for those whom the policy names, and says why not for each other', async () => {
  const repository = new Repository();
  attach(repository);
  const other = (name: string, identity: string): TrustedSigner => ({
    name,
    notation: { trustStores: ['ca:acme'], trustedIdentities: [`x509.subject: C=US,ST=WA,O=${identity}`] },
  });
  const { valid } = await verify(repository, trustIn(other('evil', 'Evil'), other('good', 'Acme')));
  expect(valid.map(({ key }) => key)).toEqual(['good']);
  expect(await reasonOf(repository, trustIn(other('one', 'One'), other('two', 'Two')))).toMatch(
    /^one: .*; two: /,
  );
  expect(await reasonOf(repository, trustIn())).toMatch(/no certificates are trusted here/);
});

it('counts with a warning where the level only asks to be told', async () => {
  const repository = new Repository();
  attach(repository, { by: leafWith({ notAfter: from(-60_000) }) });
  const notation = { trustStores: ['ca:acme'], trustedIdentities: ['*'], level: 'permissive' } as const;
  const { valid } = await verify(repository, trustIn({ name: 'acme', notation }));
  expect(valid.map(({ warnings }) => warnings)).toEqual([
    [expect.stringMatching(/^authenticTimestamp: the certificate .* was valid until/)],
  ]);
  expect(await reasonOf(repository)).toMatch(/was valid until/);
});

it('ends with the revocation of its key, or of one that vouches for it', async () => {
  const repository = new Repository();
  attach(repository);
  const keyIdOf = ({ key }: Issued): string =>
    parsePrivateKey(key.export({ type: 'pkcs8', format: 'pem' }), undefined).id;
  for (const issued of [leaf, middle, root]) {
    const revoked = { keyId: keyIdOf(issued), revokedAt: now.toISOString(), reason: 'lost' };
    expect(await reasonOf(repository, { ...trustIn(acme), revocations: [revoked] })).toMatch(
      /was revoked at.*lost/,
    );
  }
});

it('does not count where the policy names another format', async () => {
  const repository = new Repository();
  attach(repository);
  expect(await reasonOf(repository, { ...trustIn(acme), formats: ['cosign-v3'] })).toMatch(/only cosign-v3/);
});

it('does not hide a policy that cannot be used', async () => {
  const repository = new Repository();
  attach(repository);
  const broken = { ...trustIn(acme), trustStores: {} };
  await expect(verify(repository, broken)).rejects.toThrow(/there is no trust store "ca:acme"/);
});

describe('signing', () => {
  const signing = (by: Issued, chain = by.chainPem) => ({
    key: parsePrivateKey(by.keyPem, undefined),
    chain,
  });

  test.each(['application/jose+json', 'application/cose'] as const)(
    'in %s makes what counts',
    async (type) => {
      const repository = new Repository();
      const signed = signImageNotation(image, signing(leaf), {
        signedAt: now,
        envelope: type,
        expiry: from(hour),
        annotations: { a: 'b' },
      });
      for (const { bytes, descriptor } of signed.blobs)
        expect(repository.put(bytes, '').digest).toBe(descriptor.digest);
      expect(repository.refer(signed.manifest.bytes).digest).toBe(signed.manifest.digest);
      const report = await verify(repository);
      expect(report.valid).toHaveLength(1);
      expect(report.validUntil).toBe(from(hour).toISOString());
    },
  );

  test.each<[string, () => unknown, string, RegExp]>([
    [
      'a certificate of another key',
      () => sign(signing(leaf, leafWith({}).chainPem)),
      'CERTIFICATE_INVALID',
      /is not that of the key/,
    ],
    [
      'a chain without its root',
      () => sign(signing(leaf, leaf.pem + middle.pem)),
      'CERTIFICATE_INVALID',
      /does not end with a self-signed root/,
    ],
    [
      'a chain in another order',
      () => sign(signing(leaf, leaf.pem + root.pem + middle.pem)),
      'CERTIFICATE_INVALID',
      /self-signed|not issued/,
    ],
    [
      'an expired certificate',
      () => sign(signing(leafWith({ notAfter: from(-hour) }))),
      'CERTIFICATE_INVALID',
      /was valid until/,
    ],
    [
      'a certificate for TLS',
      () => sign(signing(leafWith({ purposes: ['1.3.6.1.5.5.7.3.1'] }))),
      'CERTIFICATE_INVALID',
      /lacks codeSigning/,
    ],
    [
      'no certificate',
      () => sign(signing(leaf, leaf.keyPem)),
      'CERTIFICATE_INVALID',
      /PEM block PRIVATE KEY/,
    ],
    [
      'an expiry in the past',
      () => signImageNotation(image, signing(leaf), { signedAt: now, expiry: from(-1000) }),
      'INPUT_INVALID',
      /before it is made/,
    ],
    [
      'a key Ed25519',
      () =>
        sign({
          ...signing(leaf),
          key: parsePrivateKey(
            generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
            undefined,
          ),
        }),
      'KEY_INVALID',
      /no algorithm/,
    ],
  ])('with %s is refused', (_, made, code, reason) => {
    expect(made).toThrow(expect.objectContaining({ code, message: expect.stringMatching(reason) }));
  });

  function sign(by: ReturnType<typeof signing>) {
    return signImageNotation(image, by, { signedAt: now });
  }
});
