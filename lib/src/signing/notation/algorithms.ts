import { constants, sign, verify, type KeyObject } from 'node:crypto';

/** Signature algorithms of the Notary Project (signature specification, "Signature Algorithm Requirements"). */
export type NotationAlgorithm = 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512';

interface Recipe {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  /** in COSE's registry of algorithms (RFC 9053) */
  readonly cose: number;
}

const recipes: Readonly<Record<NotationAlgorithm, Recipe>> = {
  PS256: { hash: 'sha256', cose: -37 },
  PS384: { hash: 'sha384', cose: -38 },
  PS512: { hash: 'sha512', cose: -39 },
  ES256: { hash: 'sha256', cose: -7 },
  ES384: { hash: 'sha384', cose: -35 },
  ES512: { hash: 'sha512', cose: -36 },
};

const byModulus: ReadonlyMap<number | undefined, NotationAlgorithm> = new Map([
  [2048, 'PS256'],
  [3072, 'PS384'],
  [4096, 'PS512'],
]);

const byCurve: ReadonlyMap<string | undefined, NotationAlgorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/**
 * The one algorithm that a key signs with. It follows from the key alone, so that what an envelope claims can only agree or
 * be refused.
 * @returns the algorithm, or why there is none for this key
 */
export function algorithmOf(key: KeyObject): NotationAlgorithm | { readonly refused: string } {
  const type = key.asymmetricKeyType;
  const details = key.asymmetricKeyDetails;
  if (type === 'rsa') {
    const bits = details?.modulusLength;
    return byModulus.get(bits) ?? { refused: `an RSA key of ${bits} bits, not 2048, 3072 or 4096` };
  }
  if (type === 'ec') {
    const curve = details?.namedCurve;
    return byCurve.get(curve) ?? { refused: `a key on the curve ${curve}, not P-256, P-384 or P-521` };
  }
  return { refused: `a key of type ${type}, for which the Notary Project has no algorithm` };
}

/** The number by which COSE knows an algorithm. */
export function coseNumber(algorithm: NotationAlgorithm): number {
  return recipes[algorithm].cose;
}

/** True if `signature` is one of this key over exactly these bytes. ECDSA is r‖s; the salt of RSA-PSS is as long as the hash. */
export function verifyNotationBytes(
  algorithm: NotationAlgorithm,
  key: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(recipes[algorithm].hash, bytes, withPadding(algorithm, key), signature);
}

/** Signs these bytes as `verifyNotationBytes` expects it. */
export function signNotationBytes(algorithm: NotationAlgorithm, key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(recipes[algorithm].hash, bytes, withPadding(algorithm, key));
}

function withPadding(algorithm: NotationAlgorithm, key: KeyObject) {
  if (algorithm.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' as const };
  return {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
}
