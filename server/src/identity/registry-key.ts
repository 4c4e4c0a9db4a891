import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfingerError } from '@wharfinger/lib/errors';
import { signingKeyOf, type SigningKey } from '@wharfinger/lib/signing/signing-key';

/** Name of the key's file in the data folder. */
const registryKeyFile = 'registry-key.pem';

/**
 * The key that this registry signs with: judgements, receipts, revocation lists, snapshots. It is made at the first start
 * (P-256), lies in the data folder, and nobody but the server's own account may read it. Instances that share the folder
 * share it, and so do all that a backup of the folder brings back.
 *
 * @throws WharfingerError KEY_INVALID where the file is no such key
 */
export async function loadRegistryKey(data: string): Promise<SigningKey> {
  const path = join(data, registryKeyFile);
  const pem = (await readIfThere(path)) ?? (await makeKey(path));
  try {
    // Our own file, never encrypted: none of what reads the key files of others is needed.
    return signingKeyOf(createPrivateKey(pem));
  } catch (cause) {
    throw new WharfingerError('KEY_INVALID', {
      what: `${path} holds no private key in PEM`,
      remedy: 'restore it from a backup; without it what was signed before is no longer continued',
      cause,
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the file as a whole or not at all; of two instances that start at once the first one's stays. */
async function makeKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(pem);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await chmod(draft, 0o600);
    await link(draft, path);
    return pem;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await readFile(path, 'utf8');
  } finally {
    await rm(draft, { force: true });
  }
}
