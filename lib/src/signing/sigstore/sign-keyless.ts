import { createPublicKey, X509Certificate } from 'node:crypto';
import { WharfingerError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { bundleMediaType } from '../bundle.ts';
import { signEnvelope } from '../dsse.ts';
import type { SigningKey } from '../private-keys.ts';
import { attachBundle, statementPayload, type SignedStatement } from '../sign-statement.ts';
import { signaturePredicate, statementPayloadType } from '../statement.ts';

/** What is to be kept by a transparency log. */
export interface LogRequest {
  /** DSSE envelope, as JSON data */
  readonly envelope: object;
  /** the signer's certificate, DER */
  readonly certificate: Buffer;
}

/** What it takes to sign without a key of one's own: all that needs a network is passed in. */
export interface KeylessMeans {
  /** the key that the certificate was issued for; thrown away afterwards */
  readonly key: SigningKey;
  /** DER */
  readonly certificate: Buffer;
  /** Has a log keep the signature; resolves to its entry, TransparencyLogEntry in the JSON of protocol buffers. */
  readonly log: (request: LogRequest) => Promise<object>;
  /** Asks an authority to stamp these bytes; resolves to its response, DER (RFC 3161). Logs of Rekor's second kind need it. */
  readonly timestamp?: (signature: Buffer) => Promise<Buffer>;
}

/**
 * Signs a statement about an image with a short-lived certificate, as cosign 3 does: the bundle carries certificate, log entry
 * and timestamp. For a signature of the image, leave the statement away.
 *
 * @param subject the image, as its registry describes it
 * @param created when it is signed; stands in an annotation and proves nothing
 * @throws WharfingerError KEY_INVALID: the certificate is not that of the key; whatever log and timestamp throw
 */
export async function signImageKeyless(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  means: KeylessMeans,
  created: Date,
  { predicateType, predicate }: { readonly predicateType: string; readonly predicate: object } = {
    predicateType: signaturePredicate,
    predicate: {},
  },
): Promise<SignedStatement> {
  const payload = statementPayload(subject.digest, predicateType, predicate);
  const bundle = await bundleOf(payload, means);
  return { ...attachBundle(subject, bundle, predicateType, created), payloadDigest: digestOf(payload) };
}

async function bundleOf(payload: Buffer, means: KeylessMeans): Promise<object> {
  const { key, certificate } = means;
  if (!new X509Certificate(certificate).publicKey.equals(createPublicKey(key.publicPem))) {
    throw new WharfingerError('KEY_INVALID', { what: 'the certificate was issued for another key' });
  }
  const envelope = signEnvelope(statementPayloadType, payload, key.algorithm, key.key);
  const entry = await means.log({ envelope, certificate });
  const { signatures } = envelope as { readonly signatures: readonly [{ readonly sig: string }] };
  const stamp = await means.timestamp?.(Buffer.from(signatures[0].sig, 'base64'));
  return {
    mediaType: bundleMediaType,
    verificationMaterial: {
      certificate: { rawBytes: certificate.toString('base64') },
      tlogEntries: [entry],
      ...(stamp && {
        timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: stamp.toString('base64') }] },
      }),
    },
    dsseEnvelope: envelope,
  };
}
