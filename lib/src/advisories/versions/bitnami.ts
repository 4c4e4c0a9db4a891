import { compareNumbers } from './components.ts';
import { compareSemver } from './semver.ts';

const revisionShape = /-([0-9]{1,9})$/;

/**
 * Orders two versions of Bitnami's packages: by Semantic Versioning, but that a number behind the last dash counts the times that
 * Bitnami packed a version, so that 1.2.3-4 is 1.2.3. Where both have such a number it decides last; advisories, which mostly speak of
 * the version alone, mean all of them.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareBitnami(a: string, b: string): number {
  const [left, right] = [revisionOf(a), revisionOf(b)];
  const difference = compareSemver(a.replace(revisionShape, ''), b.replace(revisionShape, ''));
  if (difference !== 0 || left === undefined || right === undefined) return difference;
  return compareNumbers(left, right);
}

function revisionOf(version: string): string | undefined {
  return revisionShape.exec(version)?.[1];
}
