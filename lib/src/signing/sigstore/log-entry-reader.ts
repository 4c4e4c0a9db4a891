import type { TransparencyLogEntry } from '@sigstore/bundle';
import { refuse } from '../refusal.ts';
import { base64Of, objectOf, onlyKeys, stringOf, type Fields } from '../strict-fields.ts';
import { integerOf, isGiven, listOf } from './proto-json.ts';

/** A tree of 2^63 leaves has no longer proofs. */
const mostHashes = 64;

/** Characters; with many cosigners a checkpoint has a few thousand. */
const longestCheckpoint = 64 * 1024;

/**
 * Reads an entry of a transparency log.
 * @param needs what it must carry: bundles of version 0.1 the log's promise, later ones its proof
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseLogEntry(value: unknown, needs: 'promise' | 'proof'): TransparencyLogEntry {
  const fields = objectOf(value, 'a log entry');
  onlyKeys(
    fields,
    [
      'logIndex',
      'logId',
      'kindVersion',
      'integratedTime',
      'inclusionPromise',
      'inclusionProof',
      'canonicalizedBody',
    ],
    'a log entry',
  );
  const kindVersion = objectOf(fields['kindVersion'], 'kindVersion');
  onlyKeys(kindVersion, ['kind', 'version'], 'kindVersion');
  const promise = parsePromise(fields['inclusionPromise']);
  const proof = parseProof(fields['inclusionProof'], needs);
  if (needs === 'promise' && promise === undefined) refuse('the log entry carries no promise of inclusion');
  if (needs === 'proof' && proof === undefined) refuse('the log entry carries no proof of inclusion');
  return {
    logIndex: integerOf(fields['logIndex'], 'logIndex'),
    logId: { keyId: parseKeyId(fields['logId']) },
    kindVersion: {
      kind: stringOf(kindVersion['kind'], 'kind'),
      version: stringOf(kindVersion['version'], 'version'),
    },
    integratedTime: integerOf(fields['integratedTime'], 'integratedTime'),
    inclusionPromise: promise,
    inclusionProof: proof,
    canonicalizedBody: base64Of(fields['canonicalizedBody'], 'canonicalizedBody'),
  };
}

function parseKeyId(value: unknown): Buffer {
  const fields = objectOf(value, 'logId');
  onlyKeys(fields, ['keyId'], 'logId');
  return base64Of(fields['keyId'], 'keyId');
}

function parsePromise(value: unknown): TransparencyLogEntry['inclusionPromise'] {
  if (!isGiven(value)) return undefined;
  const fields = objectOf(value, 'inclusionPromise');
  onlyKeys(fields, ['signedEntryTimestamp'], 'inclusionPromise');
  return { signedEntryTimestamp: base64Of(fields['signedEntryTimestamp'], 'signedEntryTimestamp') };
}

function parseProof(value: unknown, needs: 'promise' | 'proof'): TransparencyLogEntry['inclusionProof'] {
  if (!isGiven(value)) return undefined;
  const fields: Fields = objectOf(value, 'inclusionProof');
  onlyKeys(fields, ['logIndex', 'rootHash', 'treeSize', 'hashes', 'checkpoint'], 'inclusionProof');
  if (!isGiven(fields['checkpoint'])) {
    // The first bundles had proofs without a checkpoint, which prove nothing; their promise counts.
    return needs === 'promise' ? undefined : refuse('the proof of inclusion carries no checkpoint');
  }
  const checkpoint = objectOf(fields['checkpoint'], 'checkpoint');
  onlyKeys(checkpoint, ['envelope'], 'checkpoint');
  const envelope = stringOf(checkpoint['envelope'], 'the checkpoint');
  if (envelope.length > longestCheckpoint)
    refuse(`the checkpoint is longer than ${longestCheckpoint} characters`);
  return {
    logIndex: integerOf(fields['logIndex'], 'logIndex of the proof'),
    rootHash: base64Of(fields['rootHash'], 'rootHash'),
    treeSize: integerOf(fields['treeSize'], 'treeSize'),
    hashes: listOf(fields['hashes'], 'hashes', mostHashes).map((hash) =>
      base64Of(hash, 'a hash of the proof'),
    ),
    checkpoint: { envelope },
  };
}
