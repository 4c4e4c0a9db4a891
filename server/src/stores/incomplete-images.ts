import { sql } from 'kysely';
import { idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { collect } from './image-keys.ts';

/** Images that could not be read whole, and are asked one by one where they are, before those of some repositories are listed. */
const askedFirst = 4000;

/**
 * Images that could not be read whole, the newest first: they may have what is not known of them.
 * @param repositories keys of those that they are to be in; absent: whichever
 */
export async function incompleteImages(
  db: Db,
  limit: number,
  repositories?: readonly number[],
): Promise<number[]> {
  if (repositories === undefined) return newestIncomplete(db, limit);
  if (repositories.length === 0) return [];
  const first = await newestIncomplete(db, askedFirst);
  const seen = await inRepositories(db, first, repositories);
  if (seen.length >= limit || first.length < askedFirst) return seen.slice(0, limit);
  // Those of others are many: it takes less to look through what is in these repositories.
  const older = await collect(
    db,
    db
      .selectFrom('image_places')
      .select('image_id')
      .where('repository_id', 'in', idsIn(db, repositories))
      .where('image_id', '<', first.at(-1)!)
      .where(sql<number>`+image_id`, 'in', (eb) =>
        eb.selectFrom('images').select('id').where('complete', '=', 0),
      ),
  );
  return [...seen, ...older].slice(0, limit);
}

async function newestIncomplete(db: Db, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('images')
    .select('id')
    .where('complete', '=', 0)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Those of some images that are in one of the repositories, in the order given. */
async function inRepositories(
  db: Db,
  images: readonly number[],
  repositories: readonly number[],
): Promise<number[]> {
  if (images.length === 0) return [];
  const rows = await db
    .selectFrom('image_places')
    .select('image_id')
    .distinct()
    .where('image_id', 'in', idsIn(db, images))
    // The sign keeps the index from being asked for each repository of each image.
    .where(sql<number>`+repository_id`, 'in', idsIn(db, repositories))
    .execute();
  const found = new Set(rows.map((row) => row.image_id));
  return images.filter((id) => found.has(id));
}
