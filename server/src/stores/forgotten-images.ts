import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql, type RawBuilder } from 'kysely';
import { idsIn, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { dropChains } from './image-layers.ts';

const batchSize = 200;

/**
 * Forgets what images contained that no repository has any more, and then the groups of packages and lists of layers that no
 * image has. Goes on beside pushes.
 * @param before images that were taken apart since are left alone
 * @returns digests of the images: one that was pushed again at the same moment is to be checked again
 */
export async function forgetImages(db: Db, before: Date): Promise<Digest[]> {
  const forgotten: Digest[] = [];
  const abandoned = sql`not exists (select 1 from manifests where manifests.digest = one.digest)
    and made_at < ${before.getTime()}`;
  await inBatches(db, 'images', abandoned, async (trx, ids) => {
    for (const id of ids) await dropChains(trx, id);
    const gone = await trx
      .deleteFrom('images')
      .where('id', 'in', idsIn(trx, ids))
      .returning('digest')
      .execute();
    forgotten.push(...gone.map((row) => row.digest as Digest));
  });
  const noImage = sql`not exists (select 1 from image_groups where group_id = one.id)`;
  await inBatches(db, 'package_groups', noImage, async (trx, ids) => {
    await trx.deleteFrom('package_groups').where('id', 'in', idsIn(trx, ids)).execute();
  });
  // An image has all lists that its own begins with: one that no image has is the beginning of none.
  const noList = sql`not exists (select 1 from image_chains where chain_id = one.id)`;
  await inBatches(db, 'chains', noList, async (trx, ids) => {
    await trx.deleteFrom('chains').where('id', 'in', idsIn(trx, ids)).execute();
  });
  return forgotten;
}

/**
 * Removes the rows of which `unused` is true, called `one` in it. They are found outside of a transaction, since that takes a
 * look at all of them, and looked at again once they are locked: whoever uses one meanwhile is seen, or waits.
 */
async function inBatches(
  db: Db,
  table: 'images' | 'package_groups' | 'chains',
  unused: RawBuilder<unknown>,
  remove: (trx: Db, ids: readonly number[]) => Promise<void>,
): Promise<void> {
  const rowsOf = (of: Db) =>
    of.selectFrom(sql<{ id: number }>`${sql.table(table)}`.as('one')).select('one.id');
  const rows = await rowsOf(db)
    .where(sql<boolean>`${unused}`)
    .execute();
  const found = rows.map((row) => row.id);
  for (let at = 0; at < found.length; at += batchSize) {
    const some = found.slice(at, at + batchSize);
    await transact(db, async (trx) => {
      const there = rowsOf(trx).where('one.id', 'in', idsIn(trx, some));
      if (kindOf(trx) === 'postgres') await there.forUpdate().execute();
      const still = await there.where(sql<boolean>`${unused}`).execute();
      if (still.length > 0)
        await remove(
          trx,
          still.map((row) => row.id),
        );
    });
  }
}
