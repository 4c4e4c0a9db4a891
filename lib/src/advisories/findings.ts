import type { Match, Severity } from './advisory.ts';
import type { FoundMatch } from './advisory-index.ts';
import type { PackageVersion } from './match.ts';
import { worse } from './osv-severity.ts';
import { versionOrder } from './versions/order.ts';

const cve = /^CVE-[0-9]{4}-[0-9]{4,}$/;

/** One flaw in one package version, whatever the number of databases that tell of it. */
export interface Finding extends PackageVersion, Omit<Match, 'advisory'> {
  /** the CVE where there is one, else an id of the database */
  readonly id: string;
  /** its other names, in order */
  readonly aliases: readonly string[];
  /** ids of the advisories that say so */
  readonly advisories: readonly string[];
  readonly severity: Severity;
  readonly score?: number;
  readonly summary: string;
  readonly malicious: boolean;
  /** the earliest time that one of them gives, RFC 3339 */
  readonly published?: string;
}

/**
 * Makes findings of matches so that a CVE is counted once per package version, though Debian, GitHub and others have each a
 * record of it; and that one erratum which fixes five CVEs counts as five. Merged findings have the worst severity, the
 * highest of the fixed versions, the earliest date, and are undecided only if all are. The order of matches does
 * not count, but for the order of findings.
 */
export function dedupeFindings(matches: Iterable<FoundMatch>): Finding[] {
  return [...bySubject(matches)].flatMap((group) =>
    [...groupByFlaw(group)].map(([id, members]) => {
      const [only] = members;
      return members.length === 1 && only !== undefined ? findingOf(id, only) : merge(id, members);
    }),
  );
}

/** Matches of each package version; those of one mostly stand together, and have one object for it. */
function bySubject<T extends FoundMatch>(matches: Iterable<T>): Iterable<T[]> {
  const groups = new Map<string, T[]>();
  let last: PackageVersion | undefined;
  let group: T[] = [];
  for (const match of matches) {
    const { subject } = match;
    if (subject !== last) {
      const key = JSON.stringify([subject.ecosystem, subject.name, subject.version]);
      group = groups.get(key) ?? [];
      groups.set(key, group);
      last = subject;
    }
    group.push(match);
  }
  return groups.values();
}

function isCve(name: string): boolean {
  return name.startsWith('CVE-') && cve.test(name);
}

function namesOf(match: FoundMatch): readonly string[] {
  return [match.advisory.id, ...match.advisory.aliases];
}

/** The CVEs among the names of a match, each once. */
function cvesOf({ advisory }: FoundMatch): readonly string[] {
  const cves = isCve(advisory.id) ? [advisory.id] : [];
  for (const name of advisory.aliases) if (isCve(name) && !cves.includes(name)) cves.push(name);
  return cves;
}

function groupByFlaw(matches: readonly FoundMatch[]): ReadonlyMap<string, FoundMatch[]> {
  const byCve = new Map<string, FoundMatch[]>();
  const nameless: FoundMatch[] = [];
  for (const match of matches) {
    const cves = cvesOf(match);
    if (cves.length === 0) nameless.push(match);
    for (const id of cves) push(byCve, id, match);
  }
  if (nameless.length > 0) addNameless(byCve, nameless, matches);
  return byCve;
}

/** Adds those that name no CVE themselves to what others say by the same names, or as flaws of their own. */
function addNameless(
  byCve: Map<string, FoundMatch[]>,
  nameless: readonly FoundMatch[],
  matches: readonly FoundMatch[],
): void {
  const cvesOfName = new Map<string, Set<string>>();
  for (const match of matches) {
    const cves = cvesOf(match);
    for (const name of cves.length === 0 ? [] : namesOf(match)) {
      const known = cvesOfName.get(name) ?? new Set();
      for (const id of cves) known.add(id);
      cvesOfName.set(name, known);
    }
  }
  for (const members of joinByName(nameless)) {
    const names = members.flatMap(namesOf);
    const cves = new Set(names.flatMap((name) => [...(cvesOfName.get(name) ?? [])]));
    for (const id of cves) for (const match of members) push(byCve, id, match);
    if (cves.size > 0) continue;
    // A malicious package is known by that name.
    const ids = members.map(({ advisory }) => advisory.id).sort();
    const id = ids.find((name) => name.startsWith('MAL-')) ?? ids[0];
    if (id !== undefined) byCve.set(id, members);
  }
}

