import type { TransparencyLogEntry } from '@sigstore/bundle';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { parseEnvelope, type Envelope } from '../dsse.ts';
import { refuse } from '../refusal.ts';
import { base64Of, objectOf, onlyKeys, stringOf, type Fields } from '../strict-fields.ts';
import { parseLogEntry } from './log-entry-reader.ts';
import { hashNames, type HashName } from './prehashed.ts';
import { isGiven, listOf } from './proto-json.ts';

/** More than any bundle carries. */
const most = { certificates: 16, entries: 16, timestamps: 16 };

const mediaTypes: ReadonlyMap<unknown, Version> = new Map(
  (['0.1', '0.2', '0.3'] as const).flatMap((version) => [
    [`application/vnd.dev.sigstore.bundle+json;version=${version}`, version],
    [`application/vnd.dev.sigstore.bundle.v${version}+json`, version],
  ]),
);

type Version = '0.1' | '0.2' | '0.3';

/** A Sigstore bundle of any version that there is, as it is written: nothing of it is verified. */
export interface SigstoreBundle {
  readonly signer: BundleSigner;
  readonly content: BundleContent;
  readonly logEntries: readonly TransparencyLogEntry[];
  /** RFC 3161 time-stamp responses, DER */
  readonly timestamps: readonly Buffer[];
}

/** With what it claims to be signed. */
export type BundleSigner =
  | { readonly kind: 'certificate'; /** DER */ readonly leaf: Buffer }
  | { readonly kind: 'key'; /** which key it claims; empty: not given */ readonly hint: string };

export type BundleContent =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | {
      /** a signature over a file */
      readonly kind: 'message';
      readonly signature: Buffer;
      /** absent: cosign leaves it away for Ed25519 keys */
      readonly digest?: { readonly name: HashName; readonly hash: Buffer };
    };

/**
 * Reads a Sigstore bundle, versions 0.1 to 0.3 (sigstore/protobuf-specs, sigstore_bundle.proto). Fields that the format
 * does not have are refused, as is base64 in another than its one spelling: two readers could see two bundles.
 * @param options.chains a chain of certificates is taken in version 0.3 too, as cosign writes it on demand
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseBundle(bytes: Uint8Array, { chains = false } = {}): SigstoreBundle {
  const fields = objectOf(
    parseStrictJson(bytes, (what) => refuse(`the bundle cannot be read: ${what}`)),
    'the bundle',
  );
  onlyKeys(fields, ['mediaType', 'verificationMaterial', 'dsseEnvelope', 'messageSignature'], 'the bundle');
  const version = mediaTypes.get(fields['mediaType']);
  if (version === undefined) {
    return refuse(
      `the bundle is of type ${JSON.stringify(fields['mediaType'] ?? null)}, not of version 0.1, 0.2 or 0.3`,
    );
  }
  const material = objectOf(fields['verificationMaterial'], 'verificationMaterial');
  onlyKeys(
    material,
    ['publicKey', 'certificate', 'x509CertificateChain', 'tlogEntries', 'timestampVerificationData'],
    'verificationMaterial',
  );
  return {
    signer: parseSigner(material, version, chains),
    content: parseContent(fields),
    logEntries: listOf(material['tlogEntries'], 'tlogEntries', most.entries).map((entry) =>
      parseLogEntry(entry, version === '0.1' ? 'promise' : 'proof'),
    ),
    timestamps: parseTimestamps(material['timestampVerificationData']),
  };
}

function parseSigner(material: Fields, version: Version, chains: boolean): BundleSigner {
  const given = ['publicKey', 'certificate', 'x509CertificateChain'].filter((name) =>
    isGiven(material[name]),
  );
  if (given.length !== 1) {
    refuse(
      given.length === 0
        ? 'the bundle names neither key nor certificate'
        : `the bundle names its signer ${given.length} times, by ${given.join(' and ')}`,
    );
  }
  if (given[0] === 'publicKey') {
    const publicKey = objectOf(material['publicKey'], 'publicKey');
    onlyKeys(publicKey, ['hint'], 'publicKey');
    return { kind: 'key', hint: publicKey['hint'] === undefined ? '' : stringOf(publicKey['hint'], 'hint') };
  }
  if (given[0] === 'certificate') {
    if (version !== '0.3') refuse(`bundles of version ${version} carry a chain, not a certificate`);
    return { kind: 'certificate', leaf: parseCertificate(material['certificate'], 'the certificate') };
  }
  if (version === '0.3' && !chains) refuse('bundles of version 0.3 carry a certificate, not a chain');
  // The first certificate is the signer's. No other is believed: issuers are those of the trusted root.
  const chain = objectOf(material['x509CertificateChain'], 'x509CertificateChain');
  onlyKeys(chain, ['certificates'], 'x509CertificateChain');
  const [leaf] = listOf(chain['certificates'], 'certificates', most.certificates).map((certificate) =>
    parseCertificate(certificate, 'a certificate'),
  );
  return { kind: 'certificate', leaf: leaf ?? refuse('the chain of certificates is empty') };
}

function parseCertificate(value: unknown, where: string): Buffer {
  const fields = objectOf(value, where);
  onlyKeys(fields, ['rawBytes'], where);
  return base64Of(fields['rawBytes'], 'rawBytes');
}

function parseContent(fields: Fields): BundleContent {
  const { dsseEnvelope, messageSignature } = fields;
  if (isGiven(dsseEnvelope) === isGiven(messageSignature)) {
    return refuse(
      isGiven(dsseEnvelope) ? 'the bundle carries two kinds of signature' : 'the bundle carries no signature',
    );
  }
  if (isGiven(dsseEnvelope)) return { kind: 'envelope', envelope: parseEnvelope(dsseEnvelope) };
  const message = objectOf(messageSignature, 'messageSignature');
  onlyKeys(message, ['messageDigest', 'signature'], 'messageSignature');
  const digest = parseMessageDigest(message['messageDigest']);
  return {
    kind: 'message',
    signature: base64Of(message['signature'], 'signature'),
    ...(digest !== undefined && { digest }),
  };
}

function parseMessageDigest(value: unknown): { name: HashName; hash: Buffer } | undefined {
  if (!isGiven(value)) return undefined;
  const fields = objectOf(value, 'messageDigest');
  onlyKeys(fields, ['algorithm', 'digest'], 'messageDigest');
  if (!isGiven(fields['algorithm']) && !isGiven(fields['digest'])) return undefined;
  const name = hashNames.find((each) => `SHA2_${each.slice(3)}` === fields['algorithm']);
  if (name === undefined) {
    return refuse(
      `the digest of the message is ${JSON.stringify(fields['algorithm'] ?? null)}, not of SHA-2`,
    );
  }
  return { name, hash: base64Of(fields['digest'], 'the digest of the message') };
}

function parseTimestamps(value: unknown): Buffer[] {
  if (!isGiven(value)) return [];
  const fields = objectOf(value, 'timestampVerificationData');
  onlyKeys(fields, ['rfc3161Timestamps'], 'timestampVerificationData');
  return listOf(fields['rfc3161Timestamps'], 'rfc3161Timestamps', most.timestamps).map((timestamp) => {
    const each = objectOf(timestamp, 'a timestamp');
    onlyKeys(each, ['signedTimestamp'], 'a timestamp');
    return base64Of(each['signedTimestamp'], 'signedTimestamp');
  });
}
