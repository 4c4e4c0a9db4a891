import { withoutModule } from '../inspect/module-streams.ts';
import type { Advisory, Affected, Match } from './advisory.ts';
import { packageKey, sameRelease } from './ecosystem.ts';
import { affects, ownSeverity, type PackageVersion } from './match.ts';
import type { Scored } from './osv-severity.ts';
import { PackedRecords } from './packed-records.ts';

/** An advisory without the list of what it affects. */
export type AdvisoryHead = Omit<Advisory, 'affected'>;

/** A match of one package version, with what people want to know of the advisory. */
export interface FoundMatch {
  readonly subject: PackageVersion;
  readonly match: Match;
  readonly advisory: AdvisoryHead;
}

/** Advisories of one package name: numbers of entries in the index. */
interface Entry {
  readonly head: number;
  readonly id: string;
  readonly affected: readonly Affected[];
}

/** Advisories in memory, found by ecosystem and name: for the command line, which has no database. */
export interface AdvisoryIndex {
  /** number of advisories kept; withdrawn ones are not */
  readonly size: number;
  /**
   * True if at least one advisory is about this ecosystem, in this release. Where none is, that nothing matches says
   * nothing: such packages are not known to be clean.
   */
  readonly covers: (ecosystem: string) => boolean;
  /**
   * All matches of these packages. A version that occurs several times is evaluated, and reported, once; the order is that
   * of the packages, then that in which advisories were added.
   */
  findMatches(packages: Iterable<PackageVersion>): FoundMatch[];
}

/**
 * Builds an index. Takes advisories one by one and keeps them packed (about 300 bytes each), so that 300,000 fit beside an
 * image's inventory.
 *
 * @param wanted where the packages are known beforehand: which to keep advisories for
 */
export async function buildIndex(
  advisories: Iterable<Advisory> | AsyncIterable<Advisory>,
  wanted: (ecosystem: string, name: string) => boolean = () => true,
): Promise<AdvisoryIndex> {
  const heads = new PackedRecords<AdvisoryHead>((value) => withScore(value as AdvisoryHead));
  const entries = new PackedRecords<Entry>((value) => value as Entry);
  const byKey = new Map<string, number | number[]>();
  const ecosystems = new Set<string>();
  for await (const advisory of advisories) {
    for (const { ecosystem } of advisory.affected) ecosystems.add(withoutModule(ecosystem));
    if (advisory.withdrawn !== undefined) continue;
    const { affected, ...head } = advisory;
    const groups = Map.groupBy(
      affected.filter((item) => wanted(item.ecosystem, item.name)),
      (item) => packageKey(item.ecosystem, item.name),
    );
    if (groups.size === 0) continue;
    const number = heads.add(head);
    for (const [key, items] of groups) {
      append(byKey, key, entries.add({ head: number, id: advisory.id, affected: items }));
    }
  }
  return {
    size: heads.size,
    covers: (ecosystem) => [...ecosystems].some((known) => sameRelease(known, ecosystem)),
    findMatches: (packages) => findMatches(packages, byKey, entries, heads),
  };
}

/** Most names have one advisory: a list would cost more than all the rest. */
function append(byKey: Map<string, number | number[]>, key: string, entry: number): void {
  const present = byKey.get(key);
  if (present === undefined) byKey.set(key, entry);
  else if (typeof present === 'number') byKey.set(key, [present, entry]);
  else present.push(entry);
}

function findMatches(
  packages: Iterable<PackageVersion>,
  byKey: ReadonlyMap<string, number | number[]>,
  entries: PackedRecords<Entry>,
  heads: PackedRecords<AdvisoryHead>,
): FoundMatch[] {
  const found: FoundMatch[] = [];
  const seen = new Set<string>();
  for (const { ecosystem, name, version } of packages) {
    const identity = JSON.stringify([ecosystem, name, version]);
    if (seen.has(identity)) continue;
    seen.add(identity);
    const subject = { ecosystem, name, version };
    const numbers = byKey.get(packageKey(ecosystem, name)) ?? [];
    for (const number of typeof numbers === 'number' ? [numbers] : numbers) {
      const entry = entries.get(number);
      const match = affects(entry, subject);
      if (match === undefined) continue;
      const head = heads.get(entry.head);
      const severity = ownSeverity(entry.affected, subject, head.severity);
      found.push({ subject, match, advisory: severity === undefined ? head : withScore(head, { severity }) });
    }
  }
  return found;
}

/** What is known of an advisory, as bad as this says. The score comes last, wherever it is from: findings tell two records of one id apart by all they say. */
function withScore(head: AdvisoryHead, { severity, score }: Scored = head): AdvisoryHead {
  const { score: _, ...rest } = head;
  return { ...rest, severity, ...(score === undefined ? {} : { score }) };
}
