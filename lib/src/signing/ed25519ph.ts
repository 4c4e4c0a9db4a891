import { createHash, type KeyObject } from 'node:crypto';

/**
 * Verification of Ed25519ph, the prehashed variant of Ed25519 (RFC 8032, sections 5.1 and 5.1.7), which the crypto module
 * of Node.js does not offer and cosign signs with, and of the pure variant where only the hash is at hand. Only public data passes through: nothing here need be constant in time.
 */

type Point = readonly [x: bigint, y: bigint, z: bigint, t: bigint];

const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const d = mod(-121665n * power(121666n, p - 2n));
const rootOfMinusOne = power(2n, (p - 1n) / 4n);
const baseX = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const baseY = mod(4n * power(5n, p - 2n));
const base: Point = [baseX, baseY, 1n, mod(baseX * baseY)];

const domain = Buffer.from('SigEd25519 no Ed25519 collisions\x01\x00', 'latin1');

/** True if `signature` is an Ed25519ph signature of this key, with an empty context, over these bytes. */
export function verifyEd25519ph(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verifyEd25519phHash(key, createHash('sha512').update(bytes).digest(), signature);
}

/** The same where `prehash`, the SHA-512 of the bytes, is known already. */
export function verifyEd25519phHash(key: KeyObject, prehash: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || prehash.length !== 64) return false;
  const challenge = createHash('sha512').update(domain).update(challengePrefix(key, signature));
  return verifyChallenge(key, challenge.update(prehash).digest(), signature);
}

/** What comes before the message in the hash that pure Ed25519 is over: with it a long message is hashed as it passes. */
export function challengePrefix(key: KeyObject, signature: Uint8Array): Buffer {
  return Buffer.concat([signature.subarray(0, 32), encodedKey(key)]);
}

/** True if `signature` is a pure Ed25519 signature and `hash` the SHA-512 of its challenge prefix and the message. */
export function verifyChallenge(key: KeyObject, hash: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || hash.length !== 64) return false;
  const publicPoint = decode(encodedKey(key));
  const r = decode(signature.subarray(0, 32));
  const s = littleEndian(signature.subarray(32));
  if (publicPoint === undefined || r === undefined || s >= order) return false;
  return equal(multiply(base, s), add(r, multiply(publicPoint, littleEndian(hash) % order)));
}

function encodedKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function mod(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

function power(value: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(value);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** RFC 8032, section 5.1.3; undefined for what is no point in its canonical encoding. */
function decode(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== 32) return undefined;
  const all = littleEndian(bytes);
  const y = all & (2n ** 255n - 1n);
  const oddX = all >> 255n === 1n;
  if (y >= p) return undefined;
  const u = mod(y * y - 1n);
  const v = mod(d * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (p - 5n) / 8n));
  const check = mod(v * x * x);
  if (check === mod(-u)) x = mod(x * rootOfMinusOne);
  else if (check !== u) return undefined;
  if (x === 0n && oddX) return undefined;
  if (((x & 1n) === 1n) !== oddX) x = p - x;
  return [x, y, 1n, mod(x * y)];
}

/** RFC 8032, section 5.1.4. */
function add(left: Point, right: Point): Point {
  const [x1, y1, z1, t1] = left;
  const [x2, y2, z2, t2] = right;
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * d * t1 * t2);
  const e = mod(2n * z1 * z2);
  const [f, g, h, i] = [b - a, e - c, e + c, b + a];
  return [mod(f * g), mod(h * i), mod(g * h), mod(f * i)];
}

function multiply(point: Point, scalar: bigint): Point {
  let result: Point = [0n, 1n, 1n, 0n];
  let double = point;
  for (let left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

function equal(left: Point, right: Point): boolean {
  return (
    mod(left[0] * right[2]) === mod(right[0] * left[2]) && mod(left[1] * right[2]) === mod(right[1] * left[2])
  );
}
