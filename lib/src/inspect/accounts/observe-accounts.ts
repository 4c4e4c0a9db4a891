import type { FileObserver } from '../reading.ts';
import { readAuthorizedKeys, readPasswd, readShadow } from './read-accounts.ts';

/** Bytes of the longest file that is read: systems with thousands of accounts have less. */
const longestFile = 1024 ** 2;

/** Reads the files that say who may log in. Which of them count is told where the image is composed. */
export const observeAccounts: FileObserver = ({ path, size }, _limits, listener) => {
  const read = readerOf(path);
  if (read === undefined) return undefined;
  if (size > longestFile) {
    listener.fact({
      kind: 'accounts',
      of: path,
      logins: [],
      lacks: `it has ${size} bytes, too many to be read`,
    });
    return undefined;
  }
  const use = (bytes: Buffer): void =>
    listener.fact({ kind: 'accounts', of: path, ...read(bytes.toString('utf8')) });
  return { how: 'keep', limit: longestFile, use };
};

function readerOf(path: string): typeof readPasswd | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'passwd') return path.endsWith('etc/passwd') ? readPasswd : undefined;
  if (name === 'shadow') return path.endsWith('etc/shadow') ? readShadow : undefined;
  return name.startsWith('authorized_keys') || path.startsWith('etc/ssh/authorized_keys')
    ? readAuthorizedKeys
    : undefined;
}
