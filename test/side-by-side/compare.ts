import { comparableName } from '@wharfinger/lib/inspect/comparable-name';
import type { Difference } from './differences.ts';
import type { Found, FoundPackage } from './found.ts';
import type { OsvRecord } from './records.ts';

/** What two programs found in one image. */
export interface Comparison {
  readonly image: string;
  readonly packages: Counts;
  readonly findings: Counts;
  readonly differences: readonly Difference[];
}

/** How much each found, and how much of it both did. */
interface Counts {
  readonly ours: number;
  readonly theirs: number;
  readonly both: number;
}

/** OSV's names of ecosystems whose names are compared in a way of their own. */
const ecosystems: Readonly<Record<string, string>> = {
  pypi: 'PyPI',
  npm: 'npm',
  composer: 'Packagist',
  nuget: 'NuGet',
};

/**
 * Compares packages, with the files that record them, and findings, record by record.
 * @param records all that both were given, by id
 * @param sourceOf what advisories call an installed package of a distribution
 */
export function compare(
  image: string,
  ours: Found,
  theirs: Found,
  records: ReadonlyMap<string, readonly OsvRecord[]>,
  sourceOf: (name: string) => string,
): Comparison {
  const key = ({ type, name, version, path }: FoundPackage): string => [type, name, version, path].join('\t');
  const ourPackages = new Map(ours.packages.map((one) => [key(one), one]));
  const theirPackages = new Map(theirs.packages.map((one) => [key(one), one]));
  const packageOf =
    (by: Difference['by']) =>
    ({ type, name, version, path }: FoundPackage): Difference => ({
      image,
      by,
      what: 'package',
      type,
      name,
      version,
      path,
      affected: [],
      isUndecided: false,
    });
  const findingOf =
    (by: Difference['by']) =>
    (finding: string): Difference => {
      const [type = '', name = '', version = '', id = ''] = finding.split(' ');
      const known = comparableName(ecosystems[type] ?? '', sourceOf(name));
      const found = (records.get(id) ?? []).map((record) => ({
        record,
        affected: (record.affected ?? []).filter(
          ({ package: about }) => comparableName(ecosystems[type] ?? '', about.name) === known,
        ),
      }));
      const about = found.find(({ affected }) => affected.length > 0);
      return {
        image,
        by,
        what: 'finding',
        type,
        name,
        version,
        path: '',
        ...(about === undefined ? { affected: [] } : about),
        isUndecided: ours.undecided.has(finding),
      };
    };
  const only = <Item>(a: ReadonlyMap<string, Item>, b: ReadonlyMap<string, Item>): Item[] =>
    [...a].flatMap(([name, item]) => (b.has(name) ? [] : [item]));
  return {
    image,
    packages: counts(new Set(ourPackages.keys()), new Set(theirPackages.keys())),
    findings: counts(countable(ours.findings), countable(theirs.findings)),
    differences: [
      ...only(ourPackages, theirPackages).map(packageOf('Wharfinger')),
      ...only(theirPackages, ourPackages).map(packageOf('Trivy')),
      ...[...ours.findings.difference(theirs.findings)].map(findingOf('Wharfinger')),
      ...[...theirs.findings.difference(ours.findings)].map(findingOf('Trivy')),
    ],
  };
}

/** Those that are the same wherever programs are built: all but those of Go's own library, which is that of the Go at hand. */
function countable(findings: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...findings].filter((finding) => !finding.startsWith('golang stdlib ')));
}

function counts(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): Counts {
  return { ours: ours.size, theirs: theirs.size, both: ours.intersection(theirs).size };
}
