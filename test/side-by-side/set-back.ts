import type { OsvRecord } from './records.ts';

/** The versions that records of an ecosystem say something is fixed in, by the name of the package. */
export function fixesOf(records: readonly OsvRecord[], ecosystem: string): ReadonlyMap<string, string[]> {
  const fixes = new Map<string, string[]>();
  for (const { affected = [], withdrawn } of records) {
    if (withdrawn !== undefined) continue;
    for (const { package: about, ranges = [] } of affected) {
      if (about.ecosystem !== ecosystem) continue;
      const found = ranges.flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []));
      fixes.set(about.name, [...(fixes.get(about.name) ?? []), ...found]);
    }
  }
  return fixes;
}

/**
 * A version of the package that once was released: the one in which the flaw of the middle record was fixed, so that it has some flaws
 * and is free of others.
 */
export function olderVersion(
  fixes: ReadonlyMap<string, readonly string[]>,
  name: string,
): string | undefined {
  const known = (fixes.get(name) ?? []).filter((version) => version !== '0');
  return known[Math.floor(known.length / 3)];
}

/** A database of dpkg in which each package whose source has advisories is of an older version. */
export function olderStatus(status: string, fixes: ReadonlyMap<string, readonly string[]>): string {
  return status
    .split('\n\n')
    .map((stanza) => {
      const source = /^Source: (\S+)/m.exec(stanza)?.[1] ?? /^Package: (\S+)/m.exec(stanza)?.[1] ?? '';
      const version = olderVersion(fixes, source);
      if (version === undefined) return stanza;
      return stanza
        .replace(/^Source: (\S+).*$/m, 'Source: $1')
        .replace(/^Version: .*$/m, `Version: ${version}`);
    })
    .join('\n\n');
}

/** A database of apk in which each package whose origin has advisories is of an older version. */
export function olderInstalled(installed: string, fixes: ReadonlyMap<string, readonly string[]>): string {
  return installed
    .split('\n\n')
    .map((block) => {
      const origin = /^o:(.*)$/m.exec(block)?.[1] ?? '';
      const version = olderVersion(fixes, origin);
      return version === undefined ? block : block.replace(/^V:.*$/m, `V:${version}`);
    })
    .join('\n\n');
}

/** Blocks of packages that advisories are about, of the versions in which the first of their flaws was mended. */
export function moreInstalled(fixes: ReadonlyMap<string, readonly string[]>, count: number): string {
  return [...fixes.keys()]
    .sort()
    .flatMap((name) => {
      const version = olderVersion(fixes, name);
      return version === undefined
        ? []
        : [`C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:${name}\nV:${version}\nA:x86_64\no:${name}\n`];
    })
    .slice(0, count)
    .join('\n');
}
