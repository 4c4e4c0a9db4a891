import { createHash, type KeyObject } from 'node:crypto';
import type { SignedEntity } from '@sigstore/verify';
import { preAuthEncoding, type Envelope } from '../dsse.ts';
import { challengePrefix, verifyChallenge } from '../ed25519ph.ts';
import { keyAlgorithm } from '../keys.ts';
import { verifyBytes } from '../raw-signature.ts';
import type { BundleContent, SigstoreBundle } from './bundle-reader.ts';
import { hashesOfKeys, hashNames, verifyHash, type HashName } from './prehashed.ts';

/** What logs and timestamps are compared with, and what the signature is over. */
export type SignatureContent = SignedEntity['signature'];

/** What is known of a file whose bytes are not held. */
export interface ArtifactHashes {
  readonly plain: ReadonlyMap<HashName, Buffer>;
  /** SHA-512 of the wanted prefix and the file */
  readonly prefixed?: Buffer;
}

/** What has to be known of a file to verify a signature of it. */
export interface WantedHashes {
  readonly names: ReadonlySet<HashName>;
  /** what has to stand before the file for one more SHA-512; absent: there is no such hash */
  readonly prefix?: Buffer;
}

/** What a signature by this key needs: what it may be over, and what the bundle compares. */
export function wantedHashes(content: BundleContent, key: KeyObject): WantedHashes {
  if (content.kind === 'envelope') return { names: new Set(hashNames) };
  const algorithm = keyAlgorithm(key);
  const signed = typeof algorithm === 'object' ? [] : hashesOfKeys[algorithm];
  const names = new Set<HashName>(['sha256', ...signed, ...(content.digest ? [content.digest.name] : [])]);
  return algorithm === 'ed25519' ? { names, prefix: challengePrefix(key, content.signature) } : { names };
}

/** Hashes a file as it passes. */
export async function hashArtifact(
  file: AsyncIterable<Uint8Array>,
  { names, prefix }: WantedHashes,
): Promise<ArtifactHashes> {
  const hashes = [...names].map((name) => ({ name, hash: createHash(name) }));
  const prefixed = prefix === undefined ? undefined : createHash('sha512').update(prefix);
  for await (const chunk of file) {
    for (const { hash } of hashes) hash.update(chunk);
    prefixed?.update(chunk);
  }
  const plain = new Map(hashes.map(({ name, hash }) => [name, hash.digest()]));
  return prefixed === undefined ? { plain } : { plain, prefixed: prefixed.digest() };
}

/** The hashes of bytes that are at hand, for any kind of key whose signature is over a hash. */
export function hashBytes(bytes: Uint8Array): ArtifactHashes {
  return { plain: new Map(hashNames.map((name) => [name, createHash(name).update(bytes).digest()])) };
}

/** A bundle's content to verify. */
export function signatureContent(
  { content }: Pick<SigstoreBundle, 'content'>,
  artifact: ArtifactHashes,
): SignatureContent {
  return content.kind === 'envelope'
    ? envelopeContent(content.envelope)
    : messageContent(content.signature, artifact);
}

/** A signature over a file or payload of which the hashes are known. */
export function messageContent(signature: Buffer, artifact: ArtifactHashes): SignatureContent {
  const isHash = (digest: Buffer): boolean =>
    [...artifact.plain.values()].some((hash) => hash.equals(digest));
  return {
    signature,
    compareSignature: (other) => other.equals(signature),
    compareDigest: isHash,
    compareSignedDigest: isHash,
    verifySignature(key) {
      const algorithm = keyAlgorithm(key);
      if (typeof algorithm === 'object') return false;
      const { prefixed } = artifact;
      if (algorithm === 'ed25519' && prefixed !== undefined && verifyChallenge(key, prefixed, signature)) {
        return true;
      }
      return hashesOfKeys[algorithm].some((name) => {
        const hash = artifact.plain.get(name);
        return hash !== undefined && verifyHash(algorithm, key, name, hash, signature);
      });
    },
  };
}

/** A DSSE envelope: logs of the first kind keep the hash of its payload, those of the second that of what is signed. */
export function envelopeContent(envelope: Envelope): SignatureContent {
  const { payload, payloadType, signature } = envelope;
  const signed = preAuthEncoding(payloadType, payload);
  return {
    signature,
    compareSignature: (other) => other.equals(signature),
    compareDigest: (digest) => isHashOf(digest, payload),
    compareSignedDigest: (digest) => isHashOf(digest, signed),
    verifySignature(key) {
      const algorithm = keyAlgorithm(key);
      if (typeof algorithm === 'object') return false;
      return verifyBytes({ name: '', id: '', algorithm, key }, signed, signature);
    },
  };
}

/** Which hash it is follows from its length; one of another family is then not equal. */
function isHashOf(digest: Buffer, bytes: Uint8Array): boolean {
  return hashNames.some((name) => createHash(name).update(bytes).digest().equals(digest));
}
