import { WharfingerError } from '../../errors.ts';

// Written by hand, for the package `semver` refuses numbers above 2^53 and more than three components, which real records have.
const shape =
  /^[=v\s]*([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:(?:-|(?=[A-Za-z]))([0-9A-Za-z.-]+)|(?:\.[0-9]+)+(?:-[0-9A-Za-z.-]+)?)?(?:\+.*)?\s*$/;
const digits = /^[0-9]+$/;

interface SemanticVersion {
  readonly numbers: readonly [string, string, string];
  /** empty for a release */
  readonly prerelease: readonly string[];
}

/**
 * Orders two versions by Semantic Versioning 2.0.0, section 11. As loose as npm: `v` or `=` in front, missing components
 * are zero, a prerelease may lack its dash; components after the third are build metadata and do not count.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareSemver(a: string, b: string): number {
  if (a === b) return 0;
  return compareParsed(parseSemver(a), parseSemver(b));
}

function parseSemver(version: string): SemanticVersion {
  const found = version.length > 512 ? null : shape.exec(version);
  if (found?.[1] === undefined) {
    throw new WharfingerError('VERSION_INVALID', {
      what: `${JSON.stringify(version.slice(0, 200))} is not a semantic version`,
    });
  }
  const [, major, minor = '0', patch = '0', rest = ''] = found;
  return {
    numbers: [major, minor, patch],
    prerelease: rest === '' ? [] : rest.split('.'),
  };
}

function compareParsed(a: SemanticVersion, b: SemanticVersion): number {
  for (const at of [0, 1, 2] as const) {
    const difference = compareNumbers(a.numbers[at], b.numbers[at]);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length);
  }
  const shared = Math.min(a.prerelease.length, b.prerelease.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = compareIdentifiers(a.prerelease[at]!, b.prerelease[at]!);
    if (difference !== 0) return difference;
  }
  return a.prerelease.length - b.prerelease.length;
}

function compareIdentifiers(a: string, b: string): number {
  const leftNumeric = digits.test(a);
  const rightNumeric = digits.test(b);
  if (leftNumeric && rightNumeric) return compareNumbers(a, b);
  if (leftNumeric !== rightNumeric) return leftNumeric ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Numbers of any length, leading zeros allowed. */
function compareNumbers(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length - y.length || (x === y ? 0 : x < y ? -1 : 1);
}
