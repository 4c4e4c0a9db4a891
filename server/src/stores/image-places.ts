import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { idsIn, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { collect } from './image-keys.ts';

/**
 * Until the transaction ends, no other notes where an image of this digest is: of a push and an inspection at the same moment, the
 * later one sees what the other stored. SQLite has one writer anyway.
 */
async function lockPlaces(trx: Db, digest: Digest): Promise<void> {
  if (kindOf(trx) === 'postgres')
    await sql`select pg_advisory_xact_lock(hashtextextended(${digest}, 0))`.execute(trx);
}

/** Notes where an image is, in the transaction that stored its manifest or its inventory, after that. */
export async function notePlaces(trx: Db, digest: Digest): Promise<void> {
  await lockPlaces(trx, digest);
  await trx
    .insertInto('image_places')
    .columns(['repository_id', 'image_id', 'manifest_id'])
    .expression((eb) =>
      eb
        .selectFrom('images')
        .innerJoin('manifests', 'manifests.digest', 'images.digest')
        .select(['manifests.repository_id', 'images.id as image_id', 'manifests.id as manifest_id'])
        .where('images.digest', '=', digest),
    )
    .onConflict((conflict) => conflict.columns(['repository_id', 'image_id']).doNothing())
    .execute();
}

/** Keys of the images that are in these repositories, the newest first. */
export async function imagesInRepositories(db: Db, repositoryIds: readonly number[]): Promise<number[]> {
  return collect(
    db,
    db.selectFrom('image_places').select('image_id').where('repository_id', 'in', idsIn(db, repositoryIds)),
  );
}

/** Keys of the newest images that are in a repository, whichever: those below `before`, at most `limit`. */
export async function imagesBefore(db: Db, before: number, limit: number): Promise<number[]> {
  return collect(
    db,
    db
      .selectFrom('image_places')
      .select('image_id')
      .distinct()
      .where('image_id', '<', before)
      .orderBy('image_id', 'desc')
      .limit(limit),
  );
}
