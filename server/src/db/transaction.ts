import { setTimeout as pause } from 'node:timers/promises';
import { explain, isConflict } from './failures.ts';
import type { Db } from './schema.ts';

const tries = 5;
/** Milliseconds before the second try, longer before each further one: the other transaction is to end first. */
const firstPause = 10;

/** What is to be done once the transaction is durable. */
const afterwards = new WeakMap<Db, Array<() => void>>();

/**
 * Runs `work` in one transaction, durable when the promise resolves. PostgreSQL ends one of two transactions that wait
 * for each other: that one is tried again after a moment, so `work` must do nothing but database work; what is to
 * follow in memory goes through `afterCommit`. Keep it short: on SQLite no other write goes on meanwhile. Given a
 * transaction, joins it.
 *
 * @throws WharfingerError STORAGE_FULL; what `work` throws rolls everything back
 */
export async function transact<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  for (let attempt = 1; ; attempt += 1) {
    const actions: Array<() => void> = [];
    try {
      const result = await db.transaction().execute(async (trx) => {
        afterwards.set(trx, actions);
        return work(trx);
      });
      for (const action of actions) action();
      return result;
    } catch (error) {
      if (attempt === tries || !isConflict(error)) throw explain(error);
      await pause(firstPause * attempt);
    }
  }
}

/** Runs `action` when the transaction is durable, at once outside of a transaction, never where it is rolled back. */
export function afterCommit(db: Db, action: () => void): void {
  if (!db.isTransaction) action();
  else afterwards.get(db)?.push(action);
}
