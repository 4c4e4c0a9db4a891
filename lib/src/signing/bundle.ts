import { parseStrictJson } from '../oci/strict-json.ts';
import { parseEnvelope, type Envelope } from './dsse.ts';
import { refuse } from './refusal.ts';
import { objectOf, onlyKeys, stringOf } from './strict-fields.ts';

/** The media type that bundles of version 0.3 carry. */
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** What media types of bundles of any version begin with. */
export const bundleTypePrefix = 'application/vnd.dev.sigstore.bundle';

const readable: readonly unknown[] = [
  bundleMediaType,
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
];

/** A Sigstore bundle whose DSSE envelope is signed with a key, not with a certificate. */
export interface KeyBundle {
  /** which key it claims: of use to look one up among the trusted, never a reason to trust; empty: not given */
  readonly hint: string;
  readonly envelope: Envelope;
}

/**
 * Reads a Sigstore bundle, version 0.3, signed with a key (sigstore/protobuf-specs, sigstore_bundle.proto). Entries of
 * transparency logs and timestamps are left alone: they prove nothing that counts for a key that policy names.
 * @throws WharfingerError SIGNATURE_INVALID; for a keyless bundle too, with that reason
 */
export function parseKeyBundle(bytes: Uint8Array): KeyBundle {
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
  if (material['publicKey'] === undefined) {
    refuse(
      hasCertificate ? 'keyless is not trusted here yet' : 'the bundle names neither key nor certificate',
    );
  }
  if (hasCertificate) refuse('the bundle names both a key and a certificate');
  if (fields['dsseEnvelope'] === undefined) {
    refuse('the bundle signs a file, not a statement about an image');
  }
  if (fields['messageSignature'] !== undefined) refuse('the bundle carries two kinds of signature');
  const publicKey = objectOf(material['publicKey'], 'publicKey');
  onlyKeys(publicKey, ['hint'], 'publicKey');
  const hint = publicKey['hint'] === undefined ? '' : stringOf(publicKey['hint'], 'hint');
  const envelope = parseEnvelope(fields['dsseEnvelope']);
  if (envelope.keyid !== '' && envelope.keyid !== hint) {
    refuse('keyid of the signature and hint of the bundle name different keys');
  }
  return { hint, envelope };
}
