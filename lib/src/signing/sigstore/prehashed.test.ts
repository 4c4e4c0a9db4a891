import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { keyAlgorithm, type KeyAlgorithm } from '../keys.ts';
import { hashNames, verifyHash, type HashName } from './prehashed.ts';

const pairs = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const;

const kinds = Object.keys(pairs) as Array<keyof typeof pairs>;
const everyWay = kinds.flatMap((kind) => hashNames.map((name) => [kind, name] as const));

function hashOf(name: HashName, text: string): Buffer {
  return createHash(name).update(text).digest();
}

function verify(key: KeyObject, name: HashName, text: string, signature: Uint8Array): boolean {
  return verifyHash(keyAlgorithm(key) as KeyAlgorithm, key, name, hashOf(name, text), signature);
}

test.each(everyWay)('a signature of %s over %s verifies by the hash alone, many times over', (kind, name) => {
  const { publicKey, privateKey } = pairs[kind];
  for (let index = 0; index < 20; index += 1) {
    const text = `message ${index}`;
    const signature = sign(name, Buffer.from(text), privateKey);
    expect(verify(publicKey, name, text, signature)).toBe(true);
    expect(verify(publicKey, name, `${text}.`, signature)).toBe(false);
  }
});

test.each(kinds)('no change to a signature of %s goes through', (kind) => {
  const { publicKey, privateKey } = pairs[kind];
  const signature = sign('sha256', Buffer.from('text'), privateKey);
  for (let at = 0; at < signature.length; at += 1) {
    const changed = Buffer.from(signature);
    changed[at] = changed[at]! ^ 1;
    expect(verify(publicKey, 'sha256', 'text', changed)).toBe(false);
  }
  for (const other of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, Buffer.of(0)])]) {
    expect(verify(publicKey, 'sha256', 'text', other)).toBe(false);
  }
});

test.each(['p256', 'p384', 'p521'] as const)('another key on %s did not sign it', (kind) => {
  const other = generateKeyPairSync('ec', { namedCurve: `P-${kind.slice(1)}` });
  const signature = sign('sha256', Buffer.from('text'), pairs[kind].privateKey);
  expect(verify(other.publicKey, 'sha256', 'text', signature)).toBe(false);
});

test('numbers that are zero or as large as the order are no signature', () => {
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const integer = (hex: string) => Buffer.concat([Buffer.of(2, hex.length / 2), Buffer.from(hex, 'hex')]);
  const pair = (r: string, s: string) => {
    const body = Buffer.concat([integer(r), integer(s)]);
    return Buffer.concat([Buffer.of(0x30, body.length), body]);
  };
  for (const [r, s] of [
    ['00', '01'],
    ['01', '00'],
    ['00', '00'],
    [`00${order}`, '01'],
    ['01', `00${order}`],
    ['01', 'ff'],
    ['0001', '01'],
  ] as const) {
    expect(verify(pairs.p256.publicKey, 'sha256', 'text', pair(r, s))).toBe(false);
  }
});
