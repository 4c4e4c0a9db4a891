import { digestAlgorithm, digestHex, isDigest, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { refuse } from './refusal.ts';
import { objectOf, stringOf } from './strict-fields.ts';

/** Payload type of in-toto statements in DSSE envelopes. */
export const statementPayloadType = 'application/vnd.in-toto+json';

/** Type of the statements that are written here. */
export const statementType = 'https://in-toto.io/Statement/v1';

/** Predicate type of the statement that `cosign sign` makes. Any other is an attestation, whoever signed it. */
export const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

const readable: readonly unknown[] = [statementType, 'https://in-toto.io/Statement/v0.1'];

/** An in-toto statement about one image. */
export interface Statement {
  readonly subject: Digest;
  readonly predicateType: string;
  /** absent in what some releases of cosign 3 write */
  readonly predicate: unknown;
}

/**
 * Reads an in-toto statement, v0.1 or v1 (in-toto/attestation, spec/v1/statement.md), that has exactly one subject with
 * exactly one digest: which of several is meant would be for each reader to choose.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseStatement(payloadType: string, payload: Uint8Array): Statement {
  if (payloadType !== statementPayloadType) {
    refuse(`the envelope carries ${JSON.stringify(payloadType.slice(0, 200))}, not an in-toto statement`);
  }
  const fields = objectOf(
    parseStrictJson(payload, (what) => refuse(`the statement cannot be read: ${what}`)),
    'the statement',
  );
  if (!readable.includes(fields['_type'])) refuse('the statement is not an in-toto statement v0.1 or v1');
  const { subject } = fields;
  if (!Array.isArray(subject) || subject.length === 0) refuse('the statement names no subject');
  if (subject.length !== 1) {
    refuse(`the statement names ${subject.length} subjects, exactly one counts`);
  }
  const digests = Object.entries(objectOf(objectOf(subject[0], 'the subject')['digest'], 'its digest'));
  const [algorithm, hex] = digests[0] ?? refuse('the subject of the statement has no digest');
  if (digests.length !== 1) refuse('the subject of the statement has several digests, exactly one counts');
  const digest = `${algorithm}:${stringOf(hex, 'the digest of the subject')}`;
  if (!isDigest(digest)) refuse('the subject of the statement has no sha256 or sha512 digest in lower case');
  return {
    subject: digest,
    predicateType: stringOf(fields['predicateType'], 'predicateType'),
    predicate: fields['predicate'],
  };
}

/** A digest as the subject of a statement names it. */
export function subjectDigest(digest: Digest): Readonly<Record<string, string>> {
  return { [digestAlgorithm(digest)]: digestHex(digest) };
}
