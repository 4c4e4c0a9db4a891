import { sql, type RawBuilder } from 'kysely';
import { idsIn, kindOf } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';

const batchSize = 200;

/** How rows that nothing uses are told, and kept from being used while they are removed. */
export interface Unused {
  readonly table: keyof Schema;
  /** what is true of a row that is not used; it is called `one` there */
  readonly unused: RawBuilder<unknown>;
  /**
   * Waits on PostgreSQL for those who may be about to use some of these rows, and keeps others from it; left out: the rows themselves
   * are locked. SQLite has one writer anyway.
   */
  readonly lock?: (trx: Db) => Promise<void>;
  readonly remove: (trx: Db, ids: readonly number[]) => Promise<void>;
}

/**
 * Removes rows that nothing uses. They are found outside of a transaction, since that takes a look at all of them, and looked at again
 * once they are locked: whoever uses one meanwhile is seen, or waits.
 */
export async function removeUnused(db: Db, { table, unused, lock, remove }: Unused): Promise<void> {
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
      if (kindOf(trx) === 'postgres') await (lock ? lock(trx) : there.forUpdate().execute());
      const still = await there.where(sql<boolean>`${unused}`).execute();
      if (still.length > 0)
        await remove(
          trx,
          still.map((row) => row.id),
        );
    });
  }
}

/** Removes rows by their keys. */
export function removeRows(table: 'package_groups' | 'chains'): Unused['remove'] {
  return async (trx, ids) => {
    await trx.deleteFrom(table).where('id', 'in', idsIn(trx, ids)).execute();
  };
}
