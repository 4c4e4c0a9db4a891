import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import type { TrustedKey } from './evidence.ts';

/** Kinds of keys that count. What is hashed how follows from the kind alone, never from what is signed. */
export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa';

/** A public key that was checked. */
export interface PublicKey {
  /** how people call it */
  readonly name: string;
  readonly algorithm: KeyAlgorithm;
  /** SHA-256 of the SubjectPublicKeyInfo in DER, hex: what the key is known by, whatever it is called */
  readonly id: string;
  readonly key: KeyObject;
}

const block = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \1-----$/;

const curves: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ['prime256v1', 'ecdsa-p256'],
  ['secp384r1', 'ecdsa-p384'],
  ['secp521r1', 'ecdsa-p521'],
]);

/** Verification with a modulus beyond this takes so long that it is a way to stop a verifier. */
const rsaBits = { least: 2048, most: 16_384 };

/**
 * Parses a public key as trust is given to it: one PEM block `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280).
 * Certificates and private keys, from which one could be derived, are refused: trust is not given by accident.
 * @throws WharfingerError KEY_INVALID with the reason
 */
export function parsePublicKey(trusted: TrustedKey): PublicKey {
  const fail = (what: string, cause?: unknown): never => {
    throw new WharfingerError('KEY_INVALID', { what: `${JSON.stringify(trusted.name)} ${what}`, cause });
  };
  const label = block.exec(trusted.pem.trim())?.[1];
  if (label === undefined) fail('is not one PEM block');
  if (label !== 'PUBLIC KEY') fail(`is a PEM block ${label}, not PUBLIC KEY`);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: trusted.pem.trim(), format: 'pem', type: 'spki' });
  } catch (error) {
    return fail('is not a SubjectPublicKeyInfo', error);
  }
  const algorithm = keyAlgorithm(key);
  if (typeof algorithm !== 'string') return fail(algorithm.refused);
  const spki = key.export({ type: 'spki', format: 'der' });
  return { name: trusted.name, algorithm, id: createHash('sha256').update(spki).digest('hex'), key };
}

/** What kind of key this is, public or private, or why it is none that counts. */
export function keyAlgorithm(key: KeyObject): KeyAlgorithm | { readonly refused: string } {
  const type = key.asymmetricKeyType;
  if (type === 'ed25519') return 'ed25519';
  if (type === 'ec') {
    const curve = key.asymmetricKeyDetails?.namedCurve ?? 'with explicit parameters';
    return curves.get(curve) ?? { refused: `is on the curve ${curve}, not P-256, P-384 or P-521` };
  }
  if (type === 'rsa') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < rsaBits.least)
      return { refused: `is an RSA key of ${bits} bits, fewer than ${rsaBits.least}` };
    if ((key.asymmetricKeyDetails?.publicExponent ?? 0n) < 3n) {
      return { refused: 'is an RSA key that anybody can sign for: its exponent is 1' };
    }
    if (bits > rsaBits.most) return { refused: `is an RSA key of ${bits} bits, more than ${rsaBits.most}` };
    return 'rsa';
  }
  return { refused: `is a key of type ${type ?? 'unknown'}` };
}

/** What a Sigstore bundle names this key by: its id in base64 (what cosign 3 writes as `hint`). */
export function keyHint(key: PublicKey): string {
  return Buffer.from(key.id, 'hex').toString('base64');
}
