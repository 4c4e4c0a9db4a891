import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyEd25519ph } from './ed25519ph.ts';
import { parsePublicKey } from './keys.ts';
import { parsePrivateKey } from './private-keys.ts';
import { verifyBytes } from './raw-signature.ts';
import { openSecretBox } from './secretbox.ts';

function ec(namedCurve: string) {
  return generateKeyPairSync('ec', { namedCurve });
}

function pem(key: KeyObject, type: 'spki' | 'pkcs8' = 'spki'): string {
  return key.export({ format: 'pem', type });
}

/** Every signature verifies with it. */
function rsaOfExponentOne(): string {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  return pem(createPublicKey({ format: 'jwk', key: { ...jwk, e: 'AQ' } }));
}

describe('a public key', () => {
  it.each([
    ['ecdsa-p256', ec('P-256')],
    ['ecdsa-p384', ec('P-384')],
    ['ecdsa-p521', ec('P-521')],
    ['ed25519', generateKeyPairSync('ed25519')],
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('of kind %s is read, and is the one of its private key', (algorithm, pair) => {
    const key = parsePublicKey({ name: 'a', pem: pem(pair.publicKey) });
    expect(key).toMatchObject({ name: 'a', algorithm });
    expect(parsePrivateKey(pem(pair.privateKey, 'pkcs8'), undefined)).toMatchObject({
      id: key.id,
      algorithm,
    });
  });

  const { publicKey, privateKey } = ec('P-256');
  it.each([
    ['nothing', '', /"ops" is not one PEM block/],
    ['two keys', pem(publicKey) + pem(publicKey), /is not one PEM block/],
    ['a private key', pem(privateKey, 'pkcs8'), /is a PEM block PRIVATE KEY, not PUBLIC KEY/],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      /PEM block CERTIFICATE/,
    ],
    ['rubbish', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /not a SubjectPublicKeyInfo/],
    ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /1024 bits/],
    [
      'an RSA-PSS key',
      pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
      /type rsa-pss/,
    ],
    ['an RSA key without effect', rsaOfExponentOne(), /exponent is 1/],
    ['another curve', pem(ec('secp256k1').publicKey), /curve secp256k1/],
    ['Ed448', pem(generateKeyPairSync('ed448').publicKey), /type ed448/],
  ])('that is %s is refused with the reason', (_, text, reason) => {
    expect(() => parsePublicKey({ name: 'ops', pem: text })).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(reason) }),
    );
  });
});

describe('a signature', () => {
  const bytes = Buffer.from('what is signed');
  it.each([
    ['P-384', 'sha384', true],
    ['P-384', 'sha256', true],
    ['P-384', 'sha512', false],
    ['P-521', 'sha512', true],
    ['P-521', 'sha256', true],
    ['P-521', 'sha384', false],
    ['P-256', 'sha256', true],
    ['P-256', 'sha1', false],
    ['P-256', 'sha384', false],
  ])('of %s over %s counts: %s', (curve, hash, counts) => {
    const { publicKey, privateKey } = ec(curve);
    const key = parsePublicKey({ name: 'a', pem: pem(publicKey) });
    expect(verifyBytes(key, bytes, sign(hash, bytes, privateKey))).toBe(counts);
    expect(verifyBytes(key, Buffer.from('else'), sign(hash, bytes, privateKey))).toBe(false);
    const raw = sign(hash, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verifyBytes(key, bytes, raw)).toBe(false);
  });

  it('of Ed25519 counts prehashed too: the vector of RFC 8032, section 7.3', () => {
    const seed = '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42';
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
    const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    const signature = Buffer.from(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
        '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
      'hex',
    );
    expect(verifyEd25519ph(key, Buffer.from('abc'), signature)).toBe(true);
    expect(verifyEd25519ph(key, Buffer.from('abd'), signature)).toBe(false);
    // Adding the order of the group gives the same point: only the one smaller spelling of a signature counts.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
    const larger = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const respelled = Buffer.concat([signature.subarray(0, 32), larger]);
    expect(verifyEd25519ph(key, Buffer.from('abc'), respelled)).toBe(false);
    for (let at = 0; at < 64; at += 7) {
      const changed = Buffer.from(signature);
      changed[at]! ^= 1;
      expect(verifyEd25519ph(key, Buffer.from('abc'), changed)).toBe(false);
    }
    const pure = sign(null, bytes, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    expect(verifyEd25519ph(key, bytes, pure)).toBe(false);
  });
});

describe('a secretbox', () => {
  // Made with NaCl's own test program (tests/secretbox.c): first key, nonce, message and box.
  const key = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex');
  const nonce = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex');
  const box = Buffer.from(
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a' +
      'c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
      '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74' +
      'e355a5',
    'hex',
  );

  it('is opened', () => {
    expect(openSecretBox(box, nonce, key)?.subarray(0, 16).toString('hex')).toBe(
      'be075fc53c81f2d5cf141316ebeb0c7b',
    );
    expect(openSecretBox(box, nonce, key)).toHaveLength(131);
  });

  it('is not opened when it was changed, or with another key', () => {
    for (const at of [0, 15, 16, 100]) {
      const changed = Buffer.from(box);
      changed[at]! ^= 1;
      expect(openSecretBox(changed, nonce, key)).toBeUndefined();
    }
    expect(openSecretBox(box, nonce, Buffer.alloc(32))).toBeUndefined();
    expect(openSecretBox(box.subarray(0, 10), nonce, key)).toBeUndefined();
  });
});
