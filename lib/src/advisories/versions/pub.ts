import { compareIdentifierLists } from './components.ts';
import { compareSemver } from './semver.ts';

/**
 * Orders two versions as Dart's pub does: by Semantic Versioning, but that what stands behind a plus counts, and comes after the
 * version without it.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function comparePub(a: string, b: string): number {
  return compareSemver(a, b) || compareIdentifierLists(buildOf(a), buildOf(b));
}

function buildOf(version: string): readonly string[] {
  const plus = version.indexOf('+');
  return plus < 0 ? [] : version.slice(plus + 1).split('.');
}
