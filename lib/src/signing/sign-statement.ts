import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { bundleMediaType } from './bundle.ts';
import { signEnvelope } from './dsse.ts';
import type { SigningKey } from './private-keys.ts';
import { statementPayloadType, statementType, subjectDigest } from './statement.ts';

/** A signature or attestation, ready to be pushed: first the blobs, then the manifest by its digest. */
export interface SignedImage {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer };
  readonly blobs: ReadonlyArray<{ readonly descriptor: Descriptor; readonly bytes: Buffer }>;
}

/** A signed statement, and the digest of its signed payload: what other statements cite it by. */
export interface SignedStatement extends SignedImage {
  readonly payloadDigest: Digest;
}

/**
 * Signs a statement about an image as cosign 3 does: in-toto, in a DSSE envelope, in a Sigstore bundle, attached to the image
 * as a referrer. `cosign verify-attestation --type … --key … --insecure-ignore-tlog` accepts it.
 *
 * @param subject the image, as its registry describes it
 * @param predicate plain JSON; its numbers must be ones that a double holds
 * @param created when it is signed; stands in an annotation and proves nothing
 */
export function signStatement(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  { predicateType, predicate }: { readonly predicateType: string; readonly predicate: object },
  key: SigningKey,
  created: Date,
): SignedStatement {
  const payload = statementPayload(subject.digest, predicateType, predicate);
  const bundle = {
    mediaType: bundleMediaType,
    verificationMaterial: { publicKey: { hint: Buffer.from(key.id, 'hex').toString('base64') } },
    dsseEnvelope: signEnvelope(statementPayloadType, payload, key.algorithm, key.key),
  };
  return {
    ...attachBundle(subject, bundle, predicateType, created),
    payloadDigest: digestOf(payload),
  };
}

/** An in-toto statement about an image, as it is signed. */
export function statementPayload(subject: Digest, predicateType: string, predicate: object): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: statementType,
      subject: [{ digest: subjectDigest(subject) }],
      predicateType,
      predicate,
    }),
  );
}

/** The manifest by which a bundle around a statement refers to an image. */
export function attachBundle(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  document: object,
  predicateType: string,
  created: Date,
): SignedImage {
  const bundle = describe(bundleMediaType, document);
  const config = describe(mediaTypes.ociEmpty, {});
  const manifest = describe(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: bundleMediaType,
    config: config.descriptor,
    layers: [bundle.descriptor],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
      'org.opencontainers.image.created': created.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  });
  return {
    manifest: {
      mediaType: mediaTypes.ociManifest,
      digest: manifest.descriptor.digest,
      bytes: manifest.bytes,
    },
    blobs: [config, bundle],
  };
}

function describe(mediaType: string, document: object): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
