import { randomUUID } from 'node:crypto';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import type { Job } from './job.ts';

/** A job and the proof that it is ours, for as long as the lease is renewed. */
export interface Claim {
  readonly job: Job;
  readonly lease: string;
}

/**
 * Whose turn it is: for each priority the namespace served last. One per worker: evenly shared among the workers of one
 * process, and of several on the average.
 */
export type Turns = Map<number, string>;

/** Makes ready what has waited long enough, and what was left behind by a worker that crashed. */
export async function makeDueReady(db: Db, now: Date): Promise<void> {
  const at = now.getTime();
  const due = await db
    .selectFrom('jobs')
    .select('id')
    .where((eb) =>
      eb.or([
        eb.and([eb('state', '=', 'delayed'), eb('run_after', '<=', at)]),
        eb.and([eb('state', '=', 'running'), eb('lease_until', '<=', at)]),
      ]),
    )
    .limit(1)
    .execute();
  if (due.length === 0) return;
  await transact(db, async (trx) => {
    await trx
      .updateTable('jobs')
      .set({ state: 'ready' })
      .where('state', '=', 'delayed')
      .where('run_after', '<=', at)
      .execute();
    await releaseCrashed(trx, at);
  });
}

/** A crash counts as an attempt: what kills its worker each time is dead in the end too. */
async function releaseCrashed(trx: Db, at: number): Promise<void> {
  const expired = trx.updateTable('jobs').where('state', '=', 'running').where('lease_until', '<=', at);
  const freed = { lease: null, lease_until: null };
  const error = 'the worker ended, or lost its connection, while it ran the job';
  await expired
    .set({ ...freed, state: 'dead', error, again: 0 })
    .whereRef('attempts', '>=', 'max_attempts')
    .where('again', '=', 0)
    .execute();
  await expired.set({ ...freed, state: 'ready', error, again: 0 }).execute();
}

/**
 * Frees all jobs that run: right at the start of the only process of a database, where nothing can be running.
 */
export async function releaseAllLeases(db: Db, now: Date): Promise<void> {
  const at = now.getTime();
  await db.updateTable('jobs').set({ lease_until: at }).where('state', '=', 'running').execute();
  await transact(db, (trx) => releaseCrashed(trx, at));
}

export interface ClaimOptions {
  /** kinds of jobs to take */
  readonly kinds: readonly string[];
  readonly limit: number;
  readonly leaseMs: number;
  readonly now: Date;
}

/**
 * Takes up to `limit` jobs: the highest priority first, among equals one of each namespace in turn, of one namespace the
 * oldest first.
 */
export async function claimJobs(
  db: Db,
  turns: Turns,
  { kinds, limit, leaseMs, now }: ClaimOptions,
): Promise<Claim[]> {
  if ((await highestPriority(db, kinds, undefined)) === undefined) return [];
  return transact(db, async (trx) => {
    const claims: Claim[] = [];
    while (claims.length < limit) {
      const id = await nextJob(trx, kinds, turns);
      if (id === undefined) break;
      claims.push(await takeJob(trx, id, now.getTime() + leaseMs));
    }
    return claims;
  });
}

async function nextJob(trx: Db, kinds: readonly string[], turns: Turns): Promise<number | undefined> {
  let below: number | undefined;
  for (;;) {
    const priority = await highestPriority(trx, kinds, below);
    if (priority === undefined) return undefined;
    const job =
      (await firstOf(trx, kinds, priority, turns.get(priority))) ??
      (await firstOf(trx, kinds, priority, undefined));
    if (job) {
      turns.set(priority, job.namespace);
      return job.id;
    }
    // All of this priority are being taken by other workers.
    below = priority;
  }
}

async function highestPriority(
  db: Db,
  kinds: readonly string[],
  below: number | undefined,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('jobs')
    .select('priority')
    .where('state', '=', 'ready')
    .where('kind', 'in', kinds)
    .$if(below !== undefined, (query) => query.where('priority', '<', below!))
    .orderBy('priority', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.priority;
}

async function firstOf(
  trx: Db,
  kinds: readonly string[],
  priority: number,
  after: string | undefined,
): Promise<{ id: number; namespace: string } | undefined> {
  return trx
    .selectFrom('jobs')
    .select(['id', 'namespace'])
    .where('state', '=', 'ready')
    .where('kind', 'in', kinds)
    .where('priority', '=', priority)
    .$if(after !== undefined, (query) => query.where('namespace', '>', after!))
    .orderBy('namespace')
    .orderBy('id')
    .limit(1)
    .$if(kindOf(trx) === 'postgres', (query) => query.forUpdate().skipLocked())
    .executeTakeFirst();
}

async function takeJob(trx: Db, id: number, leaseUntil: number): Promise<Claim> {
  const lease = randomUUID();
  const row = await trx
    .updateTable('jobs')
    .set((eb) => ({
      state: 'running',
      lease,
      lease_until: leaseUntil,
      attempts: eb('attempts', '+', 1),
    }))
    .where('id', '=', id)
    .returning(['id', 'kind', 'key', 'namespace', 'payload', 'attempts', 'max_attempts'])
    .executeTakeFirstOrThrow();
  const { payload, attempts, max_attempts, ...rest } = row;
  return {
    job: { ...rest, payload: JSON.parse(payload), attempt: attempts, maxAttempts: max_attempts },
    lease,
  };
}
