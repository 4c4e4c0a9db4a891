import type { Advisory } from '../advisories/advisory.ts';
import { buildIndex, type FoundMatch } from '../advisories/advisory-index.ts';
import { packageKey, sameRelease } from '../advisories/ecosystem.ts';
import { createGenerationSum, generationElement, type GenerationSum } from '../advisories/generation.ts';
import { agesFor, type AdvisoryAge } from '../advisories/ages.ts';
import type { PackageVersion } from '../advisories/match.ts';
import { isCve, threatElement, type Threat } from '../advisories/threats.ts';
import type { Digest } from '../oci/digest.ts';
import { uncoveredEcosystems, type MatchedPackages } from './findings-of-image.ts';

/** Advisories to match against, where there is no server. */
export interface KnownAdvisories {
  /** All of them, from the beginning at every call. */
  readonly records: () => Iterable<Advisory> | AsyncIterable<Advisory>;
  /** when a record was first seen here: grace runs from there where it has no date of its own */
  readonly firstImported?: (id: string) => Date | undefined;
  /** `generationOf` all of them, where it is known; else it is computed */
  readonly generation?: Digest;
  /** ecosystems that there are advisories about, where `records` are only some of them; else those that `records` name */
  readonly covered?: readonly string[];
  /** what is known of CVEs (KEV, EPSS), from the beginning at every call; left out: nothing */
  readonly threats?: () => Iterable<KnownThreat> | AsyncIterable<KnownThreat>;
  /** how old all of it is; left out: nobody can tell */
  readonly ages?: readonly AdvisoryAge[];
  /** the same where it was not the same for all images */
  readonly agesOf?: (image: string) => readonly AdvisoryAge[];
}

/** What is known of one CVE. */
export type KnownThreat = readonly [cve: string, threat: Threat];

/**
 * Matches packages in one pass over the advisories; memory holds those that are about one of the packages.
 * @param sum takes every record, where it is asked for which advisories these are
 */
export async function matchAdvisories(
  { records, firstImported, covered, threats, ages = [] }: KnownAdvisories,
  packages: readonly PackageVersion[],
  sum?: GenerationSum,
): Promise<MatchedPackages> {
  const wanted = new Set(packages.map(({ ecosystem, name }) => packageKey(ecosystem, name)));
  async function* summed(): AsyncGenerator<Advisory> {
    for await (const advisory of records()) {
      sum?.add(generationElement(advisory));
      yield advisory;
    }
  }
  const index = await buildIndex(summed(), (ecosystem, name) => wanted.has(packageKey(ecosystem, name)));
  const covers = covered
    ? (ecosystem: string): boolean => covered.some((known) => sameRelease(known, ecosystem))
    : index.covers;
  const matches = index.findMatches(packages).map((found) => {
    const date = firstImported?.(found.advisory.id);
    return date === undefined ? found : { ...found, firstImported: date };
  });
  return {
    matches,
    uncovered: uncoveredEcosystems(packages, covers),
    threats: await threatsOf(threats, cvesOf(matches), sum),
    ages: agesFor(
      ages,
      packages.map(({ ecosystem }) => ecosystem),
    ),
  };
}

/** Names by which threats of the findings that these matches make are looked up. */
export function cvesOf(matches: Iterable<FoundMatch>): Set<string> {
  const names = new Set<string>();
  for (const { advisory } of matches)
    for (const name of [advisory.id, ...advisory.aliases]) if (isCve(name)) names.add(name);
  return names;
}

async function threatsOf(
  threats: KnownAdvisories['threats'],
  cves: ReadonlySet<string>,
  sum: GenerationSum | undefined,
): Promise<ReadonlyMap<string, Threat>> {
  const found = new Map<string, Threat>();
  if (threats === undefined || (cves.size === 0 && sum === undefined)) return found;
  for await (const [cve, threat] of threats()) {
    sum?.add(threatElement(cve, threat));
    if (cves.has(cve)) found.set(cve, threat);
  }
  return found;
}

/** Which advisories these are: as it was said, else summed up. */
export async function generationOfKnown({ records, generation, threats }: KnownAdvisories): Promise<Digest> {
  if (generation !== undefined) return generation;
  const sum = createGenerationSum();
  for await (const advisory of records()) sum.add(generationElement(advisory));
  for await (const [cve, threat] of threats?.() ?? []) sum.add(threatElement(cve, threat));
  return sum.digest();
}
