import { compareNumbers, compareText, isNumber, matchShape } from './components.ts';

/** A number or a branch, between what composer leaves out: `v`, and behind it a stability flag or build metadata. */
const shape = /^\s*[vV]?((?:[0-9]|dev-)[^\s@+]*)(?:[@+]\S*)?\s*$/i;
/** The numbers in front; `#` stands for any, as it does in PHP. */
const numbersInFront = /^[0-9]+(?:\.(?:[0-9]+|#))*/;
const developmentOf = /^([0-9]+(?:\.[0-9]+){0,2})\.[x*](?:[._-]?dev)?$/;
const branch = /^(?:dev-|9999999-dev$)/i;

/** Places of words, as PHP's version_compare has them; a number stands between a release candidate and a patch. */
const places: ReadonlyMap<string, number> = new Map([
  ['dev', 0],
  ['alpha', 1],
  ['a', 1],
  ['beta', 2],
  ['b', 2],
  ['rc', 3],
  ['#', 4],
  ['patch', 5],
  ['pl', 5],
  ['p', 5],
]);
const placeOfNumber = 4;
const placeOfUnknown = -1;

/**
 * Orders two versions as composer does: numbers are filled up to four, then PHP's version_compare decides: dev, alpha, beta, RC, the
 * release, patches. Branches (`dev-main`) come before all; `1.2.x-dev` is where the next release of 1.2 will be.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareComposer(a: string, b: string): number {
  if (a === b) return 0;
  const left = tokensOf(a);
  const right = tokensOf(b);
  const most = Math.max(left.length, right.length);
  for (let at = 0; at < most; at += 1) {
    const difference = compareTokens(left[at], right[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True for the name of a branch: what it contains changes with each commit, so that its place in the order tells nothing. */
export function isComposerBranch(version: string): boolean {
  return branch.test(version.trim());
}

function tokensOf(version: string): readonly string[] {
  const [, written = ''] = matchShape(shape, version, 'a version of a composer package');
  const text = written.toLowerCase().replace(/[._-]?stable$/, '');
  const release = developmentOf.exec(text)?.[1];
  if (release !== undefined) return [...filled(release, '9999999'), 'dev'];
  const front = numbersInFront.exec(text)?.[0] ?? '';
  const rest = text.slice(front.length).match(/[0-9]+|[^0-9._-]+/g) ?? [];
  return front === '' ? rest : [...filled(front, '0'), ...rest];
}

function filled(numbers: string, by: string): readonly string[] {
  const components = numbers.split('.');
  while (components.length < 4) components.push(by);
  return components;
}

function placeOf(token: string): number {
  return isNumber(token) ? placeOfNumber : (places.get(token) ?? placeOfUnknown);
}

function compareTokens(a: string | undefined, b: string | undefined): number {
  // Of two versions that begin alike, one that goes on with a number is later.
  if (a === undefined) return b === undefined ? 0 : -compareTokens(b, a);
  if (b === undefined) return isNumber(a) ? 1 : placeOf(a) - placeOfNumber;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  const [left, right] = [placeOf(a), placeOf(b)];
  return left - right || (left === placeOfUnknown ? compareText(a, b) : 0);
}
