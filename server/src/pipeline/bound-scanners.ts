import { matchesRepository } from '@wharfinger/lib/oci/repository-pattern';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Scanner } from '../config/load-scanners.ts';
import type { Db } from '../db/schema.ts';
import { placesOf, type Placed } from '../stores/repositories.ts';
import type { PipelineParts } from './parts.ts';

/** The scanners that are asked about images of a repository. */
export function scannersFor({ policy }: PipelineParts, repository: string): readonly Scanner[] {
  return policy().config.scanners.run.filter(({ repositories }) =>
    repositories.some((pattern) => matchesRepository(pattern, repository)),
  );
}

/** Where an image is that a scanner is asked about. A scan takes minutes, in which it may have come to more places. */
export async function placesBound(
  parts: PipelineParts,
  db: Db,
  { name }: Scanner,
  digest: Digest,
): Promise<readonly Placed[]> {
  return (await placesOf(db, digest)).filter(({ repository }) =>
    scannersFor(parts, repository).some((scanner) => scanner.name === name),
  );
}
