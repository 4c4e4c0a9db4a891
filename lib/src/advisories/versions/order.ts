import { ecosystemBase } from '../ecosystem.ts';
import { compareAlpine } from './alpine.ts';
import { compareDebian } from './debian.ts';
import { compareGo } from './go.ts';
import { compareSemver } from './semver.ts';

/**
 * Negative, zero or positive, as `a` is before, at or after `b`.
 * @throws WharfingerError VERSION_INVALID where a version has no place in the order
 */
export type VersionOrder = (a: string, b: string) => number;

const orders: ReadonlyMap<string, VersionOrder> = new Map([
  ['Debian', compareDebian],
  ['Ubuntu', compareDebian],
  ['Alpine', compareAlpine],
  ['Wolfi', compareAlpine],
  ['Chainguard', compareAlpine],
  ['npm', compareSemver],
  ['Go', compareGo],
]);

/**
 * The order of versions in an ecosystem of OSV, with or without suffix; undefined where none is known here. Ranges of type
 * SEMVER are ordered by Semantic Versioning wherever they occur (OSV schema, "affected[].ranges[].type").
 */
export function versionOrder(
  ecosystem: string,
  rangeType: 'SEMVER' | 'ECOSYSTEM' = 'ECOSYSTEM',
): VersionOrder | undefined {
  return orders.get(ecosystemBase(ecosystem)) ?? (rangeType === 'SEMVER' ? compareSemver : undefined);
}

/**
 * Compares two versions of an ecosystem: negative, zero, positive, or `unsupported` where no order is known. Unsupported is
 * no answer: what depends on it is undecided.
 * @throws WharfingerError VERSION_INVALID
 */
export function compareVersions(ecosystem: string, a: string, b: string): number | 'unsupported' {
  return versionOrder(ecosystem)?.(a, b) ?? 'unsupported';
}
