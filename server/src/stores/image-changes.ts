import { sql } from 'kysely';
import { chunks, pairsTable } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/**
 * How often what is known of an image has changed. What is made from the facts says which state it was made from, so that
 * it counts for nothing once there is a newer one, however late it is written.
 */
export interface ImageChanges {
  /** anything that a verdict rests on */
  readonly facts: number;
  /** the signatures and attestations that there are */
  readonly evidence: number;
}

/** The state of an image as of now; to be read before the facts are. */
export async function changesOf(db: Db, { repository, digest }: Placed): Promise<ImageChanges> {
  const row = await db
    .selectFrom('image_changes')
    .innerJoin('repositories', 'repositories.id', 'image_changes.repository_id')
    .select(['facts', 'evidence'])
    .where('repositories.name', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row ?? { facts: 0, evidence: 0 };
}

/** What of an image has changed: what is known of it, that and its evidence, or nothing but what advisories say. */
export type ChangedPart = 'facts' | 'evidence' | 'advisories';

const placesAtOnce = 5000;

/**
 * Notes, in the transaction of the change itself, that the facts of images have changed, and their evidence too where that
 * is what has. The count goes on when an image is deleted and pushed again.
 */
export async function noteChanges(trx: Db, places: readonly Placed[], what: ChangedPart): Promise<void> {
  const more = what === 'evidence' ? 1 : 0;
  const isBeyond = what !== 'advisories';
  for (const part of chunks(places, placesAtOnce)) {
    const wanted = part.map(({ repository, digest }) => [repository, digest] as const);
    await trx
      .insertInto('image_changes')
      .columns(['repository_id', 'digest', 'facts', 'evidence', 'beyond'])
      .expression(
        trx
          .selectFrom(pairsTable(trx, wanted).as('wanted'))
          .innerJoin('repositories', 'repositories.name', 'wanted.a')
          .innerJoin('manifests', (join) =>
            join
              .onRef('manifests.digest', '=', 'wanted.b')
              .onRef('manifests.repository_id', '=', 'repositories.id'),
          )
          .select([
            'manifests.repository_id',
            'manifests.digest',
            sql<number>`cast(1 as bigint)`.as('facts'),
            sql<number>`cast(${more} as bigint)`.as('evidence'),
            sql<number>`cast(${isBeyond ? 1 : 0} as bigint)`.as('beyond'),
          ])
          // without a condition SQLite would take what follows for that of a join
          .where(sql<boolean>`true`)
          .distinct()
          .orderBy('manifests.digest')
          .orderBy('manifests.repository_id'),
      )
      .onConflict((conflict) =>
        conflict.columns(['digest', 'repository_id']).doUpdateSet((eb) => ({
          facts: eb('image_changes.facts', '+', 1),
          evidence: eb('image_changes.evidence', '+', more),
          ...(isBeyond && { beyond: eb('image_changes.facts', '+', 1) }),
        })),
      )
      .execute();
  }
}
