import { createPrivateKey, type KeyObject } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import { openCosignKey } from './cosign-key-file.ts';
import { whyTooCostly } from './encrypted-key-cost.ts';
import { signingKeyOf, type SigningKey } from './signing-key.ts';

export type { SigningKey };

/**
 * Parses a private key file: PEM of PKCS #8, encrypted or not, of SEC 1 or PKCS #1, or the encrypted key file of
 * `cosign generate-key-pair` and `import-key-pair`.
 * @param password for encrypted files
 * @throws WharfingerError KEY_INVALID: not such a file, wrong password, or no kind of key that counts
 */
export function parsePrivateKey(pem: string, password: string | undefined): SigningKey {
  return signingKeyOf(openPrivateKey(pem, password));
}

function openPrivateKey(pem: string, password: string | undefined): KeyObject {
  const costly = whyTooCostly(pem);
  if (costly !== undefined) throw new WharfingerError('KEY_INVALID', { what: costly });
  const cosign = openCosignKey(pem, password);
  try {
    return cosign === undefined
      ? createPrivateKey({
          key: pem,
          format: 'pem',
          ...(password === undefined ? {} : { passphrase: password }),
        })
      : createPrivateKey({ key: cosign, format: 'der', type: 'pkcs8' });
  } catch (error) {
    throw new WharfingerError('KEY_INVALID', {
      what: 'it is not a private key in PEM, or the password is wrong',
      remedy: 'give a PKCS #8 file or a key file of cosign, with its password',
      cause: error,
    });
  }
}
