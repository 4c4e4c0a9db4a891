import { X509Certificate } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { refuse } from '../refusal.ts';
import { base64Of, objectOf, onlyKeys, stringOf, type Fields } from '../strict-fields.ts';
import { integerOf } from './proto-json.ts';

const names = {
  certificate: 'dev.sigstore.cosign/certificate',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

type Annotations = Readonly<Record<string, string>>;

/** What cosign 2 keeps beside a signature to show who made it and when (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export interface AnnotatedProof {
  readonly logEntries: readonly TransparencyLogEntry[];
  /** RFC 3161 time-stamp responses, DER */
  readonly timestamps: readonly Buffer[];
}

/**
 * Reads the certificate of the signer.
 * @returns DER
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function annotatedCertificate(annotations: Annotations): Buffer {
  const pem = annotations[names.certificate] ?? '';
  try {
    return new X509Certificate(pem).raw;
  } catch (error) {
    return refuse('its certificate cannot be read', error);
  }
}

/**
 * Reads the receipt of a transparency log and the timestamp, where there are any.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function annotatedProof(annotations: Annotations): AnnotatedProof {
  const log = annotations[names.log] ?? '';
  const timestamp = annotations[names.timestamp] ?? '';
  return {
    logEntries: log === '' ? [] : [parseReceipt(log)],
    timestamps: timestamp === '' ? [] : [parseTimestampOf(timestamp)],
  };
}

function parseReceipt(text: string): TransparencyLogEntry {
  const fields = parseObject(text, 'the receipt of the log');
  onlyKeys(fields, ['SignedEntryTimestamp', 'Payload'], 'the receipt of the log');
  const payload = objectOf(fields['Payload'], 'Payload');
  onlyKeys(payload, ['body', 'integratedTime', 'logIndex', 'logID'], 'Payload');
  const logId = stringOf(payload['logID'], 'logID');
  if (!/^[0-9a-f]{64}$/.test(logId)) refuse('logID is not a SHA-256 in lower case');
  const body = base64Of(payload['body'], 'body');
  const entry = parseObject(body.toString(), 'the log entry');
  return {
    logIndex: integerOf(payload['logIndex'], 'logIndex'),
    logId: { keyId: Buffer.from(logId, 'hex') },
    kindVersion: {
      kind: stringOf(entry['kind'], 'kind'),
      version: stringOf(entry['apiVersion'], 'apiVersion'),
    },
    integratedTime: integerOf(payload['integratedTime'], 'integratedTime'),
    inclusionPromise: {
      signedEntryTimestamp: base64Of(fields['SignedEntryTimestamp'], 'SignedEntryTimestamp'),
    },
    inclusionProof: undefined,
    canonicalizedBody: body,
  };
}

function parseTimestampOf(text: string): Buffer {
  const fields = parseObject(text, 'the timestamp');
  onlyKeys(fields, ['SignedRFC3161Timestamp'], 'the timestamp');
  return base64Of(fields['SignedRFC3161Timestamp'], 'SignedRFC3161Timestamp');
}

function parseObject(text: string, what: string): Fields {
  return objectOf(
    parseStrictJson(Buffer.from(text), (why) => refuse(`${what} cannot be read: ${why}`)),
    what,
  );
}
