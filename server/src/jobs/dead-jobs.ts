import type { Db } from '../db/schema.ts';
import { afterCommit } from '../db/transaction.ts';
import type { DeadJob, JobCount } from './job.ts';
import { wakeWorkers } from './wake.ts';

const told = ['id', 'kind', 'key', 'namespace', 'attempts', 'enqueued_at', 'error'] as const;

/** Dead jobs, the oldest first. */
export async function listDeadJobs(
  db: Db,
  { after = 0, limit }: { readonly after?: number; readonly limit: number },
): Promise<DeadJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(told)
    .where('state', '=', 'dead')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ enqueued_at: asked, error, ...row }) => ({
    ...row,
    asked: new Date(asked),
    error: error ?? '',
  }));
}

/** The dead ones of these kinds that have this key. */
export async function deadJobsOf(
  db: Db,
  kinds: readonly string[],
  key: string,
): Promise<ReadonlyArray<Pick<DeadJob, 'id' | 'kind' | 'attempts'>>> {
  return db
    .selectFrom('jobs')
    .select(['id', 'kind', 'attempts'])
    .where('kind', 'in', kinds)
    .where('key', '=', key)
    .where('state', '=', 'dead')
    .orderBy('id')
    .execute();
}

/**
 * Tries dead jobs again, from the first attempt on.
 *
 * @param id of one; absent: all
 * @returns how many there were: none where it is not dead, or is no more
 */
export async function retryDeadJobs(trx: Db, id: number | undefined, now: Date): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable('jobs')
    .set({ state: 'ready', attempts: 0, run_after: now.getTime() })
    .where('state', '=', 'dead')
    .$if(id !== undefined, (query) => query.where('id', '=', id!))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) afterCommit(trx, wakeWorkers);
  return Number(numUpdatedRows);
}

/** How many jobs there are, by kind and state: those that are done are gone. */
export async function countJobs(db: Db): Promise<JobCount[]> {
  return db
    .selectFrom('jobs')
    .select((eb) => ['kind', 'state', eb.fn.countAll<number>().as('count')])
    .groupBy(['kind', 'state'])
    .orderBy('kind')
    .orderBy('state')
    .execute();
}
