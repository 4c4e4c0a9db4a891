import type { Advisory } from './advisory.ts';
import { sameRelease } from './ecosystem.ts';

/** How old what is known about an ecosystem, or of another source of data, is. */
export interface AdvisoryAge {
  /** OSV's name with its release, such as Debian:12; `KEV` and `EPSS` for what is known of CVEs */
  readonly of: string;
  /** RFC 3339: when it was last fetched whole, or found to be unchanged where it comes from */
  readonly fetched: string;
  /** RFC 3339: the time that its newest record bears; absent: none has one */
  readonly newest?: string;
}

/** Sources that are about CVEs in general. */
const threatSources: readonly string[] = ['KEV', 'EPSS'];

/**
 * What of it counts for packages of these ecosystems: for each that is known at all, the data that were fetched last, and for
 * catalogues of CVEs the same; in order of names. Ecosystems of which nothing is known are not among them.
 */
export function agesFor(ages: Iterable<AdvisoryAge>, ecosystems: Iterable<string>): AdvisoryAge[] {
  const known = [...ages];
  const wanted = [...new Set([...ecosystems, ...threatSources])].sort();
  return wanted.flatMap((of) => {
    const about = known.filter((age) => age.of === of || sameRelease(age.of, of));
    const fetched = latest(about.map((age) => age.fetched));
    const newest = latest(about.flatMap((age) => age.newest ?? []));
    if (fetched === undefined) return [];
    return [{ of, fetched, ...(newest === undefined ? {} : { newest }) }];
  });
}

/** All of them are written in UTC with milliseconds, so that their order is that of the texts. */
function latest(times: readonly string[]): string | undefined {
  return times.toSorted().at(-1);
}

/** Collects how old records are while they are read. */
export interface AgeCollector {
  add(advisory: Pick<Advisory, 'affected' | 'modified'>): void;
  /** The ages of what was read, and of what was known before of other ecosystems; in order. */
  over(before: readonly AdvisoryAge[]): AdvisoryAge[];
}

/** @param fetched when the records were fetched */
export function collectAges(fetched: Date): AgeCollector {
  const newestOf = new Map<string, string | undefined>();
  return {
    add({ affected, modified }) {
      for (const { ecosystem } of affected) {
        const newest = newestOf.get(ecosystem);
        const isNewer = modified !== undefined && (newest === undefined || modified > newest);
        if (isNewer || !newestOf.has(ecosystem)) newestOf.set(ecosystem, isNewer ? modified : newest);
      }
    },
    over(before) {
      const known = new Map(before.map((age) => [age.of, age]));
      for (const [of, newest] of newestOf) {
        const latestRecord = latest([newest ?? [], known.get(of)?.newest ?? []].flat());
        known.set(of, {
          of,
          fetched: fetched.toISOString(),
          ...(latestRecord === undefined ? {} : { newest: latestRecord }),
        });
      }
      return [...known.values()].sort((a, b) => (a.of < b.of ? -1 : 1));
    },
  };
}
