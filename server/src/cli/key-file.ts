import { readFile } from 'node:fs/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { ask } from './prompt.ts';
import type { Session } from './session.ts';

/** Larger than any key file. */
const longest = 64 * 1024;

const remedy = 'set WHARF_KEY_PASSWORD or COSIGN_PASSWORD';

/** How options that name private keys explain themselves. */
export const keyOption =
  'private key: PKCS #8 in PEM, or a key file of cosign; its password is asked for, or WHARF_KEY_PASSWORD';

/**
 * Reads a private key file. The password of an encrypted one is never given on the command line, where others see it: it
 * comes from the environment, or is asked for.
 *
 * @throws WharfingerError KEY_INVALID; USAGE where there is nobody to ask
 */
export async function readSigningKey(file: string, session: Session): Promise<SigningKey> {
  const pem = await readKeyFile(file);
  const encrypted = pem.includes('ENCRYPTED');
  const password = encrypted
    ? (passwordOf(session) ?? (await ask(`Password of ${file}: `, true, remedy)))
    : undefined;
  try {
    return parsePrivateKey(pem, password);
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    throw new WharfingerError('KEY_INVALID', { what: `${file}: ${error.message}`, cause: error });
  }
}

/** The same for several files, one after another: passwords are asked for one at a time. */
export async function readSigningKeys(
  files: readonly string[],
  session: Session,
): Promise<Array<{ readonly file: string; readonly key: SigningKey }>> {
  const keys = [];
  for (const file of files) keys.push({ file, key: await readSigningKey(file, session) });
  return keys;
}

/** The password for a new key: from the environment, else asked for twice. */
export async function newPassword(session: Session): Promise<string> {
  const given = passwordOf(session);
  if (given !== undefined) return given;
  const first = await ask('Password for the new key: ', true, remedy);
  if ((await ask('The same again: ', true, remedy)) === first) return first;
  throw new WharfingerError('USAGE', { what: 'the two passwords differ', remedy: 'type it again' });
}

/**
 * The text of a key file.
 * @throws WharfingerError KEY_INVALID
 */
export async function readKeyFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const what = `${file} cannot be read: ${(error as Error).message}`;
    throw new WharfingerError('KEY_INVALID', { what, remedy: 'give the path of a key file', cause: error });
  }
  if (text.length > longest)
    throw new WharfingerError('KEY_INVALID', { what: `${file} is no key file: it is too large` });
  return text;
}

function passwordOf({ environment }: Session): string | undefined {
  return environment['WHARF_KEY_PASSWORD'] ?? environment['COSIGN_PASSWORD'];
}
