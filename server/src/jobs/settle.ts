import { idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { afterCommit, transact } from '../db/transaction.ts';
import type { Claim } from './claim.ts';
import type { Job } from './job.ts';
import { wakeWorkers } from './wake.ts';

const firstBackoffMs = 1000;
const longestBackoffMs = 3_600_000;
const longestError = 4000;

/** How long to wait after this many failures: 1 s, doubled each time, an hour at most. */
export function backoffMs(attempts: number): number {
  return Math.min(firstBackoffMs * 2 ** (attempts - 1), longestBackoffMs);
}

/** Renews leases; returns those of `claims` that were lost: another worker may run the job by now. */
export async function renewLeases(db: Db, claims: readonly Claim[], until: Date): Promise<Claim[]> {
  if (claims.length === 0) return [];
  const kept = await db
    .updateTable('jobs')
    .set({ lease_until: until.getTime() })
    .where('state', '=', 'running')
    .where(
      'lease',
      'in',
      claims.map((claim) => claim.lease),
    )
    .returning('lease')
    .execute();
  const leases = new Set(kept.map((row) => row.lease));
  return claims.filter((claim) => !leases.has(claim.lease));
}

/** The job is done: it goes, or is ready again where it was asked for meanwhile. Does nothing if the lease was lost. */
export async function completeJob(db: Db, { job, lease }: Claim, now: Date): Promise<void> {
  const again = await transact(db, async (trx) => {
    const done = await trx
      .deleteFrom('jobs')
      .where('id', '=', job.id)
      .where('lease', '=', lease)
      .where('again', '=', 0)
      .executeTakeFirstOrThrow();
    if (done.numDeletedRows > 0n) return false;
    const renewed = await trx
      .updateTable('jobs')
      .set({ state: 'ready', again: 0, attempts: 0, run_after: now.getTime(), error: null, ...free })
      .where('id', '=', job.id)
      .where('lease', '=', lease)
      .executeTakeFirstOrThrow();
    return renewed.numUpdatedRows > 0n;
  });
  if (again) wakeWorkers();
}

const free = { lease: null, lease_until: null };

/**
 * The job has failed: it is tried again later, or is dead if it failed too often. Asked for meanwhile it is tried at once,
 * from the first attempt on. Does nothing if the lease was lost.
 */
export async function failJob(db: Db, { job, lease }: Claim, failure: unknown, now: Date): Promise<void> {
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  const error = text.slice(0, longestError);
  const isDead = job.attempt >= job.maxAttempts;
  const runAfter = now.getTime() + backoffMs(job.attempt);
  const again = await transact(db, async (trx) => {
    const mine = trx.updateTable('jobs').where('id', '=', job.id).where('lease', '=', lease);
    const fresh = { state: 'ready' as const, again: 0, attempts: 0, run_after: now.getTime(), error };
    const renewed = await mine
      .set({ ...fresh, ...free })
      .where('again', '=', 1)
      .executeTakeFirstOrThrow();
    if (renewed.numUpdatedRows > 0n) return true;
    await mine.set({ state: isDead ? 'dead' : 'delayed', run_after: runAfter, error, ...free }).execute();
    return false;
  });
  if (again) wakeWorkers();
}

/** Jobs of one claim are done: the same for many, in the transaction that does what they ask for. */
export async function completeJobs(
  trx: Db,
  lease: string,
  jobs: ReadonlyArray<Pick<Job, 'id'>>,
  now: Date,
): Promise<void> {
  const ids = jobs.map(({ id }) => id);
  await trx
    .deleteFrom('jobs')
    .where('id', 'in', idsIn(trx, ids))
    .where('lease', '=', lease)
    .where('again', '=', 0)
    .execute();
  const renewed = await trx
    .updateTable('jobs')
    .set({ state: 'ready', again: 0, attempts: 0, run_after: now.getTime(), error: null, ...free })
    .where('id', 'in', idsIn(trx, ids))
    .where('lease', '=', lease)
    .executeTakeFirstOrThrow();
  if (renewed.numUpdatedRows > 0n) afterCommit(trx, wakeWorkers);
}

/** Gives a job back that was not finished, without counting the attempt: the process stops. */
export async function returnJob(db: Db, { job, lease }: Claim): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ state: 'ready', attempts: job.attempt - 1, again: 0, ...free })
    .where('id', '=', job.id)
    .where('lease', '=', lease)
    .execute();
}
