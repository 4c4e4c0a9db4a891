import { ecosystemBase } from '../ecosystem.ts';
import { compareAlpine } from './alpine.ts';
import { compareBitnami } from './bitnami.ts';
import { compareComposer, isComposerBranch } from './composer.ts';
import { compareCran } from './cran.ts';
import { compareDebian } from './debian.ts';
import { compareGem } from './gem.ts';
import { compareGo } from './go.ts';
import { compareHackage } from './hackage.ts';
import { compareMaven } from './maven.ts';
import { compareNuget } from './nuget.ts';
import { comparePub } from './pub.ts';
import { comparePython, pythonBound } from './python.ts';
import { compareRpm } from './rpm.ts';
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
  ['AlmaLinux', compareRpm],
  ['Azure Linux', compareRpm],
  ['Mageia', compareRpm],
  ['openEuler', compareRpm],
  ['openSUSE', compareRpm],
  ['Photon OS', compareRpm],
  ['Red Hat', compareRpm],
  ['Rocky Linux', compareRpm],
  ['SUSE', compareRpm],
  ['Alpaquita', compareAlpine],
  ['BellSoft Hardened Containers', compareAlpine],
  ['MinimOS', compareAlpine],
  ['opam', compareDebian],
  ['npm', compareSemver],
  ['crates.io', compareSemver],
  ['rust-std', compareSemver],
  ['Hex', compareSemver],
  ['SwiftURL', compareSemver],
  ['Julia', compareSemver],
  ['VSCode', compareSemver],
  ['GitHub Actions', compareSemver],
  ['RubyGems', compareGem],
  ['ruby-engine', compareGem],
  ['Packagist', compareComposer],
  ['NuGet', compareNuget],
  ['CRAN', compareCran],
  ['Bioconductor', compareCran],
  ['Hackage', compareHackage],
  ['GHC', compareHackage],
  ['Pub', comparePub],
  ['Bitnami', compareBitnami],
  ['Go', compareGo],
  ['PyPI', comparePython],
  ['Maven', compareMaven],
]);

/**
 * The order of versions in an ecosystem of OSV, with or without suffix. Where none is known here, ranges of type SEMVER are ordered
 * by Semantic Versioning (OSV schema, "affected[].ranges[].type"), and others not at all: undefined. Where one is known it orders
 * those as well, since it is what versions of installed packages are written for, and reads semantic versions as they are meant.
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

/** True for a version that names a branch: which commits it holds is not told by its place in the order. */
export function namesBranch(ecosystem: string, version: string): boolean {
  return ecosystemBase(ecosystem) === 'Packagist' && isComposerBranch(version);
}

/**
 * The version that people know a fix by: a bound that stands before every prerelease of a version, as ranges of composer and npm mean
 * it (`1.2-dev`, `1.2.0-0`), is called by that version.
 */
export function publishedFix(ecosystem: string, version: string): string {
  const base = ecosystemBase(ecosystem);
  if (base === 'Packagist') return version.replace(/-dev$/, '');
  return base === 'npm' || base === 'crates.io' ? version.replace(/-0$/, '') : version;
}

/** What the bound of a range stands for against this version, where it is none that the ecosystem allows today. */
export function readableBound(ecosystem: string, bound: string, version: string): string {
  return ecosystemBase(ecosystem) === 'PyPI' ? pythonBound(bound, version) : bound;
}
