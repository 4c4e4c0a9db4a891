import { randomBytes, scryptSync } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { closeSecretBox, openSecretBox } from './secretbox.ts';

const block =
  /^-----BEGIN (ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----$/;

/**
 * scrypt costs 128·N·r bytes, and time for as many p times: what a file may ask for is bounded. cosign writes N 65536 or 32768,
 * r 8, p 1.
 */
const mostMemory = 256 * 1024 * 1024;

/**
 * Opens the encrypted private key file of cosign: JSON of scrypt parameters, nonce and a NaCl secretbox, in a PEM block
 * of its own.
 * @returns the key, PKCS #8 in DER; undefined if this is no file of cosign's
 * @throws WharfingerError KEY_INVALID: damaged, or wrong or no password
 */
export function openCosignKey(pem: string, password: string | undefined): Buffer | undefined {
  const body = block.exec(pem.trim())?.[2];
  if (body === undefined) return undefined;
  if (password === undefined) return fail('the file is encrypted and no password was given');
  const file = parseStrictJson(Buffer.from(body, 'base64'), fail);
  const kdf = pick(file, 'kdf');
  const cipher = pick(file, 'cipher');
  const params = pick(kdf, 'params');
  if (pick(kdf, 'name') !== 'scrypt' || pick(cipher, 'name') !== 'nacl/secretbox') {
    fail('the file is encrypted in a way that cosign does not use');
  }
  const [n, r, p] = ['N', 'r', 'p'].map((name) => pick(params, name));
  if (!isCount(n) || !isCount(r) || !isCount(p) || 128 * n * r * p > mostMemory) {
    return fail('the parameters of its scrypt are out of range');
  }
  let key: Buffer;
  try {
    key = scryptSync(password, bytesOf(kdf, 'salt'), 32, { N: n, r, p, maxmem: 2 * mostMemory });
  } catch (error) {
    return fail('the parameters of its scrypt are not valid', error);
  }
  const opened = openSecretBox(bytesOf(file, 'ciphertext'), bytesOf(cipher, 'nonce'), key);
  return opened ?? fail('the password is wrong, or the file is damaged');
}

/** What cosign demands of files that it reads. */
const written = { N: 65_536, r: 8, p: 1 } as const;

/**
 * Encrypts a private key as `cosign generate-key-pair` does, in a file that cosign opens too.
 * @param key PKCS #8 in DER
 */
export function closeCosignKey(key: Uint8Array, password: string): string {
  const [salt, nonce] = [randomBytes(32), randomBytes(24)];
  const secret = scryptSync(password, salt, 32, { ...written, maxmem: 2 * mostMemory });
  const file = JSON.stringify({
    kdf: { name: 'scrypt', params: written, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: closeSecretBox(key, nonce, secret).toString('base64'),
  });
  const lines =
    Buffer.from(file)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const name = 'ENCRYPTED SIGSTORE PRIVATE KEY';
  return [`-----BEGIN ${name}-----`, ...lines, `-----END ${name}-----`, ''].join('\n');
}

function fail(what: string, cause?: unknown): never {
  throw new WharfingerError('KEY_INVALID', {
    what,
    remedy: 'give a key file of cosign generate-key-pair with its password',
    cause,
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function pick(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null;
  const found: unknown = isObject ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  return found ?? fail(`it has no ${name}`);
}

function bytesOf(value: unknown, name: string): Buffer {
  const text = pick(value, name);
  return typeof text === 'string' ? Buffer.from(text, 'base64') : fail(`its ${name} is not a string`);
}
