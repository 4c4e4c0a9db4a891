import { compareSemver } from './semver.ts';

const toolchain = /^go([0-9]+(?:\.[0-9]+)*)(?:(alpha|beta|rc)([0-9]+))?(?:[-+ ].*)?$/;

/**
 * Orders two Go versions: module versions (semantic, with v; pseudo-versions are prereleases; +incompatible does not count)
 * and releases of Go itself, as build information has them (go1.20.7, go1.21rc2, go1.22.3-corp) or the database (1.20.7,
 * 1.21.0-rc.2).
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID, also for (devel), whose place nobody knows
 */
export function compareGo(a: string, b: string): number {
  return compareSemver(fromToolchain(a), fromToolchain(b));
}

function fromToolchain(version: string): string {
  if (!version.startsWith('go')) return version;
  const found = toolchain.exec(version);
  if (found?.[1] === undefined) return version;
  const [, release, word, number] = found;
  if (word === undefined) return release;
  const components = [...release.split('.'), '0', '0'].slice(0, 3);
  return `${components.join('.')}-${word}.${number}`;
}
