import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import type { Db } from '../db/schema.ts';
import { keysOfFindings, recordedFindings } from '../stores/recorded-findings.ts';
import { inTurns } from './in-turns.ts';
import type { KnownImage } from './known-images.ts';

/** The findings of an image, as they are recorded, and where they differ from those that were recorded last. */
export interface FindingChange {
  /** those of now, in their order; undefined: its packages were not compared with advisories */
  readonly keys: readonly number[] | undefined;
  /** recorded last, and not among those of now; undefined: there were none recorded, nor that there are none */
  readonly before: readonly FindingFact[] | undefined;
  /** of now, and not among those recorded last */
  readonly after: readonly FindingFact[] | undefined;
}

/**
 * Records the findings of images, and tells which have changed: by their keys, for a finding is recorded once and under another key where
 * anything of it is another. Only those that are gone are read.
 *
 * @returns one for each image, in their order
 */
export async function findingChanges(db: Db, images: readonly KnownImage[]): Promise<FindingChange[]> {
  const all = new Set<FindingFact>();
  await inTurns(images, ({ known }) => {
    for (const finding of known.facts.findings ?? []) all.add(finding);
  });
  const keys = await keysOfFindings(db, all);
  const compared = await inTurns(images, ({ basis, known }) => {
    const { findings } = known.facts;
    const own = findings?.map((finding) => keys.get(finding)!);
    const recorded = basis.recorded?.facts.findings;
    const [present, old] = [new Set<unknown>(own), new Set<unknown>(recorded)];
    return {
      keys: own,
      gone: recorded?.filter((one) => !present.has(one)),
      after: own && findings?.filter((_, index) => !old.has(own[index])),
    };
  });
  const wanted = new Set<number>();
  for (const { gone } of compared) for (const one of gone ?? []) if (typeof one === 'number') wanted.add(one);
  const read = await recordedFindings(db, [...wanted]);
  return compared.map(({ keys: own, gone, after }) => ({
    keys: own,
    before: gone?.map((one) => (typeof one === 'number' ? read.get(one)! : one)),
    after,
  }));
}
