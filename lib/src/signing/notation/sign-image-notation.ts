import { WharfingerError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { notationArtifact } from '../notation-types.ts';
import type { SigningKey } from '../private-keys.ts';
import { refusalReason } from '../refusal.ts';
import type { SignedImage } from '../sign-image.ts';
import { algorithmOf } from './algorithms.ts';
import type { Certificate } from './certificate.ts';
import { checkChain, requireValidity } from './certificate-chain.ts';
import type { EnvelopeType } from './parse-envelope.ts';
import { signEnvelope } from './sign-envelope.ts';
import { thumbprintAnnotation } from './thumbprints.ts';
import { parseCertificates } from './trust-store.ts';

/** What signs an image: a key, and the certificates that say whose it is. */
export interface NotationSigningKey {
  readonly key: SigningKey;
  /** PEM: the certificate of the key first, then each one's issuer, up to and with the root */
  readonly chain: string;
}

export interface NotationSigningOptions {
  /** when it is signed */
  readonly signedAt: Date;
  /** until when the signature is meant to count; absent: for ever */
  readonly expiry?: Date;
  /** absent: JWS */
  readonly envelope?: EnvelopeType;
  /** signed along with the image, as `notation sign --user-metadata` does */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Signs an image as notation does: an envelope of the Notary Project, attached to the image as a referrer in the form that
 * notation 1 writes. `notation verify` accepts it.
 *
 * @param subject the image, as its registry describes it
 * @throws WharfingerError CERTIFICATE_INVALID: the chain is not that of the key, is incomplete, or must not sign; KEY_INVALID:
 * no kind of key that the Notary Project has an algorithm for; INPUT_INVALID: it would expire before it is signed
 */
export function signImageNotation(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  signer: NotationSigningKey,
  options: NotationSigningOptions,
): SignedImage {
  const { signedAt, expiry, envelope: type = 'application/jose+json', annotations } = options;
  const { key } = signer.key;
  const algorithm = algorithmOf(key);
  if (typeof algorithm !== 'string') {
    throw new WharfingerError('KEY_INVALID', {
      what: `it is ${algorithm.refused}`,
      remedy:
        'sign with RSA of 2048, 3072 or 4096 bits or ECDSA on P-256, P-384 or P-521, or in the format of cosign',
    });
  }
  const time = wholeSeconds(signedAt);
  const end = expiry && wholeSeconds(expiry);
  if (end !== undefined && end.getTime() <= time.getTime()) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `the signature would expire at ${end.toISOString()}, before it is made`,
      remedy: 'give an expiry in the future',
    });
  }
  const chain = usableChain(signer, time);
  const envelope = describe(
    type,
    signEnvelope(type, {
      target: {
        mediaType: subject.mediaType,
        digest: subject.digest,
        size: subject.size,
        ...(annotations === undefined ? {} : { annotations }),
      },
      scheme: 'notary.x509',
      signingTime: time,
      ...(end === undefined ? {} : { expiry: end }),
      algorithm,
      key,
      chain: chain.map(({ der }) => der),
    }),
  );
  const config = describe(notationArtifact, Buffer.from('{}'));
  const manifest = describe(
    mediaTypes.ociManifest,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: config.descriptor,
        layers: [envelope.descriptor],
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
        annotations: {
          [thumbprintAnnotation]: JSON.stringify(chain.map(({ thumbprint }) => thumbprint)),
          'org.opencontainers.image.created': time.toISOString().replace(/\.\d+Z$/, 'Z'),
        },
      }),
    ),
  );
  return {
    manifest: {
      mediaType: mediaTypes.ociManifest,
      digest: manifest.descriptor.digest,
      bytes: manifest.bytes,
    },
    blobs: [config, envelope],
  };
}

/** The chain, if a verifier would accept it: what is found out here is not found out by those who deploy. */
function usableChain({ key, chain: pem }: NotationSigningKey, time: Date): readonly Certificate[] {
  const chain = parseCertificates(pem, 'the chain');
  if (chain[0]!.keyId !== key.id) {
    throw new WharfingerError('CERTIFICATE_INVALID', {
      what: `the first certificate of the chain, ${chain[0]!.name}, is not that of the key`,
      remedy: 'give the certificate of the key first, then that of each issuer, the root last',
    });
  }
  try {
    checkChain(chain, 'codeSigning');
    requireValidity(chain, time, time, `now, ${time.toISOString()}`);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    throw new WharfingerError('CERTIFICATE_INVALID', { what: reason, cause: error });
  }
  return chain;
}

function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function describe(mediaType: string, bytes: Buffer): { descriptor: Descriptor; bytes: Buffer } {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
