import { compareNumberLists, comparePrereleases, matchShape } from './components.ts';

const shape = /^\s*v?([0-9]+(?:\.[0-9]+){0,3})(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.+-]*)?\s*$/i;

/**
 * Orders two versions as NuGet does ("Package versioning"): up to four numbers, then a prerelease by Semantic Versioning, but
 * without regard to case; build metadata does not count.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareNuget(a: string, b: string): number {
  if (a === b) return 0;
  const left = parse(a);
  const right = parse(b);
  return (
    compareNumberLists(left.numbers, right.numbers) || comparePrereleases(left.prerelease, right.prerelease)
  );
}

function parse(version: string): { numbers: readonly string[]; prerelease: readonly string[] } {
  const [, front = '', rest = ''] = matchShape(shape, version, 'a NuGet version');
  return {
    numbers: [...front.split('.'), '0', '0', '0'].slice(0, 4),
    prerelease: rest === '' ? [] : rest.toLowerCase().split('.'),
  };
}
