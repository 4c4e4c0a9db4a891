import type { Db } from '../db/schema.ts';
import { afterCommit } from '../db/transaction.ts';
import { growingCache } from '../memory/growing-cache.ts';

/** Keys of repositories by name. A repository stays for ever, so a key that was durable once is remembered. */
export interface RepositoryIds {
  /** undefined: there is no repository of this name */
  find(db: Db, name: string): Promise<number | undefined>;
  /** Makes the repository if it is new. */
  ensure(trx: Db, name: string, at: Date): Promise<number>;
}

const remembered = 100_000;

export function rememberRepositoryIds(): RepositoryIds {
  const known = growingCache<string, number>(remembered);

  const ids: RepositoryIds = {
    async find(db, name) {
      const id = known.get(name);
      if (id !== undefined) return id;
      const row = await db
        .selectFrom('repositories')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirst();
      // Inside a transaction the row may have been made by another of its group, or by itself.
      if (row) afterCommit(db, () => known.set(name, row.id));
      return row?.id;
    },

    async ensure(trx, name, at) {
      // On PostgreSQL a row of another transaction is waited for by the insert, and seen by the next select.
      for (;;) {
        const id = await ids.find(trx, name);
        if (id !== undefined) return id;
        const made = await trx
          .insertInto('repositories')
          .values({ name, created_at: at.getTime() })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returning('id')
          .executeTakeFirst();
        if (made) return made.id;
      }
    },
  };
  return ids;
}
