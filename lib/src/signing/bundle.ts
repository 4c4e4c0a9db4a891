import { parseStrictJson } from '../oci/strict-json.ts';
import { parseEnvelope, type Envelope } from './dsse.ts';
import { refuse } from './refusal.ts';
import { objectOf, onlyKeys, stringOf, type Fields } from './strict-fields.ts';

/** The media type that bundles of version 0.3 carry. */
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** What media types of bundles of any version begin with. */
export const bundleTypePrefix = 'application/vnd.dev.sigstore.bundle';

const readable: readonly unknown[] = [
  bundleMediaType,
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
];

/** A Sigstore bundle around a DSSE envelope. */
export interface EnvelopeBundle {
  readonly envelope: Envelope;
  /**
   * which key it claims: of use to look one up among the trusted, never a reason to trust; empty: not given; undefined: it
   * names a certificate
   */
  readonly hint: string | undefined;
  /** `verificationMaterial`, its names checked and no more: certificate, entries of logs, timestamps */
  readonly material: Fields;
  /** the document */
  readonly bytes: Uint8Array;
}

/**
 * Reads a Sigstore bundle, version 0.3, around a DSSE envelope (sigstore/protobuf-specs, sigstore_bundle.proto), signed with
 * a key or with that of a certificate.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseEnvelopeBundle(bytes: Uint8Array): EnvelopeBundle {
  const fields = objectOf(
    parseStrictJson(bytes, (what) => refuse(`the bundle cannot be read: ${what}`)),
    'the bundle',
  );
  onlyKeys(fields, ['mediaType', 'verificationMaterial', 'dsseEnvelope', 'messageSignature'], 'the bundle');
  if (!readable.includes(fields['mediaType'])) {
    refuse(`the bundle is of type ${JSON.stringify(fields['mediaType'])}, not version 0.3`);
  }
  const material = objectOf(fields['verificationMaterial'], 'verificationMaterial');
  onlyKeys(
    material,
    ['publicKey', 'certificate', 'x509CertificateChain', 'tlogEntries', 'timestampVerificationData'],
    'verificationMaterial',
  );
  const hasCertificate =
    material['certificate'] !== undefined || material['x509CertificateChain'] !== undefined;
  const hasKey = material['publicKey'] !== undefined;
  if (!hasKey && !hasCertificate) refuse('the bundle names neither key nor certificate');
  if (hasKey && hasCertificate) refuse('the bundle names both a key and a certificate');
  if (fields['dsseEnvelope'] === undefined) {
    refuse('the bundle signs a file, not a statement about an image');
  }
  if (fields['messageSignature'] !== undefined) refuse('the bundle carries two kinds of signature');
  const hint = hasKey ? hintOf(material['publicKey']) : undefined;
  const envelope = parseEnvelope(fields['dsseEnvelope']);
  if (hint !== undefined && envelope.keyid !== '' && envelope.keyid !== hint) {
    refuse('keyid of the signature and hint of the bundle name different keys');
  }
  return { hint, envelope, material, bytes };
}

function hintOf(value: unknown): string {
  const publicKey = objectOf(value, 'publicKey');
  onlyKeys(publicKey, ['hint'], 'publicKey');
  return publicKey['hint'] === undefined ? '' : stringOf(publicKey['hint'], 'hint');
}
