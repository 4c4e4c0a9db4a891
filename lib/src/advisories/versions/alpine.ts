import { WharfingerError } from '../../errors.ts';

/**
 * What may follow an equal beginning, from the lowest to the highest: 1_rc1 < 1?junk < 1 < 1-r0 < 1~hash < … < 1_p < 1a < 1.0.
 * `suffixNumber` follows only a suffix, so that _p < _p0 < _p1.
 */
const rank = {
  preSuffix: 0,
  invalid: 1,
  end: 2,
  revision: 3,
  hash: 4,
  suffixNumber: 5,
  postSuffix: 6,
  letter: 7,
  number: 8,
} as const;

const longest = 512;
const preSuffixes: readonly string[] = ['alpha', 'beta', 'pre', 'rc'];
const postSuffixes: readonly string[] = ['cvs', 'svn', 'git', 'hg', 'p'];

interface Token {
  readonly rank: number;
  readonly text: string;
  readonly end: number;
}

/**
 * Orders two versions as apk-tools does. Every text of sensible length has its place: what is not a valid version is read
 * as far as it is one, and sorts before the same beginning with nothing after it.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID for an empty text and for one of more than 512 characters
 */
export function compareAlpine(a: string, b: string): number {
  check(a);
  check(b);
  let left = firstToken(a);
  let right = firstToken(b);
  let first = true;
  while (left.rank === right.rank) {
    const difference = compareToken(left, right, first);
    if (difference !== 0) return difference;
    if (left.rank === rank.end || left.rank === rank.invalid) return 0;
    first = false;
    left = nextToken(a, left);
    right = nextToken(b, right);
  }
  return left.rank - right.rank;
}

function check(version: string): void {
  if (version === '' || version.length > longest) {
    throw new WharfingerError('VERSION_INVALID', {
      what: `${JSON.stringify(version.slice(0, 200))} is not an Alpine version`,
    });
  }
}

function compareToken(a: Token, b: Token, first: boolean): number {
  switch (a.rank) {
    case rank.number:
      // A leading zero makes a component after the first one a fraction: 1.08 < 1.1 (as in Gentoo's order).
      return !first && (isFraction(a.text) || isFraction(b.text))
        ? compareText(a.text, b.text)
        : compareDigits(a.text, b.text);
    case rank.revision:
    case rank.suffixNumber:
      return compareDigits(a.text, b.text);
    case rank.preSuffix:
      return preSuffixes.indexOf(a.text) - preSuffixes.indexOf(b.text);
    case rank.postSuffix:
      return postSuffixes.indexOf(a.text) - postSuffixes.indexOf(b.text);
    default:
      return compareText(a.text, b.text);
  }
}

function isFraction(digits: string): boolean {
  return digits === '' || digits.startsWith('0');
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length - y.length || compareText(x, y);
}

function firstToken(version: string): Token {
  return take(version, 0, /[0-9]*/y, rank.number);
}

function nextToken(version: string, before: Token): Token {
  const at = before.end;
  const here = version[at];
  if (here === undefined) return { rank: rank.end, text: '', end: at };
  const afterNumber = before.rank === rank.number;
  const afterSuffix = before.rank === rank.preSuffix || before.rank === rank.postSuffix;
  if (here >= '0' && here <= '9') {
    if (before.rank === rank.letter) return take(version, at, /[0-9]+/y, rank.number);
    if (afterSuffix) return take(version, at, /[0-9]+/y, rank.suffixNumber);
  }
  if (here >= 'a' && here <= 'z' && afterNumber) return { rank: rank.letter, text: here, end: at + 1 };
  if (here === '.' && afterNumber) {
    // Components may be empty (1..2), but a point must lead to a number in the end.
    if (/\.+(?:[0-9]|$)/y.test(version.slice(at))) return take(version, at + 1, /[0-9]*/y, rank.number);
    return { rank: rank.invalid, text: version.slice(at), end: version.length };
  }
  if (here === '_' && before.rank !== rank.revision && before.rank !== rank.hash) {
    const word = take(version, at + 1, /[a-z]*/y, rank.preSuffix);
    if (preSuffixes.includes(word.text)) return word;
    if (postSuffixes.includes(word.text)) return { ...word, rank: rank.postSuffix };
  }
  if (here === '~' && before.rank !== rank.revision && before.rank !== rank.hash) {
    return take(version, at + 1, /[0-9a-f]*/y, rank.hash);
  }
  if (before.rank !== rank.revision && /-r(?:[0-9]|-|$)/y.test(version.slice(at, at + 3))) {
    return take(version, at + 2, /[0-9]*/y, rank.revision);
  }
  return { rank: rank.invalid, text: '', end: version.length };
}

function take(version: string, from: number, pattern: RegExp, kind: number): Token {
  pattern.lastIndex = from;
  const text = pattern.exec(version)?.[0] ?? '';
  return { rank: kind, text, end: from + text.length };
}
