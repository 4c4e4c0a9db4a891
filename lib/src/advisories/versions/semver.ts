import { compareNumberLists, comparePrereleases, matchShape } from './components.ts';

// Written by hand, for the package `semver` refuses numbers above 2^53 and more than three components, which real records have.
const shape =
  /^[=v\s]*([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:(?:-|(?=[A-Za-z]))([0-9A-Za-z.-]+)|(?:\.[0-9]+)+(?:-[0-9A-Za-z.-]+)?)?(?:\+.*)?\s*$/;

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
  const left = parseSemver(a);
  const right = parseSemver(b);
  return (
    compareNumberLists(left.numbers, right.numbers) || comparePrereleases(left.prerelease, right.prerelease)
  );
}

function parseSemver(version: string): SemanticVersion {
  const [, major = '0', minor = '0', patch = '0', rest = ''] = matchShape(
    shape,
    version,
    'a semantic version',
  );
  return {
    numbers: [major, minor, patch],
    prerelease: rest === '' ? [] : rest.split('.'),
  };
}
