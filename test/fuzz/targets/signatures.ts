import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { envelopeType, simpleSigningType, signatureTags } from '@wharfinger/lib/signing/cosign-v2';
import { parseEnvelopeBundle } from '@wharfinger/lib/signing/bundle';
import { signEnvelope } from '@wharfinger/lib/signing/dsse';
import type { EvidenceReport, TrustSet } from '@wharfinger/lib/signing/evidence';
import {
  attach,
  bundleType,
  image,
  newKey,
  Repository,
  statement,
} from '@wharfinger/lib/signing/evidence.fixtures';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { signBytes } from '@wharfinger/lib/signing/raw-signature';
import { parseSimpleSigning } from '@wharfinger/lib/signing/simple-signing';
import { parseStatement } from '@wharfinger/lib/signing/statement';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { nothing, type Claims, type Target } from '../target.ts';

const now = new Date('2026-06-01T00:00:00Z');
const keys = (['p256', 'p384', 'p521', 'ed25519', 'rsa'] as const).map((kind) => ({
  kind,
  key: newKey(kind),
}));
const trust: TrustSet = trustOfKeys(keys.map(({ kind, key }) => ({ name: kind, pem: key.publicPem })));

/** Everything that a report says of who signed what and when. */
export function claimsOf({ valid, statements }: Pick<EvidenceReport, 'valid' | 'statements'>): Claims {
  const who = ({ keyId, signedAt, identity }: EvidenceReport['valid'][number]) => ({
    keyId,
    signedAt,
    identity,
  });
  return [
    ...valid.map((signer) => ({ image: image.digest, ...who(signer) })),
    ...statements.map(({ signer, subject, predicateType, predicate, payloadDigest }) => ({
      subject,
      predicateType,
      predicate,
      payloadDigest,
      ...who({ ...signer, format: 'cosign-v3', evidence: image.digest }),
    })),
  ];
}

const statements = [
  statement(),
  statement({ predicateType: 'https://spdx.dev/Document', predicate: { n: 1, list: ['é', { a: [] }] } }),
  statement({ _type: 'https://in-toto.io/Statement/v0.1', predicate: undefined }),
  statement({ predicateType: 'https://slsa.dev/provenance/v1', predicate: { big: 1e21 } }),
];

/** Bundles by keys of every kind, and the manifests that carry them. */
const bundles = [
  ...statements.map((stated) => {
    const repository = new Repository();
    return carried(repository, attach(repository, { signer: keys[0]!.key, statement: stated }).digest);
  }),
  ...keys.map(({ key }) => {
    const repository = new Repository();
    const signed = signStatement(
      image,
      { predicateType: 'https://acme.example/tested', predicate: { by: key.algorithm } },
      key,
      now,
    );
    for (const { bytes, descriptor } of signed.blobs) repository.put(bytes, descriptor.mediaType);
    return carried(repository, repository.put(signed.manifest.bytes, mediaTypes.ociManifest).digest);
  }),
];

function carried(repository: Repository, digest: Digest) {
  const manifest = Buffer.from(repository.bytes.get(digest)!);
  const { layers } = JSON.parse(manifest.toString()) as { layers: [{ digest: Digest }] };
  return { repository, manifest, bundle: Buffer.from(repository.bytes.get(layers[0].digest)!) };
}

/** With the payload of the bundle or envelope that was read: all of it is signed, whether a report tells of it or not. */
export function withPayload(claims: Claims, bytes: Uint8Array): Claims {
  if (claims.length === 0) return claims;
  const { payload } = enclosed(JSON.parse(Buffer.from(bytes).toString()) as object);
  return claims.map((claim) => ({ ...(claim as object), payload }));
}

function enclosed(document: { dsseEnvelope?: object; payload?: unknown }): { payload?: unknown } {
  return document.dsseEnvelope ?? document;
}

async function readBundle(bytes: Uint8Array): Promise<Claims> {
  const repository = new Repository();
  const layer = repository.put(Buffer.from(bytes), bundleType);
  repository.refer({ ...(JSON.parse(bundles[0]!.manifest.toString()) as object), layers: [layer] });
  return withPayload(claimsOf(await verifyEvidence(image, repository, trust, now)), bytes);
}

/** All blobs of all genuine signatures, so that a manifest can name any of them. */
function everything(): Repository {
  const all = new Repository();
  for (const { repository } of bundles)
    for (const [digest, bytes] of repository.bytes) all.bytes.set(digest, bytes);
  return all;
}

async function readReferrer(bytes: Uint8Array): Promise<Claims> {
  const repository = everything();
  const stored = repository.put(Buffer.from(bytes), mediaTypes.ociManifest);
  repository.listed.push({ ...stored, artifactType: bundleType });
  return claimsOf(await verifyEvidence(image, repository, trust, now));
}

