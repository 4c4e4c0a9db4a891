import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { dropChains } from './image-layers.ts';
import { removeRows, removeUnused } from './remove-unused.ts';

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
  await removeUnused(db, {
    table: 'images',
    unused: abandoned,
    async remove(trx, ids) {
      for (const id of ids) await dropChains(trx, id);
      const gone = await trx
        .deleteFrom('images')
        .where('id', 'in', idsIn(trx, ids))
        .returning('digest')
        .execute();
      forgotten.push(...gone.map((row) => row.digest as Digest));
    },
  });
  const noImage = sql`not exists (select 1 from image_groups where group_id = one.id)`;
  await removeUnused(db, {
    table: 'package_groups',
    unused: noImage,
    remove: removeRows('package_groups'),
  });
  // An image has all lists that its own begins with: one that no image has is the beginning of none.
  const noList = sql`not exists (select 1 from image_chains where chain_id = one.id)`;
  await removeUnused(db, { table: 'chains', unused: noList, remove: removeRows('chains') });
  return forgotten;
}
