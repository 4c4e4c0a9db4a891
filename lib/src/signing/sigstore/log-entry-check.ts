import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { refuse } from '../refusal.ts';
import { base64Of, objectOf, stringOf, type Fields } from '../strict-fields.ts';
import type { SigstoreRoot } from './root.ts';

/** Who signed, as entries of logs name him. */
export type LoggedSigner = { readonly certificate: Buffer } | { readonly key: KeyObject };

/**
 * Checks of a log entry what the library that verifies its signature and proof leaves alone: that it names this signer, and
 * that the proof is of the tree that its checkpoint signs.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function checkLogEntry(entry: TransparencyLogEntry, signer: LoggedSigner): void {
  checkProof(entry.inclusionProof);
  const body = objectOf(
    parseStrictJson(entry.canonicalizedBody, (what) => refuse(`the log entry cannot be read: ${what}`)),
    'the body of the log entry',
  );
  const { kind, version } = entry.kindVersion;
  if (body['kind'] !== kind || body['apiVersion'] !== version) {
    refuse('the log entry is of another kind than the bundle says');
  }
  const verifier = verifierOf(`${kind} ${version}`, objectOf(body['spec'], 'spec'));
  if (!isSame(verifier, signer)) refuse('the log entry is of another signer');
}

function checkProof(proof: TransparencyLogEntry['inclusionProof']): void {
  if (proof === undefined) return;
  const [, size, root] = (proof.checkpoint?.envelope ?? '').split('\n');
  if (size !== proof.treeSize || root !== proof.rootHash.toString('base64')) {
    refuse('the proof of inclusion is of another tree than its checkpoint');
  }
}

/** Rekor's first kind of log adds the number of its tree to its name. */
const originWithTree = /^.* - \d+$/;

/**
 * The logs of a root, named as their checkpoints call them. Rekor's first kind of log signs by the name of the machine that it
 * runs on, which need not be its address: the key alone tells whose signature it is. Names of the second kind are part of
 * the identifier of the key and stay as the root has them.
 */
export function asNamed(
  logs: SigstoreRoot['tlogs'],
  entries: readonly TransparencyLogEntry[],
): SigstoreRoot['tlogs'] {
  const names = entries.flatMap(({ inclusionProof }) => {
    const checkpoint = inclusionProof?.checkpoint?.envelope ?? '';
    if (!originWithTree.test(checkpoint.split('\n', 1)[0] ?? '')) return [];
    return [...checkpoint.matchAll(/^\u2014 (\S+) /gm)].map(([, name]) => name);
  });
  return logs.map((log) => ({ ...log, baseURL: [log.baseURL, ...names].join(' ') }));
}

/** Where each kind of entry keeps the key or certificate (sigstore/rekor, pkg/types; sigstore/rekor-tiles). */
function verifierOf(kind: string, spec: Fields): X509Certificate | KeyObject {
  switch (kind) {
    case 'hashedrekord 0.0.1': {
      const signature = objectOf(spec['signature'], 'signature');
      return fromPem(base64Of(objectOf(signature['publicKey'], 'publicKey')['content'], 'publicKey'));
    }
    case 'dsse 0.0.1':
      return fromPem(base64Of(onlyOne(spec['signatures'])['verifier'], 'verifier'));
    case 'intoto 0.0.2': {
      const envelope = objectOf(objectOf(spec['content'], 'content')['envelope'], 'envelope');
      return fromPem(base64Of(onlyOne(envelope['signatures'])['publicKey'], 'publicKey'));
    }
    case 'hashedrekord 0.0.2': {
      const record = objectOf(spec['hashedRekordV002'], 'hashedRekordV002');
      return fromDer(objectOf(record['signature'], 'signature')['verifier']);
    }
    case 'dsse 0.0.2':
      return fromDer(onlyOne(objectOf(spec['dsseV002'], 'dsseV002')['signatures'])['verifier']);
    default:
      return refuse(`the log entry is of the unknown kind ${JSON.stringify(kind.slice(0, 100))}`);
  }
}

function onlyOne(signatures: unknown): Fields {
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    return refuse('the log entry does not carry exactly one signature');
  }
  return objectOf(signatures[0], 'the signature of the log entry');
}

function fromDer(verifier: unknown): X509Certificate | KeyObject {
  const fields = objectOf(verifier, 'verifier');
  const { x509Certificate, publicKey } = fields;
  return orRefuse(() =>
    x509Certificate === undefined
      ? createPublicKey({
          key: base64Of(objectOf(publicKey, 'publicKey')['rawBytes'], 'publicKey'),
          format: 'der',
          type: 'spki',
        })
      : new X509Certificate(base64Of(objectOf(x509Certificate, 'x509Certificate')['rawBytes'], 'rawBytes')),
  );
}

function fromPem(bytes: Buffer): X509Certificate | KeyObject {
  const text = stringOf(bytes.toString('latin1'), 'the verifier');
  return orRefuse(() =>
    text.includes('BEGIN CERTIFICATE') ? new X509Certificate(text) : createPublicKey(text),
  );
}

function orRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse('the signer that the log entry names cannot be read', error);
  }
}

function isSame(verifier: X509Certificate | KeyObject, signer: LoggedSigner): boolean {
  if ('certificate' in signer) {
    return verifier instanceof X509Certificate && verifier.raw.equals(signer.certificate);
  }
  return !(verifier instanceof X509Certificate) && signer.key.equals(verifier);
}