function simpleSigning(digest: string, optional: object | null = null): Buffer {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'registry.example/app' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional,
    }),
  );
}

const signature = 'dev.cosignproject.cosign/signature';

/** What cosign 2 keeps: layers that are signed payloads, with the signature in an annotation, or envelopes. */
const old = keys.map(({ key: { algorithm, key } }, index) => {
  const repository = new Repository();
  const payload = simpleSigning(image.digest, index % 2 === 0 ? null : { who: 'é' });
  const layer = repository.put(payload, simpleSigningType, {
    annotations: { [signature]: signBytes(algorithm, key, payload).toString('base64') },
  });
  const type = 'application/vnd.in-toto+json';
  const stated = Buffer.from(JSON.stringify(statements[index % statements.length]));
  const envelope = Buffer.from(JSON.stringify(signEnvelope(type, stated, algorithm, key)));
  const attested = repository.put(envelope, envelopeType, { annotations: { predicateType: 'x' } });
  const manifest = (layers: readonly object[]) =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: repository.put('{}', mediaTypes.ociConfig),
        layers,
      }),
    );
  return {
    repository,
    payload,
    envelope,
    layer,
    attested,
    signatures: manifest([layer]),
    attestations: manifest([attested]),
  };
});
const two = Buffer.from(
  JSON.stringify({
    ...(JSON.parse(old[0]!.signatures.toString()) as object),
    layers: [old[0]!.layer, old[1]!.layer, old[2]!.attested],
  }),
);

async function readTag(index: 0 | 1, manifest: Uint8Array, more: readonly Buffer[] = []): Promise<Claims> {
  const repository = new Repository();
  for (const { repository: from } of old)
    for (const [digest, bytes] of from.bytes) repository.bytes.set(digest, bytes);
  for (const bytes of more) repository.put(bytes, mediaTypes.ociEmpty);
  const { digest } = repository.put(Buffer.from(manifest), mediaTypes.ociManifest);
  repository.tags.set(signatureTags(image.digest)[index], digest);
  return claimsOf(await verifyEvidence(image, repository, trust, now));
}

/** Payloads or envelopes that were changed, with all digests that name them made right. */
function readLayers(
  index: 0 | 1,
  bytes: Uint8Array,
  likes: ReadonlyArray<{ readonly mediaType: string; readonly annotations?: object }>,
) {
  const layers = likes.map((like) => ({ ...like, digest: digestOf(bytes), size: bytes.length }));
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  return readTag(index, Buffer.from(JSON.stringify(manifest)), [Buffer.from(bytes)]);
}

const refuses = ['SIGNATURE_INVALID'] as const;

/** Signatures and attestations by keys, in the formats of cosign 2 and 3. */
export const signatureTargets: readonly Target[] = [
  {
    name: 'Sigstore bundle by a key',
    refuses: [],
    genuine: bundles.map(({ bundle }) => bundle),
    read: readBundle,
  },
  {
    name: 'manifest of a Sigstore bundle',
    refuses: [],
    genuine: bundles.map(({ manifest }) => manifest),
    read: readReferrer,
  },
  {
    name: 'simple signing payload',
    refuses: [],
    genuine: old.map(({ payload }) => payload),
    async read(bytes) {
      const claims = await readLayers(
        0,
        bytes,
        old.map(({ layer }) => layer),
      );
      return claims.map((claim) => ({ ...(claim as object), payload: digestOf(bytes) }));
    },
  },
  {
    name: 'manifest of cosign 2 signatures, with annotations',
    refuses: [],
    genuine: [...old.map(({ signatures }) => signatures), two],
    read: (bytes) => readTag(0, bytes),
  },
  {
    name: 'DSSE envelope of cosign 2',
    refuses: [],
    genuine: old.map(({ envelope }) => envelope),
    read: async (bytes) => withPayload(await readLayers(1, bytes, [{ mediaType: envelopeType }]), bytes),
  },
  {
    name: 'manifest of cosign 2 attestations',
    refuses: [],
    genuine: old.map(({ attestations }) => attestations),
    read: (bytes) => readTag(1, bytes),
  },
  {
    name: 'in-toto statement, whoever signed it',
    refuses,
    genuine: statements.map((stated) => Buffer.from(JSON.stringify(stated))),
    read: (bytes) => nothing(parseStatement('application/vnd.in-toto+json', bytes)),
  },
  {
    name: 'bundle and payload, whoever signed them',
    refuses,
    genuine: [bundles[0]!.bundle],
    material: old.map(({ payload }) => payload),
    read: (bytes) => nothing(bytes[2] === 0x63 ? parseSimpleSigning(bytes) : parseEnvelopeBundle(bytes)),
  },
];
