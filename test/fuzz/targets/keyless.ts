import { sign } from 'node:crypto';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { bundleMediaType } from '@wharfinger/lib/signing/bundle';
import { simpleSigningType, signatureTags } from '@wharfinger/lib/signing/cosign-v2';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { attach, image, newKey, Repository } from '@wharfinger/lib/signing/evidence.fixtures';
import { pem } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { readSignerCertificate } from '@wharfinger/lib/signing/sigstore/certificate';
import { hashBytes, messageContent } from '@wharfinger/lib/signing/sigstore/content';
import { orRefuse } from '@wharfinger/lib/signing/sigstore/or-refuse';
import { parseSigstoreRoot } from '@wharfinger/lib/signing/sigstore/root';
import { signImageKeyless } from '@wharfinger/lib/signing/sigstore/sign-keyless';
import {
  LocalSigstore,
  signFile,
  type BundleJson,
  type MeansOptions,
} from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import { parseTimestamp, trustedTimestamps } from '@wharfinger/lib/signing/sigstore/timestamps';
import { type BlobTrust } from '@wharfinger/lib/signing/sigstore/verify-blob';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { nothing, type Claims, type Target } from '../target.ts';
import { claimsOf, withPayload } from './signatures.ts';
import { readFileBundle } from './file-bundle.ts';

const sigstore = new LocalSigstore(new Date('2026-11-22T03:00:00Z'));
const rootText = sigstore.trustedRoot();
const root = parseSigstoreRoot(rootText);
const file = Buffer.from('a file');
const person = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };
const other = { subject: 'mail@acme.example', issuer: 'https://accounts.example' };
const after = (seconds: number): Date => new Date(sigstore.now.getTime() + seconds * 1000);
const refuses = ['SIGNATURE_INVALID'] as const;
const now = after(3600);

const statement = (of: Buffer) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a', digest: { sha256: digestOf(of).slice(7) } }],
  predicateType: 'https://acme.example/tested',
  predicate: { by: 'é' },
});

/** Each by a key of its own, with a time of its own, in both kinds of log. */
const means: readonly MeansOptions[] = [
  { at: after(1) },
  { at: after(2), stamped: true },
  { at: after(3), log: sigstore.secondLog },
  { at: after(4), log: sigstore.secondLog },
];
const asText = (bundle: BundleJson): Buffer => Buffer.from(JSON.stringify(bundle));
const files = means.map((options) => asText(signFile(sigstore, file, person, options)));
const attested = means.map((options) =>
  asText(signFile(sigstore, file, person, { ...options, statement: statement(file) })),
);

/** The same as the formats before 0.3 have it: with a chain of certificates. */
function older(bytes: Buffer, version: '0.1' | '0.2'): Buffer {
  const bundle = JSON.parse(bytes.toString()) as BundleJson;
  const { certificate, ...material } = bundle.verificationMaterial;
  return asText({
    ...bundle,
    mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
    verificationMaterial: { ...material, x509CertificateChain: { certificates: [certificate!] } },
  });
}

const strangers = [
  asText(signFile(sigstore, Buffer.from('another file'), person)),
  asText(signFile(sigstore, file, other)),
  asText(signFile(new LocalSigstore(sigstore.now), file, person)),
];

const fileTrust: BlobTrust = { root, subject: { exact: person.subject }, issuer: { exact: person.issuer } };
const readLocal = (bytes: Uint8Array) =>
  readFileBundle(
    bytes,
    fileTrust,
    {
      async *read() {
        yield file;
      },
    },
    now,
  );

const trust: TrustSet = {
  signers: [
    {
      name: 'ci',
      keyless: { issuer: { exact: person.issuer }, subject: { exact: person.subject }, root: 'local' },
    },
    {
      name: 'mail',
      keyless: { issuer: { exact: other.issuer }, subject: { pattern: '.*@acme\\.example' }, root: 'local' },
    },
  ],
  formats: ['cosign-v2', 'cosign-v3'],
  sigstoreRoots: { local: rootText },
  trustStores: {},
  certificateRevocations: [],
  revocations: [],
};

const images = await Promise.all(
  means.flatMap((options, index) => [
    signImageKeyless(image, sigstore.means(person, options), after(index)),
    signImageKeyless(image, sigstore.means(other, options), after(index), {
      predicateType: 'https://acme.example/tested',
      predicate: { index },
    }),
  ]),
);

async function readImage(bytes: Uint8Array): Promise<Claims> {
  const repository = new Repository();
  const [like] = images;
  const layer = repository.put(Buffer.from(bytes), bundleMediaType);
  repository.refer({ ...(JSON.parse(like!.manifest.bytes.toString()) as object), layers: [layer] });
  return withPayload(claimsOf(await verifyEvidence(image, repository, trust, now)), bytes);
}

interface Entry {
  readonly canonicalizedBody: string;
  readonly integratedTime: string;
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
}

const payload = Buffer.from(
  JSON.stringify({
    critical: {
      identity: { 'docker-reference': 'registry.example/app' },
      image: { 'docker-manifest-digest': image.digest },
      type: 'cosign container image signature',
    },
    optional: null,
  }),
);

