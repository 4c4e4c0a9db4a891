import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { bundleMediaType } from './bundle.ts';
import { signEnvelope } from './dsse.ts';
import type { SigningKey } from './private-keys.ts';
import { signaturePredicate, statementPayloadType, statementType, subjectDigest } from './statement.ts';

/** A signature, ready to be pushed: first the blobs, then the manifest by its digest. */
export interface SignedImage {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer };
  readonly blobs: ReadonlyArray<{ readonly descriptor: Descriptor; readonly bytes: Buffer }>;
}

/**
 * Signs an image as cosign 3 does: an in-toto statement in a DSSE envelope in a Sigstore bundle, attached to the image as a
 * referrer. `cosign verify --key … --insecure-ignore-tlog` of cosign 3 accepts it.
 *
 * @param subject the image, as its registry describes it
 * @param created when it is signed; stands in an annotation and proves nothing
 */
export function signImage(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  key: SigningKey,
  created: Date,
): SignedImage {
  const statement = {
    _type: statementType,
    subject: [{ digest: subjectDigest(subject.digest) }],
    predicateType: signaturePredicate,
    predicate: {},
  };
  const bundle = describe(bundleMediaType, {
    mediaType: bundleMediaType,
    verificationMaterial: { publicKey: { hint: Buffer.from(key.id, 'hex').toString('base64') } },
    dsseEnvelope: signEnvelope(
      statementPayloadType,
      Buffer.from(JSON.stringify(statement)),
      key.algorithm,
      key.key,
    ),
  });
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
      'dev.sigstore.bundle.predicateType': signaturePredicate,
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
