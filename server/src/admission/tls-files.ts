import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { WharfingerError } from '@wharfinger/lib/errors';

/** Where certificate and key lie; PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What they hold, checked to belong together. */
export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads certificate and key.
 * @throws WharfingerError CONFIG_INVALID where one cannot be read or they do not belong together
 */
export async function readTlsPair(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certificate), readFile(files.key)]);
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not that of the certificate');
    }
    return { cert, key };
  } catch (cause) {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `${files.certificate}, ${files.key}: ${(cause as Error).message}`,
      remedy: 'wharf admission certificates makes a pair',
      cause,
    });
  }
}

/**
 * Puts a new pair in force when the files change, for connections that are opened from then on. Files that do not fit leave
 * the old pair in force: they are replaced one after the other.
 *
 * @param every milliseconds between two looks
 * @param told what happened; undefined: a new pair is in force
 * @returns ends the watch
 */
export function followTlsFiles(
  files: TlsFiles,
  first: TlsPair,
  every: number,
  apply: (options: SecureContextOptions) => void,
  told: (error?: unknown) => void,
): () => void {
  let current = first;
  let complaint = '';
  const look = async (): Promise<void> => {
    try {
      const next = await readTlsPair(files);
      complaint = '';
      if (next.cert.equals(current.cert) && next.key.equals(current.key)) return;
      apply(next);
      current = next;
      told();
    } catch (error) {
      const text = String(error);
      if (text !== complaint) told(error);
      complaint = text;
    }
  };
  let looking = false;
  const timer = setInterval(() => {
    // one look after the other: of two at once the earlier could end last, and tell what is over
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}
