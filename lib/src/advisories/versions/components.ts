import { WharfingerError } from '../../errors.ts';

const digits = /^[0-9]+$/;
const longest = 512;

/** Compares numbers of any length, written in digits; zeros in front do not count. */
export function compareNumbers(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length - y.length || compareText(x, y);
}

/** Compares text by its UTF-16 units, which for ASCII is by its bytes. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Compares lists of numbers; of two that begin alike, the shorter one comes first. */
export function compareNumberLists(a: readonly string[], b: readonly string[]): number {
  return compareLists(a, b, compareNumbers);
}

/** Compares dot-separated identifiers of a prerelease (Semantic Versioning 2.0.0, section 11.4). */
export function compareIdentifierLists(a: readonly string[], b: readonly string[]): number {
  return compareLists(a, b, compareIdentifiers);
}

/** Compares what stands behind the numbers of two versions: one that has nothing there is the release, and comes last. */
export function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  return compareIdentifierLists(a, b);
}

/** True for text of digits alone. */
export function isNumber(text: string): boolean {
  return digits.test(text);
}

/**
 * Matches a version against the shape that versions of its kind have.
 * @param kind for the message, such as `a semantic version`
 * @throws WharfingerError VERSION_INVALID where it has another one, or is longer than any real version
 */
export function matchShape(shape: RegExp, version: string, kind: string): RegExpExecArray {
  const found = version.length > longest ? null : shape.exec(version);
  if (found !== null) return found;
  throw new WharfingerError('VERSION_INVALID', {
    what: `${JSON.stringify(version.slice(0, 200))} is not ${kind}`,
  });
}

function compareLists(
  a: readonly string[],
  b: readonly string[],
  compare: (x: string, y: string) => number,
): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = compare(a[at]!, b[at]!);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const leftNumeric = isNumber(a);
  const rightNumeric = isNumber(b);
  if (leftNumeric && rightNumeric) return compareNumbers(a, b);
  if (leftNumeric !== rightNumeric) return leftNumeric ? -1 : 1;
  return compareText(a, b);
}
