import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeCosignKey } from './cosign-key-file.ts';
import type { KeyAlgorithm } from './keys.ts';

/** A new key pair, as files. */
export interface KeyFiles {
  /** encrypted, as cosign reads it */
  readonly privatePem: string;
  /** PEM, SubjectPublicKeyInfo */
  readonly publicPem: string;
}

const makers: Readonly<Record<KeyAlgorithm, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ecdsa-p521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  rsa: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
};

/** Kinds of keys that can be made. */
export const keyAlgorithms = Object.keys(makers) as readonly KeyAlgorithm[];

/** Makes a key pair; the private key is encrypted before it leaves memory. */
export function generateKeyFiles(algorithm: KeyAlgorithm, password: string): KeyFiles {
  const { privateKey, publicKey } = makers[algorithm]();
  return {
    privatePem: closeCosignKey(privateKey.export({ format: 'der', type: 'pkcs8' }), password),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }),
  };
}
