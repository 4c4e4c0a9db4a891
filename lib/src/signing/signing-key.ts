import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import { keyAlgorithm, type KeyAlgorithm } from './keys.ts';

/** A private key to sign with. */
export interface SigningKey {
  readonly algorithm: KeyAlgorithm;
  /** SHA-256 of the SubjectPublicKeyInfo of its public key, hex */
  readonly id: string;
  readonly key: KeyObject;
  /** the public key: PEM, SubjectPublicKeyInfo */
  readonly publicPem: string;
}

/**
 * What is signed with, of a private key.
 * @throws WharfingerError KEY_INVALID: no kind of key that counts
 */
export function signingKeyOf(key: KeyObject): SigningKey {
  const algorithm = keyAlgorithm(key);
  if (typeof algorithm !== 'string') {
    throw new WharfingerError('KEY_INVALID', { what: `it ${algorithm.refused}` });
  }
  const publicKey = createPublicKey(key);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    algorithm,
    id: createHash('sha256').update(spki).digest('hex'),
    key,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}
