import type { Threat } from '@wharfinger/lib/advisories/threats';
import { flawsOfOne, type DatedFlaw } from '@wharfinger/lib/assess/findings-of-image';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/schema.ts';
import type { StoredMatch } from '../stores/findings.ts';

/**
 * Findings in memory: what many images have in common is one object, also for those that are judged later, so that what was
 * computed of it once (its digest, what routines said of it) need not be again. Nothing here is asked whether it is true still: all of
 * it is compared with what the database says at this moment.
 */
export interface SharedFindings {
  /** @param matches all that there are of a package version, by its key */
  flaws(versionId: number, matches: readonly StoredMatch[]): readonly DatedFlaw[];
  /** Threats, each the object that it was before where it says the same. */
  threats(found: ReadonlyMap<string, Threat>): ReadonlyMap<string, Threat>;
  /** Findings of a package in a layer, by a number for these; undefined: not known of these very flaws and threats. */
  find(place: number, of: Origin): readonly FindingFact[] | undefined;
  keep(place: number, of: Origin, findings: readonly FindingFact[]): void;
}

/** What findings were made of. */
interface Origin {
  readonly flaws: readonly DatedFlaw[];
  readonly threats: ReadonlyMap<string, Threat>;
}

interface KnownFlaws {
  readonly matches: readonly StoredMatch[];
  readonly flaws: readonly DatedFlaw[];
}

interface KnownFindings {
  readonly flaws: readonly DatedFlaw[];
  /** one for each flaw, where there is one */
  readonly threats: ReadonlyArray<Threat | undefined>;
  readonly findings: readonly FindingFact[];
}

/** Each of these takes about a kilobyte with what is remembered of it. */
const most = 32_768;

const memories = new WeakMap<Db, SharedFindings>();

/** The memory of a database. */
export function sharedFindings(db: Db): SharedFindings {
  let memory = memories.get(db);
  if (!memory) memories.set(db, (memory = createSharedFindings()));
  return memory;
}

function createSharedFindings(): SharedFindings {
  const known = new LRUCache<number, KnownFlaws>({
    maxSize: most,
    sizeCalculation: ({ matches }) => 1 + matches.length,
  });
  const findings = new LRUCache<number, KnownFindings>({
    maxSize: most,
    sizeCalculation: (one) => 1 + one.findings.length,
  });
  const threats = new LRUCache<string, Threat>({ max: most });
  return {
    flaws(versionId, matches) {
      const last = known.get(versionId);
      if (last && areSame(last.matches, matches)) return last.flaws;
      const flaws = flawsOfOne(matches);
      known.set(versionId, { matches, flaws });
      return flaws;
    },
    threats(found) {
      const same = new Map<string, Threat>();
      for (const [cve, threat] of found) {
        const text = JSON.stringify(threat);
        const one = threats.get(text) ?? threat;
        threats.set(text, one);
        same.set(cve, one);
      }
      return same;
    },
    find(place, of) {
      const last = findings.get(place);
      if (last?.flaws !== of.flaws) return undefined;
      const isSame = of.flaws.every(({ finding }, at) => last.threats[at] === of.threats.get(finding.id));
      return isSame ? last.findings : undefined;
    },
    keep(place, { flaws, threats: all }, made) {
      findings.set(place, {
        flaws,
        threats: flaws.map(({ finding }) => all.get(finding.id)),
        findings: made,
      });
    },
  };
}

/** Of advisories there is one object for as long as they say the same. */
function areSame(before: readonly StoredMatch[], now: readonly StoredMatch[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ advisory, firstImported, match }, at) => {
      const other = now[at]!;
      return (
        advisory === other.advisory &&
        firstImported.getTime() === other.firstImported.getTime() &&
        match.fixedIn === other.match.fixedIn &&
        match.undecided === other.match.undecided
      );
    })
  );
}