function push(groups: Map<string, FoundMatch[]>, id: string, match: FoundMatch): void {
  const members = groups.get(id);
  if (members === undefined) groups.set(id, [match]);
  else members.push(match);
}

/** Joins what shares a name, directly or through others. */
function joinByName(matches: readonly FoundMatch[]): Iterable<FoundMatch[]> {
  const groupOf = new Map<string, FoundMatch[]>();
  for (const match of matches) {
    const joined = [match];
    for (const name of namesOf(match)) {
      const other = groupOf.get(name);
      if (other !== undefined && !other.some((member) => joined.includes(member))) joined.push(...other);
    }
    for (const member of joined) for (const name of namesOf(member)) groupOf.set(name, joined);
  }
  return new Set(groupOf.values());
}

/** What one advisory alone says of a flaw, as nearly always: what `merge` makes of it, at a tenth of the cost. */
function findingOf(id: string, { subject, match, advisory }: FoundMatch): Finding {
  const { severity, score, published } = advisory;
  const { fixedIn, undecided } = match;
  return {
    ...subject,
    id,
    aliases: otherNames(id, [advisory]),
    advisories: [advisory.id],
    severity,
    ...(score === undefined ? undefined : { score }),
    summary: advisory.summary,
    malicious: advisory.malicious,
    ...(published === undefined ? undefined : { published }),
    ...(fixedIn === undefined || undecided !== undefined ? undefined : { fixedIn }),
    ...(undecided === undefined ? undefined : { undecided }),
  };
}

/** The other CVEs of an erratum are findings of their own, not names of this one. */
function otherNames(id: string, advisories: ReadonlyArray<FoundMatch['advisory']>): string[] {
  const names = new Set<string>();
  for (const advisory of advisories) {
    if (advisory.id !== id && !isCve(advisory.id)) names.add(advisory.id);
    for (const name of advisory.aliases) if (name !== id && !isCve(name)) names.add(name);
  }
  return [...names].sort();
}

function merge(id: string, unordered: readonly FoundMatch[]): Finding {
  // In order of ids, so that the same advisories give the same finding wherever they are kept.
  const members = unordered.toSorted(compareAdvisories);
  const [first] = members;
  if (first === undefined) throw new RangeError('a finding needs a match');
  const decided = members.filter(({ match }) => match.undecided === undefined);
  const { severity, score } = members.map(({ advisory }) => advisory).reduce(worse, first.advisory);
  const fixedIn = highest(first.subject.ecosystem, decided);
  const published = members
    .flatMap(({ advisory }) => advisory.published ?? [])
    .sort()
    .at(0);
  return {
    ...first.subject,
    id,
    aliases: otherNames(
      id,
      members.map(({ advisory }) => advisory),
    ),
    advisories: [...new Set(members.map(({ advisory }) => advisory.id))],
    severity,
    ...(score === undefined ? {} : { score }),
    summary: members.map(({ advisory }) => advisory.summary).find((text) => text !== '') ?? '',
    malicious: members.some(({ advisory }) => advisory.malicious),
    ...(published === undefined ? {} : { published }),
    ...(fixedIn === undefined ? {} : { fixedIn }),
    ...(decided.length > 0 ? {} : { undecided: first.match.undecided ?? 'unknown' }),
  };
}

/** By ids; where two sources have each a record of one id, by what they say. */
function compareAdvisories(a: FoundMatch, b: FoundMatch): number {
  if (a.advisory.id !== b.advisory.id) return a.advisory.id < b.advisory.id ? -1 : 1;
  const [left, right] = [JSON.stringify([a.advisory, a.match]), JSON.stringify([b.advisory, b.match])];
  return left === right ? 0 : left < right ? -1 : 1;
}

function highest(ecosystem: string, members: readonly FoundMatch[]): string | undefined {
  const order = versionOrder(ecosystem, 'SEMVER');
  return members
    .flatMap(({ match }) => match.fixedIn ?? [])
    .reduce<string | undefined>(
      (best, version) =>
        best === undefined || (order !== undefined && order(version, best) > 0) ? version : best,
      undefined,
    );
}
