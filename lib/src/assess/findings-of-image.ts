import type { FoundMatch } from '../advisories/advisory-index.ts';
import { dedupeFindings, type Finding } from '../advisories/findings.ts';
import type { AdvisoryAge } from '../advisories/ages.ts';
import type { PackageVersion } from '../advisories/match.ts';
import type { Threat } from '../advisories/threats.ts';
import type { ImageInventory, Package } from '../inspect/inventory.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
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
  /** what is known of the CVEs of the matches (KEV, EPSS); left out: nothing */
  readonly threats?: ReadonlyMap<string, Threat>;
  /** how old what is known is, for the ecosystems of the packages (`agesFor`); left out: nobody can tell */
  readonly ages?: readonly AdvisoryAge[];
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
export function findingFacts(
  packages: readonly Package[],
  matches: readonly DatedMatch[],
  threats: ReadonlyMap<string, Threat> = new Map(),
): FindingFact[] {
  const bySubject = flawsOf(matches);
  return findingsOfPackages(
    installedOnce(packages).map((installed) => ({
      installed,
      flaws: bySubject.get(subjectKey(installed.match)) ?? [],
    })),
    threats,
  );
}

/** A package that advisories can be about, as a finding names it. */
export type InstalledPackage = Pick<Package, 'name' | 'version' | 'purl' | 'layer'> & {
  readonly match: PackageVersion;
};

/** The packages that advisories can be about, each once, from the lowest layer on. */
export function installedOnce(packages: readonly Package[]): InstalledPackage[] {
  const seen = new Set<string>();
  const once: InstalledPackage[] = [];
  for (const { name, version, purl, layer, match } of packages.toSorted((a, b) => a.layer - b.layer)) {
    // one package may be recorded at several places, such as below several node_modules
    const { ecosystem } = match;
    if (ecosystem === undefined || seen.has(purl)) continue;
    seen.add(purl);
    once.push({
      name,
      version,
      purl,
      layer,
      match: { ecosystem, name: match.name, version: match.version },
    });
  }
  return once;
}

/** A flaw of a package version, and since when it counts as known. */
export interface DatedFlaw {
  readonly finding: Finding;
  /** RFC 3339 */
  readonly since: string;
}

/** What matches tell of each package version, by `subjectKey`. */
function flawsOf(matches: readonly DatedMatch[]): ReadonlyMap<string, readonly DatedFlaw[]> {
  const bySubject = Map.groupBy(matches, ({ subject }) => subjectKey(subject));
  return new Map([...bySubject].map(([key, own]) => [key, flawsOfOne(own)]));
}

/** What matches tell of the one package version that they are of. */
export function flawsOfOne(matches: readonly DatedMatch[]): readonly DatedFlaw[] {
  const imported = firstImports(matches);
  return dedupeFindings(matches).map((finding) => ({ finding, since: since(finding, imported) }));
}

/** The findings of packages (`installedOnce`) with these flaws, in canonical order. */
export function findingsOfPackages(
  packages: ReadonlyArray<{
    readonly installed: InstalledPackage;
    readonly flaws: readonly DatedFlaw[];
  }>,
  threats: ReadonlyMap<string, Threat> = new Map(),
): FindingFact[] {
  return packages
    .flatMap(({ installed, flaws }) =>
      flaws.map((flaw) => findingFact(flaw, installed, threats.get(flaw.finding.id))),
    )
    .sort(compareFindings);
}

function findingFact(
  { finding, since: known }: DatedFlaw,
  installed: InstalledPackage,
  threat: Threat | undefined,
): FindingFact {
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
    since: known,
    layer: installed.layer,
    ...(threat?.exploited && { exploited: threat.exploited }),
    ...(threat?.epss && { epss: threat.epss }),
  };
}

/** Grace runs from publication, else from the first import of any advisory that tells of the flaw. */
function since({ published, advisories }: Finding, imported: ReadonlyMap<string, Date>): string {
  if (published !== undefined && parseTime(published) !== undefined) return published;
  const dates = advisories.map((id) => (imported.get(id) ?? longAgo).getTime());
  return new Date(Math.min(...dates)).toISOString();
}

/** Of an id that several databases have, the first import counts, in whatever order they are read. */
function firstImports(matches: readonly DatedMatch[]): ReadonlyMap<string, Date> {
  const first = new Map<string, Date>();
  for (const { advisory, firstImported } of matches) {
    const known = first.get(advisory.id);
    if (firstImported && (known === undefined || firstImported < known))
      first.set(advisory.id, firstImported);
  }
  return first;
}

/** What flaws are looked up by. */
function subjectKey(subject: PackageVersion): string {
  return JSON.stringify([subject.ecosystem, subject.name, subject.version]);
}
