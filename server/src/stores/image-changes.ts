import { sql, type OnConflictBuilder } from 'kysely';
import { chunks, idsIn, pairsTable } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
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
          .select(['manifests.repository_id', 'manifests.digest', ...firstCounts(what)])
          // without a condition SQLite would take what follows for that of a join
          .where(sql<boolean>`true`)
          .distinct()
          .orderBy('manifests.digest')
          .orderBy('manifests.repository_id'),
      )
      .onConflict(countOn(what))
      .execute();
  }
}

/**
 * The same for all places of images, by their keys: for thousands of them, since it looks through the digests of all images that there
 * are, in the order in which changes are kept.
 *
 * @returns how many places that are
 */
export async function noteChangesOfImages(
  trx: Db,
  imageIds: readonly number[],
  what: ChangedPart,
): Promise<number> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('image_changes')
    .columns(['repository_id', 'digest', 'facts', 'evidence', 'beyond'])
    .expression(
      trx
        .selectFrom('images')
        .innerJoin('image_places', 'image_places.image_id', 'images.id')
        .select(['image_places.repository_id', 'images.digest', ...firstCounts(what)])
        // The sum keeps SQLite from looking each of them up, which reads a page of inventories for each.
        .where(sql<boolean>`images.id + 0 in ${idsIn(trx, imageIds)}`)
        .orderBy('images.digest')
        .orderBy('image_places.repository_id'),
    )
    .onConflict(countOn(what))
    .executeTakeFirstOrThrow();
  return Number(numInsertedOrUpdatedRows);
}

/** What is counted of an image of which nothing was before. */
function firstCounts(what: ChangedPart) {
  return [
    sql<number>`cast(1 as bigint)`.as('facts'),
    sql<number>`cast(${what === 'evidence' ? 1 : 0} as bigint)`.as('evidence'),
    sql<number>`cast(${what === 'advisories' ? 0 : 1} as bigint)`.as('beyond'),
  ] as const;
}

/** What is counted of all others. */
function countOn(what: ChangedPart) {
  return (conflict: OnConflictBuilder<Schema, 'image_changes'>) =>
    conflict.columns(['digest', 'repository_id']).doUpdateSet((eb) => ({
      facts: eb('image_changes.facts', '+', 1),
      ...(what === 'evidence' && { evidence: eb('image_changes.evidence', '+', 1) }),
      ...(what !== 'advisories' && { beyond: eb('image_changes.facts', '+', 1) }),
    }));
}
