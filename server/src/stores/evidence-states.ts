import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/**
 * Which state of the evidence of images there is: `changesOf(…).evidence` of those that are in their repositories, by
 * `stateKey`. Of an image that is not there, nothing.
 */
export async function evidenceStates(
  db: Db,
  places: readonly Placed[],
): Promise<ReadonlyMap<string, number>> {
  const states = new Map<string, number>();
  for (const [repository, group] of Map.groupBy(places, (place) => place.repository)) {
    for (const part of chunks(group)) {
      const rows = await db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .leftJoin('image_changes', (join) =>
          join
            .onRef('image_changes.digest', '=', 'manifests.digest')
            .onRef('image_changes.repository_id', '=', 'manifests.repository_id'),
        )
        .select(['manifests.digest', 'image_changes.evidence'])
        .where('repositories.name', '=', repository)
        .where(
          'manifests.digest',
          'in',
          part.map((place) => place.digest),
        )
        .execute();
      for (const { digest, evidence } of rows)
        states.set(stateKey({ repository, digest: digest as Digest }), evidence ?? 0);
    }
  }
  return states;
}

export function stateKey({ repository, digest }: Placed): string {
  return `${repository}@${digest}`;
}
