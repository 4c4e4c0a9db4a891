import type { Threat } from '@wharfinger/lib/advisories/threats';
import {
  findingsOfPackages,
  flawsOfOne,
  type DatedFlaw,
  type InstalledPackage,
} from '@wharfinger/lib/assess/findings-of-image';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/schema.ts';
import type { StoredMatch } from '../stores/findings.ts';

/** What advisories say of a package version. */
export interface VersionFlaws {
  readonly matches: readonly StoredMatch[];
  readonly flaws: readonly DatedFlaw[];
}

/**
 * Findings in memory. For as long as nothing has changed of what advisories say (`advisoryEdition`) nothing is read again. After that
 * all is read again, and what is the same is the same object as before: what was computed of it once (its digest, what routines
 * said of it) need not be again.
 */
export interface SharedFindings {
  /** Undefined: not known in this edition, which was read before. */
  flaws(versionId: number, edition: number): VersionFlaws | undefined;
  /** @param matches all that there are of a package version, read after the edition */
  learnFlaws(versionId: number, edition: number, matches: readonly StoredMatch[]): VersionFlaws;
  /** Findings of a package in a layer, by a number for these; undefined: not known in this edition. */
  findings(place: number, edition: number): readonly FindingFact[] | undefined;
  /** @param source all that they are made of, read after the edition */
  learnFindings(place: number, edition: number, source: FindingSource): readonly FindingFact[];
}

/** What findings of a package are made of. */
export interface FindingSource {
  readonly installed: InstalledPackage;
  readonly flaws: readonly DatedFlaw[];
  readonly threats: ReadonlyMap<string, Threat>;
}

interface KnownFindings {
  readonly edition: number;
  readonly installed: InstalledPackage;
  readonly flaws: readonly DatedFlaw[];
  /** JSON of what is known of each flaw */
  readonly threats: ReadonlyArray<string | undefined>;
  readonly findings: readonly FindingFact[];
}

/** Findings that are kept; each takes about a kilobyte with what is remembered of it. */
const mostFindings = 32_768;

/** Versions that are kept, and matches of these. */
const mostVersions = 131_072;

const memories = new WeakMap<Db, SharedFindings>();

/** The memory of a database. */
export function sharedFindings(db: Db): SharedFindings {
  let memory = memories.get(db);
  if (!memory) memories.set(db, (memory = createSharedFindings()));
  return memory;
}

function createSharedFindings(): SharedFindings {
  const versions = new LRUCache<number, VersionFlaws & { readonly edition: number }>({
    maxSize: mostVersions,
    sizeCalculation: ({ matches }) => 1 + 2 * matches.length,
  });
  const places = new LRUCache<number, KnownFindings>({
    maxSize: mostFindings,
    sizeCalculation: ({ findings }) => 1 + findings.length,
  });
  return {
    flaws(versionId, edition) {
      const known = versions.get(versionId);
      return known?.edition === edition ? known : undefined;
    },
    learnFlaws(versionId, edition, matches) {
      const last = versions.get(versionId);
      const same = last && areSame(last.matches, matches) ? last : { matches, flaws: flawsOfOne(matches) };
      const learnt = { matches: same.matches, flaws: same.flaws, edition };
      versions.set(versionId, learnt);
      return learnt;
    },
    findings(place, edition) {
      const known = places.get(place);
      return known?.edition === edition ? known.findings : undefined;
    },
    learnFindings(place, edition, { installed, flaws, threats: all }) {
      const threats = flaws.map(({ finding }) => {
        const threat = all.get(finding.id);
        return threat && JSON.stringify(threat);
      });
      const last = places.get(place);
      const isSame =
        last?.flaws === flaws &&
        last.installed.name === installed.name &&
        last.installed.version === installed.version &&
        last.installed.purl === installed.purl &&
        last.threats.every((threat, at) => threat === threats[at]);
      const findings = isSame ? last.findings : findingsOfPackages([{ installed, flaws }], all);
      places.set(place, { edition, installed, flaws, threats, findings });
      return findings;
    },
  };
}

/** Of an advisory there is one object for as long as it says the same. */
function areSame(before: readonly StoredMatch[], now: readonly StoredMatch[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ subject, advisory, firstImported, match }, at) => {
      const other = now[at]!;
      return (
        advisory === other.advisory &&
        firstImported.getTime() === other.firstImported.getTime() &&
        match.fixedIn === other.match.fixedIn &&
        match.undecided === other.match.undecided &&
        subject.ecosystem === other.subject.ecosystem &&
        subject.name === other.subject.name &&
        subject.version === other.subject.version
      );
    })
  );
}
