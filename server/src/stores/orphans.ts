import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { ExpressionBuilder } from 'kysely';
import type { Db, Schema } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';

const batchSize = 500;

/**
 * Forgets where blobs lie that no repository has had since `before`: their bytes become orphans. A blob that somebody links
 * at the same moment is kept: linking locks the row, or takes the mark away.
 * @returns how many
 */
export async function forgetUnlinkedBlobs(db: Db, before: Date): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const count = await transact(db, async (trx) => {
      const rows = await trx
        .selectFrom('blobs')
        .select('digest')
        .where('unlinked_at', '<', before.getTime())
        .where(isUnlinked)
        .limit(batchSize)
        .execute();
      if (rows.length === 0) return 0;
      const gone = await trx
        .deleteFrom('blobs')
        .where(
          'digest',
          'in',
          rows.map((row) => row.digest),
        )
        .where('unlinked_at', '<', before.getTime())
        .where(isUnlinked)
        .executeTakeFirstOrThrow();
      return Number(gone.numDeletedRows);
    });
    forgotten += count;
    if (count === 0) return forgotten;
  }
}

/** No repository has the blob of the row. */
function isUnlinked(eb: ExpressionBuilder<Schema, 'blobs'>) {
  const links = eb
    .selectFrom('repository_blobs')
    .select('repository_blobs.digest')
    .whereRef('repository_blobs.digest', '=', 'blobs.digest');
  return eb.not(eb.exists(links));
}

/**
 * Removes stored bytes whose location the catalog does not know: what a crash or a second push of the same blob left, and
 * what was forgotten. Goes on beside pushes: bytes younger than `before` may still be linked and are left alone, and once
 * unknown for that long a location never becomes known again.
 * @param before a few hours ago: longer than any push waits between storing bytes and linking them
 * @returns how many
 */
export async function removeOrphans(db: Db, store: BlobStore, before: Date): Promise<number> {
  let removed = 0;
  let batch: string[] = [];
  const removeUnknown = async (): Promise<void> => {
    const rows = await db.selectFrom('blobs').select('location').where('location', 'in', batch).execute();
    const known = new Set(rows.map((row) => row.location));
    for (const location of batch) {
      if (known.has(location)) continue;
      await store.remove(location);
      removed += 1;
    }
    batch = [];
  };
  for await (const { location, storedAt } of store.locations()) {
    if (storedAt >= before) continue;
    batch.push(location);
    if (batch.length === batchSize) await removeUnknown();
  }
  if (batch.length > 0) await removeUnknown();
  return removed;
}
