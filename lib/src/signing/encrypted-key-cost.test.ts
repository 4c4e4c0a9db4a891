import { generateKeyPairSync } from 'node:crypto';
import { Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { expect, test } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { pem } from './notation/authority.fixtures.ts';
import { parsePrivateKey } from './private-keys.ts';

const oids = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
};
const some = new OctetString({ valueHex: new Uint8Array(16).buffer });

/** An encrypted key that names this derivation with these numbers, and holds nothing. */
function encrypted(oid: string, ...numbers: readonly number[]): string {
  const parameters = new Sequence({ value: [some, ...numbers.map((value) => new Integer({ value }))] });
  const derivation = new Sequence({ value: [new ObjectIdentifier({ value: oid }), parameters] });
  const scheme = new Sequence({
    value: [new ObjectIdentifier({ value: oids.pbes2 }), new Sequence({ value: [derivation] })],
  });
  return pem('ENCRYPTED PRIVATE KEY', Buffer.from(new Sequence({ value: [scheme, some] }).toBER()));
}

function reasonOf(text: string): string {
  try {
    parsePrivateKey(text, 'a password');
  } catch (error) {
    if (isWharfingerError(error, 'KEY_INVALID')) return error.message;
    throw error;
  }
  return 'it was opened';
}

test('a key that asks for hours of work before it opens is refused at once', () => {
  const costly = /asks for more work/;
  expect(reasonOf(encrypted(oids.pbkdf2, 2 ** 31 - 1))).toMatch(costly);
  expect(reasonOf(encrypted(oids.pbkdf2, 2 ** 53))).toMatch(costly);
  expect(reasonOf(encrypted(oids.scrypt, 4096, 8, 100_000))).toMatch(costly);
  expect(reasonOf(encrypted(oids.pbkdf2, 600_000))).not.toMatch(costly);
  expect(reasonOf(encrypted(oids.scrypt, 65_536, 8, 1, 32))).not.toMatch(costly);
});

test('a key that is encrypted as usual opens', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const given = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'a password' } as const;
  expect(reasonOf(privateKey.export(given))).toBe('it was opened');
});

test('a key file of cosign that asks for more than cosign ever does is refused at once', () => {
  const file = {
    kdf: { name: 'scrypt', params: { N: 262_144, r: 8, p: 16 }, salt: 'AAAA' },
    cipher: { name: 'nacl/secretbox', nonce: 'AAAA' },
    ciphertext: 'AAAA',
  };
  const text = pem('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(JSON.stringify(file)));
  expect(reasonOf(text)).toMatch(/scrypt are out of range/);
});
