import { placePath } from '../paths.ts';
import { longestAccount, mostOfFile, type FileAccounts, type Login } from './account-facts.ts';

type Said = Omit<FileAccounts, 'of'>;

/**
 * Reads /etc/passwd (passwd(5)): who has the rights of root, who needs no password, whose password hash stands in it, and where
 * accounts are at home. Lines that one C library takes and another refuses count.
 */
export function readPasswd(text: string): Said {
  const collected = new Collected();
  for (const [account, password, id, , , home = ''] of linesOf(text)) {
    if (id === undefined) continue;
    if (account !== 'root' && hasRightsOfRoot(id))
      collected.add({ kind: 'administrator', account, detail: 'user id 0' });
    collected.addPassword(account, password);
    collected.addHome(account, home);
  }
  return collected.finish();
}

/** Reads /etc/shadow (shadow(5)): who needs no password, and whose password hash stands in it. */
export function readShadow(text: string): Said {
  const collected = new Collected();
  for (const [account, password] of linesOf(text)) collected.addPassword(account, password);
  return collected.finish();
}

/** Reads the keys of SSH that let an account in (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"); whose file it is its place tells. */
export function readAuthorizedKeys(text: string): Said {
  const keys = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#') && holdsKey(line.split(/\s+/))).length;
  const detail = keys === 1 ? 'a key of SSH' : `${keys} keys of SSH`;
  return { logins: keys === 0 ? [] : [{ kind: 'key', account: '', detail }] };
}

/** The type of a key stands before it; the key begins with the length of that, which is short. */
function holdsKey(words: readonly string[]): boolean {
  return words.some((word, at) => at > 0 && words[at - 1] !== '' && word.startsWith('AAAA'));
}

function linesOf(text: string): Array<[account: string, ...fields: string[]]> {
  return text.split('\n').flatMap((line) => {
    const [account = '', ...fields] = line.split(':', 8);
    return fields.length === 0 ? [] : [[account, ...fields] as [string, ...string[]]];
  });
}

/**
 * True where a C library takes a user id for that of root. That of glibc reads a number with blanks and a sign before it, that of musl
 * takes nothing for 0 and counts to 2^32 and from 0 again, however long the number is.
 */
function hasRightsOfRoot(id: string): boolean {
  const digits = /^\s*[+-]?(\d*)$/.exec(id)?.[1];
  // 2^32 divides 10^32: what stands before the last 32 digits makes no difference
  return digits !== undefined && BigInt(digits.slice(-32)) % 2n ** 32n === 0n;
}

/** Which hash it is, by what it begins with (crypt(5)). */
const methods: ReadonlyArray<readonly [start: string, name: string]> = [
  ['$y$', 'yescrypt'],
  ['$gy$', 'gost-yescrypt'],
  ['$7$', 'scrypt'],
  ['$2', 'bcrypt'],
  ['$6$', 'SHA-512'],
  ['$5$', 'SHA-256'],
  ['$sha1', 'SHA-1'],
  ['$md5', 'MD5 of Solaris'],
  ['$1$', 'MD5'],
  ['$3$', 'NT'],
];

/** Name of the hash; undefined: nothing that crypt(3) makes, so that no password fits it. */
function methodOf(field: string): string | undefined {
  const known = methods.find(([start]) => field.startsWith(start))?.[1];
  if (known !== undefined) return known;
  if (/^\$[^$]+\$./.test(field)) return 'a method that is not known';
  return /^(?:[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19})$/.test(field) ? 'DES' : undefined;
}

/** Keeps what is told of one file, within limits. */
class Collected {
  readonly #logins: Login[] = [];
  readonly #homes: Array<{ account: string; home: string }> = [];
  #lacks: string | undefined;

  add(login: Login): void {
    if (this.#logins.length < mostOfFile)
      this.#logins.push({ ...login, account: login.account.slice(0, longestAccount) });
    else this.#lacks = 'it has more accounts to be told of than are kept';
  }

  addPassword(account: string, field: string | undefined): void {
    if (field === undefined) return;
    if (field === '') return this.add({ kind: 'passwordless', account });
    const bare = field.replace(/^[!*]+/, '');
    const method = methodOf(bare);
    if (method !== undefined)
      this.add({ kind: 'password', account, detail: bare === field ? method : `${method}, locked` });
  }

  addHome(account: string, home: string): void {
    const { path } = placePath(home);
    if (path === '') return;
    if (this.#homes.length < mostOfFile)
      this.#homes.push({ account: account.slice(0, longestAccount), home: path });
    else this.#lacks = 'it has more accounts than are followed';
  }

  finish(): Said {
    return {
      logins: this.#logins,
      ...(this.#homes.length === 0 ? {} : { homes: this.#homes }),
      ...(this.#lacks === undefined ? {} : { lacks: this.#lacks }),
    };
  }
}