/** What cosign 2 keeps beside a payload that was signed without a key. */
function annotated(seconds: number, stamped: boolean, who = person): Record<string, string> {
  const { key, certificate } = sigstore.certify(who);
  const signature = sign('sha256', payload, key.key);
  const entry = sigstore.log.append(
    { signature, digest: Buffer.from(digestOf(payload).slice(7), 'hex'), signer: certificate },
    { integratedTime: after(seconds).getTime() / 1000 },
  ) as unknown as Entry;
  const receipt = {
    SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    },
  };
  const stamp = sigstore.stamp(signature, { at: after(seconds) }).toString('base64');
  return {
    'dev.cosignproject.cosign/signature': signature.toString('base64'),
    'dev.sigstore.cosign/certificate': pem('CERTIFICATE', certificate),
    'dev.sigstore.cosign/chain': sigstore.authority.issuer.chainPem,
    'dev.sigstore.cosign/bundle': JSON.stringify(receipt),
    ...(stamped && {
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp: stamp }),
    }),
  };
}

const annotatedManifests = [
  [annotated(1, false)],
  [annotated(2, true)],
  [annotated(3, false, other), annotated(4, true)],
].map((all) => {
  const layers = all.map((annotations) => ({
    mediaType: simpleSigningType,
    digest: digestOf(payload),
    size: payload.length,
    annotations,
  }));
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers }));
});

async function readAnnotated(bytes: Uint8Array): Promise<Claims> {
  const repository = new Repository();
  repository.put(payload, simpleSigningType);
  const { digest } = repository.put(Buffer.from(bytes), mediaTypes.ociManifest);
  repository.tags.set(signatureTags(image.digest)[0], digest);
  return claimsOf(await verifyEvidence(image, repository, trust, now));
}

const stampedBytes = Buffer.from('a signature');
const stamps = [1, 2, 3].map((seconds) => sigstore.stamp(stampedBytes, { at: after(seconds) }));

function readStamp(bytes: Uint8Array): Claims {
  const der = Buffer.from(bytes);
  return orRefuse('the timestamp', () =>
    trustedTimestamps(root, [der], messageContent(stampedBytes, hashBytes(file))).map((one) =>
      parseTimestamp(one).signingTime.toISOString(),
    ),
  );
}

/** Bundles by a key, each with a timestamp of its own. */
const signer = newKey();
const stampedBundles = [1, 2, 3].map((seconds) => {
  const repository = new Repository();
  const stated = statement(file);
  const subject = [{ digest: { sha256: image.digest.slice(7) } }];
  attach(repository, {
    signer,
    statement: { ...stated, subject, predicate: { seconds } },
    stamp: (signature) => sigstore.stamp(signature, { at: after(seconds) }),
  });
  return [...repository.bytes.values()].find((bytes) => Buffer.from(bytes).includes('dsseEnvelope'))!;
});
const keyTrust: TrustSet = { ...trust, signers: [{ name: 'key', pem: signer.publicPem }] };

async function readStamped(bytes: Uint8Array): Promise<Claims> {
  const repository = new Repository();
  const layer = repository.put(Buffer.from(bytes), bundleMediaType);
  repository.refer({ ...(JSON.parse(images[0]!.manifest.bytes.toString()) as object), layers: [layer] });
  return withPayload(claimsOf(await verifyEvidence(image, repository, keyTrust, now)), bytes);
}

/** Signatures without keys: certificates, logs, timestamps, the roots that they are trusted by. */
export const keylessTargets: readonly Target[] = [
  {
    name: 'Sigstore bundle of a file, 0.3',
    refuses,
    genuine: [...files, ...attested],
    material: strangers,
    read: readLocal,
  },
  {
    name: 'Sigstore bundle of a file, 0.1 and 0.2',
    refuses,
    genuine: [...files, ...attested].flatMap((bytes, index) =>
      index % 4 < 2 ? [older(bytes, '0.1'), older(bytes, '0.2')] : [older(bytes, '0.2')],
    ),
    material: [...strangers, ...files],
    read: readLocal,
  },
  {
    name: 'Sigstore bundle of an image by a certificate',
    refuses: [],
    genuine: images.map(({ blobs }) => blobs.find(({ descriptor }) => descriptor.size > 2)!.bytes),
    material: strangers,
    read: readImage,
  },
  {
    name: 'Sigstore bundle by a key, with a timestamp',
    refuses: [],
    timeMayGo: true,
    genuine: stampedBundles,
    material: images.map(({ blobs }) => blobs[1]!.bytes),
    read: readStamped,
  },
  {
    name: 'annotations of cosign 2 by a certificate',
    refuses: [],
    genuine: annotatedManifests,
    read: readAnnotated,
  },
  {
    name: 'certificate of a signer (Fulcio)',
    refuses,
    genuine: [sigstore.certify(person).certificate, sigstore.certify(other).certificate],
    read: (bytes) => nothing(readSignerCertificate(Buffer.from(bytes))),
  },
  { name: 'time-stamp response (RFC 3161)', refuses, genuine: stamps, read: readStamp },
];
