import { constants, createECDH, publicDecrypt, type KeyObject } from 'node:crypto';
import { verifyEd25519phHash } from '../ed25519ph.ts';
import type { KeyAlgorithm } from '../keys.ts';

/**
 * Verification of signatures where only the hash of what is signed is at hand: of a file that was streamed, or one of which
 * no more than the digest is known. The crypto module of Node.js verifies whole messages only. Nothing secret passes
 * through: nothing here need be constant in time.
 */

/** Hashes that signatures are over. */
export type HashName = 'sha256' | 'sha384' | 'sha512';

export const hashNames: readonly HashName[] = ['sha256', 'sha384', 'sha512'];

/** Hashes by kind of key as in raw-signature.ts; of Ed25519 only the prehashed variant can be verified so. */
export const hashesOfKeys: Readonly<Record<KeyAlgorithm, readonly HashName[]>> = {
  'ecdsa-p256': ['sha256'],
  'ecdsa-p384': ['sha384', 'sha256'],
  'ecdsa-p521': ['sha512', 'sha256'],
  rsa: ['sha256'],
  ed25519: ['sha512'],
};

interface Curve {
  readonly name: string;
  /** prime of the field, order of the base point (FIPS 186-4, appendix D); the coefficient a is -3 on all of them */
  readonly p: bigint;
  readonly n: bigint;
  readonly bytes: number;
}

const curves: Readonly<Record<'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521', Curve>> = {
  'ecdsa-p256': {
    name: 'prime256v1',
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    bytes: 32,
  },
  'ecdsa-p384': {
    name: 'secp384r1',
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    bytes: 48,
  },
  'ecdsa-p521': {
    name: 'secp521r1',
    p: 2n ** 521n - 1n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    bytes: 66,
  },
};

/** Object identifiers of hashes, as PKCS #1 v1.5 puts them before the hash (RFC 8017, section 9.2, note 1). */
const digestInfo: Readonly<Record<HashName, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** True if `signature` is one of this key over something that has this hash. */
export function verifyHash(
  algorithm: KeyAlgorithm,
  key: KeyObject,
  name: HashName,
  hash: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm === 'ed25519') return name === 'sha512' && verifyEd25519phHash(key, hash, signature);
  if (algorithm === 'rsa') return verifyRsa(key, name, hash, signature);
  return verifyEcdsa(curves[algorithm], key, hash, signature);
}

function verifyRsa(key: KeyObject, name: HashName, hash: Uint8Array, signature: Uint8Array): boolean {
  let found: Buffer;
  try {
    found = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    return false;
  }
  return found.equals(Buffer.concat([digestInfo[name], hash]));
}

/**
 * FIPS 186-4, section 6.4. The point (e/s)·G + (r/s)·Q is computed as (r/s)·((e/r)·G + Q), so that OpenSSL does the
 * multiplications, which gives of the last one the x coordinate alone, and all that is left is to add two points.
 */
function verifyEcdsa(curve: Curve, key: KeyObject, hash: Uint8Array, signature: Uint8Array): boolean {
  const parts = parseSignature(signature);
  if (parts === undefined) return false;
  const { r, s } = parts;
  const { n, p, bytes } = curve;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const e = mod(leftmostBits(hash, n.toString(2).length), n);
  if (e === 0n) return false;
  const ecdh = createECDH(curve.name);
  ecdh.setPrivateKey(encode(mod(e * inverse(r, n), n), bytes));
  const sum = addPoints(decodePoint(ecdh.getPublicKey(), bytes), pointOf(key), p);
  if (sum === undefined) return false;
  ecdh.setPrivateKey(encode(mod(r * inverse(s, n), n), bytes));
  const x = ecdh.computeSecret(Buffer.concat([Buffer.of(4), encode(sum[0], bytes), encode(sum[1], bytes)]));
  return mod(toNumber(x), n) === r;
}

type Point = readonly [x: bigint, y: bigint];

/** Undefined for points whose sum needs another formula: nobody who does not know the key's secret can hit one. */
function addPoints(left: Point, right: Point, p: bigint): Point | undefined {
  if (left[0] === right[0]) return undefined;
  const slope = mod((right[1] - left[1]) * inverse(mod(right[0] - left[0], p), p), p);
  const x = mod(slope * slope - left[0] - right[0], p);
  return [x, mod(slope * (left[0] - x) - left[1], p)];
}

function pointOf(key: KeyObject): Point {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return [toNumber(Buffer.from(x, 'base64url')), toNumber(Buffer.from(y, 'base64url'))];
}

function decodePoint(encoded: Uint8Array, bytes: number): Point {
  return [toNumber(encoded.subarray(1, 1 + bytes)), toNumber(encoded.subarray(1 + bytes))];
}

function leftmostBits(hash: Uint8Array, bits: number): bigint {
  const excess = hash.length * 8 - bits;
  return excess > 0 ? toNumber(hash) >> BigInt(excess) : toNumber(hash);
}

/** SEQUENCE of two INTEGERs in DER, shortest encodings only; undefined for anything else. */
function parseSignature(der: Uint8Array): { readonly r: bigint; readonly s: bigint } | undefined {
  // Two numbers of 521 bits take 138 bytes and a header, of which the length may have a second byte.
  const header = der[1] === 0x81 && (der[2] ?? 0) >= 0x80 ? 3 : 2;
  if (der[0] !== 0x30 || der[header - 1] !== der.length - header) return undefined;
  const r = parseInteger(der, header);
  if (r === undefined) return undefined;
  const s = parseInteger(der, r.end);
  return s === undefined || s.end !== der.length ? undefined : { r: r.value, s: s.value };
}

function parseInteger(
  der: Uint8Array,
  at: number,
): { readonly value: bigint; readonly end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const content = der.subarray(at + 2, at + 2 + length);
  const [first = 0, second = 0] = content;
  const isPositive = first < 0x80 && (first !== 0 || second >= 0x80);
  if (der[at] !== 0x02 || length === 0 || length >= 0x80 || content.length !== length || !isPositive) {
    return undefined;
  }
  return { value: toNumber(content), end: at + 2 + length };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, mod(value, modulus)];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const times = rest / next;
    [rest, next] = [next, rest - times * next];
    [factor, nextFactor] = [nextFactor, factor - times * nextFactor];
  }
  return mod(factor, modulus);
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function encode(value: bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
}
