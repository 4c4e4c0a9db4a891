import type { KeyObject } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { Verifier, type SignedEntity } from '@sigstore/verify';
import { refusalReason, refuse } from '../refusal.ts';
import { issuingKeys, readSignerCertificate } from './certificate.ts';
import type { SignatureContent } from './content.ts';
import type { CertifiedIdentity } from './identity-match.ts';
import { orRefuse } from './or-refuse.ts';
import { asNamed, checkLogEntry, type LoggedSigner } from './log-entry-check.ts';
import type { SigstoreRoot } from './root.ts';
import { parseTimestamp, timestampAuthorities, trustedTimestamps } from './timestamps.ts';

/** How far the clock of a log or timestamp authority may be before ours, in milliseconds. */
const clockSkew = 5 * 60_000;

const mismatch = 'it does not verify';

/** A signature with what is to show who made it and when. */
export interface LoggedSignature {
  readonly content: SignatureContent;
  readonly logEntries: readonly TransparencyLogEntry[];
  /** RFC 3161 time-stamp responses, DER */
  readonly timestamps: readonly Buffer[];
}

/** Who made a signature, by a certificate that was valid when it was made. */
export interface KeylessSigner extends CertifiedIdentity {
  /** SHA-256 of the SubjectPublicKeyInfo of the certificate, hex */
  readonly keyId: string;
  /** key ids of the authorities that vouch for the certificate */
  readonly vouchedBy: readonly string[];
  /** RFC 3339: the earliest time at which a log or timestamp authority saw the signature */
  readonly signedAt: string;
}

/**
 * Verifies a signature made with a short-lived certificate, as Fulcio issues them. Demanded are an entry in a transparency
 * log that the root names, a log's receipt for the certificate (SCT), and a trusted time, by the log's promise or by a
 * timestamp, at which the certificate was valid; and that all other log entries that it carries are true as well. Whether the
 * signer is anybody whose signature counts is for the caller to say.
 *
 * @param leaf the signer's certificate, DER
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function verifyKeyless(
  leaf: Buffer,
  signature: LoggedSignature,
  root: SigstoreRoot,
  now: Date,
): KeylessSigner {
  return orRefuse(mismatch, () => {
    const certificate = readSignerCertificate(leaf);
    const entity = verifyEntity(
      signature,
      { $case: 'certificate', certificate: certificate.parsed },
      { certificate: leaf },
      root,
      { timestampThreshold: 1, tlogThreshold: 1, ctlogThreshold: 1 },
    );
    requireLogsInForce(entity, root);
    const signedAt = earliest(entity.timestamps);
    if (signedAt === undefined) return refuse('nothing that is trusted says when it was signed');
    if (signedAt > now.getTime() + clockSkew) refuse('it is said to be signed in the future');
    const { identity, keyId } = certificate;
    const authorities = root.certificateAuthorities.flatMap(({ certChain }) => certChain);
    const vouchedBy = issuingKeys(leaf, authorities);
    return { ...identity, keyId, vouchedBy, signedAt: new Date(signedAt).toISOString() };
  });
}

/**
 * Verifies a signature made with a key that is trusted by itself, and that a log of the root has it.
 * @returns when it was signed, RFC 3339, where a log or timestamp authority says so
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function verifyLoggedKey(
  key: KeyObject,
  signature: LoggedSignature,
  root: SigstoreRoot,
  now: Date,
): string | undefined {
  return orRefuse(mismatch, () => {
    const entity = verifyEntity(signature, { $case: 'public-key', hint: '' }, { key }, root, {
      timestampThreshold: 0,
      tlogThreshold: 1,
      ctlogThreshold: 0,
    });
    const signedAt = earliest(entity.timestamps);
    if (signedAt === undefined) return undefined;
    if (signedAt > now.getTime() + clockSkew) refuse('it is said to be signed in the future');
    return new Date(signedAt).toISOString();
  });
}

/**
 * When logs and timestamp authorities of the root saw a signature of this key. What does not verify is left out: a time is
 * asked for where it can only help.
 * @returns milliseconds since 1970, in no order
 */
export function timesSeen(
  key: KeyObject,
  signature: LoggedSignature,
  root: SigstoreRoot,
  now: Date,
): number[] {
  const { content, logEntries, timestamps } = signature;
  const proofs = [
    ...logEntries.map((entry) => ({ content, logEntries: [entry], timestamps: [] })),
    ...timestamps.map((timestamp) => ({ content, logEntries: [], timestamps: [timestamp] })),
  ];
  return proofs.flatMap((proof) => {
    try {
      const entity = orRefuse(mismatch, () =>
        verifyEntity(proof, { $case: 'public-key', hint: '' }, { key }, root, {
          timestampThreshold: 1,
          tlogThreshold: 0,
          ctlogThreshold: 0,
        }),
      );
      const time = earliest(entity.timestamps);
      return time === undefined || time > now.getTime() + clockSkew ? [] : [time];
    } catch (error) {
      if (refusalReason(error) === undefined) throw error;
      return [];
    }
  });
}

type Thresholds = Record<'timestampThreshold' | 'tlogThreshold' | 'ctlogThreshold', number>;

function verifyEntity(
  signature: LoggedSignature,
  key: SignedEntity['key'],
  signer: LoggedSigner,
  root: SigstoreRoot,
  thresholds: Thresholds,
): SignedEntity {
  const { content, logEntries } = signature;
  for (const entry of logEntries) checkLogEntry(entry, signer);
  const timestamps = trustedTimestamps(root, signature.timestamps, content);
  const entity: SignedEntity = {
    signature: content,
    key,
    tlogEntries: [...logEntries],
    timestamps: [
      // Only with the log's promise is the time signed, for the proof is over the body alone.
      ...logEntries
        .filter((entry) => entry.inclusionPromise !== undefined && entry.integratedTime !== '0')
        .map((tlogEntry) => ({ $case: 'transparency-log' as const, tlogEntry })),
      ...timestamps.map((der) => ({
        $case: 'timestamp-authority' as const,
        timestamp: parseTimestamp(der),
      })),
    ],
  };
  const material = {
    ...root,
    tlogs: asNamed(root.tlogs, logEntries),
    timestampAuthorities: timestampAuthorities(root, timestamps),
    publicKey: () =>
      'key' in signer
        ? { publicKey: signer.key, validFor: () => true }
        : refuse('the signature is by a certificate'),
  };
  new Verifier(material, thresholds).verify(entity);
  return entity;
}

/** A log that only proves says nothing of the time: a trusted time must tell that the log counted then. */
function requireLogsInForce({ tlogEntries, timestamps }: SignedEntity, { tlogs }: SigstoreRoot): void {
  const times = timesOf(timestamps);
  for (const { logId } of tlogEntries) {
    const isInForce = tlogs.some(
      ({ logID, validFor: { start, end } }) =>
        logID.equals(logId.keyId) && times.some((time) => start.getTime() <= time && time <= end.getTime()),
    );
    if (!isInForce) refuse('the log did not count when it was signed');
  }
}

/** Of times that were verified. */
function earliest(timestamps: SignedEntity['timestamps']): number | undefined {
  const times = timesOf(timestamps);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Milliseconds since 1970. */
function timesOf(timestamps: SignedEntity['timestamps']): number[] {
  const times = timestamps.map((each) =>
    each.$case === 'transparency-log'
      ? Number(each.tlogEntry.integratedTime) * 1000
      : each.timestamp.signingTime.getTime(),
  );
  if (times.some((time) => !Number.isFinite(time))) return refuse('a time that it carries cannot be read');
  return times;
}
