import type { Advisory } from '../advisories/advisory.ts';
import { buildIndex } from '../advisories/advisory-index.ts';
import { packageKey, sameRelease } from '../advisories/ecosystem.ts';
import { createGenerationSum, generationElement, type GenerationSum } from '../advisories/generation.ts';
import type { PackageVersion } from '../advisories/match.ts';
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
}

/**
 * Matches packages in one pass over the advisories; memory holds those that are about one of the packages.
 * @param sum takes every record, where it is asked for which advisories these are
 */
export async function matchAdvisories(
  { records, firstImported, covered }: KnownAdvisories,
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
  return { matches, uncovered: uncoveredEcosystems(packages, covers) };
}

/** Which advisories these are: as it was said, else summed up. */
export async function generationOfKnown({ records, generation }: KnownAdvisories): Promise<Digest> {
  if (generation !== undefined) return generation;
  const sum = createGenerationSum();
  for await (const advisory of records()) sum.add(generationElement(advisory));
  return sum.digest();
}
