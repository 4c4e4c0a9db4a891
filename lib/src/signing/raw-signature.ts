import { sign, verify, type KeyObject } from 'node:crypto';
import { verifyEd25519ph } from './ed25519ph.ts';
import type { KeyAlgorithm, PublicKey } from './keys.ts';

/**
 * Hashes by kind of key, the one to sign with first (Sigstore's registry of algorithms). Old releases of cosign hashed
 * with SHA-256 whatever the curve; a signature of theirs still counts. RSA is PKCS #1 v1.5, ECDSA is ASN.1 DER.
 */
const hashes: Readonly<Record<Exclude<KeyAlgorithm, 'ed25519'>, readonly [string, ...string[]]>> = {
  'ecdsa-p256': ['sha256'],
  'ecdsa-p384': ['sha384', 'sha256'],
  'ecdsa-p521': ['sha512', 'sha256'],
  rsa: ['sha256'],
};

/** True if `signature` is one of this key over exactly these bytes. */
export function verifyBytes(publicKey: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  const { algorithm, key } = publicKey;
  if (algorithm === 'ed25519') {
    // cosign signs with the prehashed variant, everybody else with the pure one.
    return verify(null, bytes, key, signature) || verifyEd25519ph(key, bytes, signature);
  }
  return hashes[algorithm].some((hash) => verify(hash, bytes, key, signature));
}

/** Signs these bytes as `verifyBytes` expects it. */
export function signBytes(algorithm: KeyAlgorithm, key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(algorithm === 'ed25519' ? null : hashes[algorithm][0], bytes, key);
}
