import type { FoundMatch } from '../advisories/advisory-index.ts';
import { dedupeFindings, type Finding } from '../advisories/findings.ts';
import type { PackageVersion } from '../advisories/match.ts';
import type { ImageInventory, Package } from '../inspect/inventory.ts';
import type { FindingFact } from '../routines/facts.ts';
import { compareFindings } from '../routines/severity-order.ts';
import { parseTime } from '../routines/time.ts';

/** A match, and since when the advisory is known here. */
export interface DatedMatch extends FoundMatch {
  /** when this server or machine first imported the advisory; absent: nobody knows */
  readonly firstImported?: Date;
}

/** What was found when the packages of an image were compared with the advisories. */
export interface MatchedPackages {
  readonly matches: readonly DatedMatch[];
  /** ecosystems of the packages that no advisory is about (`uncoveredEcosystems`) */
  readonly uncovered: readonly string[];
}

/** What advisories are matched by, each once. */
export function subjectsOf(inventory: ImageInventory): PackageVersion[] {
  const subjects = new Map<string, PackageVersion>();
  for (const { match } of inventory.packages) {
    const { ecosystem, name, version } = match;
    if (ecosystem !== undefined)
      subjects.set(JSON.stringify([ecosystem, name, version]), { ecosystem, name, version });
  }
  return [...subjects.values()];
}

/** The ecosystems of these packages that no advisory is about, each once, in order. */
export function uncoveredEcosystems(
  packages: Iterable<{ readonly ecosystem: string }>,
  covers: (ecosystem: string) => boolean,
): string[] {
  const ecosystems = new Set([...packages].map(({ ecosystem }) => ecosystem));
  return [...ecosystems].filter((ecosystem) => !covers(ecosystem)).sort();
}

/** Where neither the advisory nor the import has a date: any grace is over. */
const longAgo = new Date(0);

/**
 * The findings of an image: each flaw once per installed package, in canonical order, worst first. Advisories match what a
 * package was built from (for Debian the source package); a finding names the package that is installed, and the
 * layer that brought it first.
 */
export function findingFacts(packages: readonly Package[], matches: readonly DatedMatch[]): FindingFact[] {
  const imported = firstImports(matches);
  const bySubject = Map.groupBy(dedupeFindings(matches), subjectKey);
  const seen = new Set<string>();
  const facts: FindingFact[] = [];
  for (const installed of packages.toSorted((a, b) => a.layer - b.layer)) {
    // one package may be recorded at several places, such as below several node_modules
    if (installed.match.ecosystem === undefined || seen.has(installed.purl)) continue;
    seen.add(installed.purl);
    const { ecosystem, name, version } = installed.match;
    for (const finding of bySubject.get(subjectKey({ ecosystem, name, version })) ?? [])
      facts.push(findingFact(finding, installed, imported));
  }
  return facts.sort(compareFindings);
}

function findingFact(finding: Finding, installed: Package, imported: ReadonlyMap<string, Date>): FindingFact {
  const { score, fixedIn, undecided } = finding;
  return {
    advisory: finding.id,
    aliases: finding.aliases,
    package: installed.name,
    version: installed.version,
    ecosystem: finding.ecosystem,
    purl: installed.purl,
    severity: finding.severity,
    ...(score === undefined ? {} : { score }),
    ...(fixedIn === undefined ? {} : { fixedIn }),
    ...(undecided === undefined ? {} : { undecided }),
    summary: finding.summary,
    malicious: finding.malicious,
    since: since(finding, imported),
    layer: installed.layer,
  };
}

/** Grace runs from publication, else from the first import of any advisory that tells of the flaw. */
function since({ published, advisories }: Finding, imported: ReadonlyMap<string, Date>): string {
  if (published !== undefined && parseTime(published) !== undefined) return published;
  const dates = advisories.map((id) => (imported.get(id) ?? longAgo).getTime());
  return new Date(Math.min(...dates)).toISOString();
}

function firstImports(matches: readonly DatedMatch[]): ReadonlyMap<string, Date> {
  return new Map(
    matches.flatMap(({ advisory, firstImported }) =>
      firstImported ? [[advisory.id, firstImported] as const] : [],
    ),
  );
}

function subjectKey(subject: Pick<Finding, 'ecosystem' | 'name' | 'version'>): string {
  return JSON.stringify([subject.ecosystem, subject.name, subject.version]);
}
