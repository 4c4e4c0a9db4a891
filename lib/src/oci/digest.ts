import { createHash, type Hash } from 'node:crypto';
import { WharfingerError } from '../errors.ts';

/** Hash algorithms that content may be addressed by (OCI image specification, descriptor.md, "Registered Algorithms"). */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** `algorithm:hex` in lower case, of the right length. */
export type Digest = `${DigestAlgorithm}:${string}`;

const shape = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** True for a digest of a supported algorithm in canonical form. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && shape.test(text);
}

/**
 * Checks a digest.
 * @throws WharfingerError DIGEST_INVALID
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw new WharfingerError('DIGEST_INVALID', { what: JSON.stringify(text.slice(0, 200)) });
  return text;
}

/** The algorithm of a digest. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

/** A running hash; `finishDigest` ends it. */
export function startDigest(algorithm: DigestAlgorithm = 'sha256'): Hash {
  return createHash(algorithm);
}

/** Ends a hash begun by `startDigest` with the same algorithm. */
export function finishDigest(hash: Hash, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash.digest('hex')}`;
}

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
