import { parseStrictJson } from '../../oci/strict-json.ts';
import type { Envelope } from '../dsse.ts';
import { refuse } from '../refusal.ts';
import { statementPayloadType } from '../statement.ts';
import { objectOf, stringOf } from '../strict-fields.ts';
import type { ArtifactHashes } from './content.ts';
import { hashNames } from './prehashed.ts';

/** As many as other verifiers look at. */
const most = { subjects: 1024, digests: 32 };

const types: readonly unknown[] = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

/**
 * Reads an in-toto statement about files, of which it may name many (in-toto/attestation, spec/v1/statement.md), and checks
 * that this file is one of them. Of the digests of a subject all must be right that can be compared.
 * @returns its predicate type
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function checkStatementOf({ payloadType, payload }: Envelope, artifact: ArtifactHashes): string {
  if (payloadType !== statementPayloadType) {
    refuse(`the envelope carries ${JSON.stringify(payloadType.slice(0, 200))}, not an in-toto statement`);
  }
  const fields = objectOf(
    parseStrictJson(payload, (what) => refuse(`the statement cannot be read: ${what}`)),
    'the statement',
  );
  if (!types.includes(fields['_type'])) refuse('the statement is not an in-toto statement v0.1 or v1');
  const { subject } = fields;
  if (!Array.isArray(subject) || subject.length === 0) return refuse('the statement names no subject');
  if (subject.length > most.subjects) refuse(`the statement names more than ${most.subjects} subjects`);
  if (!subject.some((each) => isArtifact(each, artifact))) refuse('the statement is about other files');
  return stringOf(fields['predicateType'], 'predicateType');
}

function isArtifact(subject: unknown, artifact: ArtifactHashes): boolean {
  const digests = objectOf(objectOf(subject, 'a subject')['digest'], 'the digest of a subject');
  if (Object.keys(digests).length > most.digests) refuse(`a subject has more than ${most.digests} digests`);
  const compared = hashNames.flatMap((name) => {
    const hash = artifact.plain.get(name);
    return hash === undefined || digests[name] === undefined ? [] : [digests[name] === hash.toString('hex')];
  });
  return compared.length > 0 && compared.every(Boolean);
}
