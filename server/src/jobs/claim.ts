import { randomUUID } from 'node:crypto';
import { idsIn, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import type { Job } from './job.ts';

/** A job and the proof that it is ours, for as long as the lease is renewed. */
export interface Claim {
  readonly job: Job;
  readonly lease: string;
}

/**
 * Whose turn it is. One per worker: evenly shared among the workers of one process, and of several on the average.
 */
export interface Turns {
  /** for each kind and priority the namespace served last */
  readonly namespaces: Map<string, string>;
  /** when each kind was served last, in turns */
  readonly kinds: Map<string, number>;
  count: number;
}

/** Turns of a worker that has served nobody yet. */
export function firstTurns(): Turns {
  return { namespaces: new Map(), kinds: new Map(), count: 0 };
}

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
 * Takes up to `limit` jobs: the highest priority first; among equals the kind that was not served for the longest time, of
 * that one job of each namespace in turn, of one namespace the oldest first. Each step looks up in an index by the kind,
 * so that jobs that wait for other workers cost nothing.
 */
export async function claimJobs(
  db: Db,
  turns: Turns,
  { kinds, limit, leaseMs, now }: ClaimOptions,
): Promise<Claim[]> {
  const waiting = await waitingKinds(db, kinds);
  if (waiting.length === 0) return [];
  return transact(db, async (trx) => {
    const claims: Claim[] = [];
    let left = waiting;
    while (claims.length < limit && left.length > 0) {
      const best = bestOf(left, turns);
      const id = await nextJob(trx, best, turns);
      if (id !== undefined) claims.push(await takeJob(trx, id, now.getTime() + leaseMs));
      else left = await withNextPriority(trx, left, best);
    }
    return claims;
  });
}

/** Namespaces that share one batch: all of them come into the next ones. */
const namespacesInBatch = 16;

/**
 * Takes up to `limit` jobs of one kind under one lease: those of the highest priority that waits, as many of each namespace as of
 * any other, of one namespace the oldest. Undefined: none waits.
 */
export async function claimBatch(
  db: Db,
  turns: Turns,
  { kind, limit, leaseMs, now }: Omit<ClaimOptions, 'kinds'> & { readonly kind: string },
): Promise<{ readonly lease: string; readonly jobs: readonly Job[] } | undefined> {
  const best = await highestPriority(db, kind, undefined);
  if (!best) return undefined;
  return transact(db, async (trx) => {
    const namespaces = await nextNamespaces(trx, best, turns);
    const share = Math.ceil(limit / Math.max(namespaces.length, 1));
    const ids: number[] = [];
    for (const namespace of namespaces) {
      const rows = await trx
        .selectFrom('jobs')
        .select('id')
        .where('state', '=', 'ready')
        .where('kind', '=', kind)
        .where('priority', '=', best.priority)
        .where('namespace', '=', namespace)
        .orderBy('id')
        .limit(Math.min(share, limit - ids.length))
        .$if(kindOf(trx) === 'postgres', (query) => query.forUpdate().skipLocked())
        .execute();
      for (const { id } of rows) ids.push(id);
    }
    if (ids.length === 0) return undefined;
    const lease = randomUUID();
    const rows = await taken(trx, lease, now.getTime() + leaseMs)
      .where('id', 'in', idsIn(trx, ids))
      .execute();
    return { lease, jobs: rows.map(jobOf) };
  });
}

/** Namespaces with jobs that wait, the one that was served last at the end. */
async function nextNamespaces(trx: Db, of: WaitingKind, turns: Turns): Promise<string[]> {
  const key = `${of.priority} ${of.kind}`;
  const last = turns.namespaces.get(key);
  const found: string[] = [];
  for (let after = last, wrapped = last === undefined; found.length < namespacesInBatch;) {
    const job = await firstOf(trx, of, after);
    if (job && !found.includes(job.namespace)) {
      found.push(job.namespace);
      after = job.namespace;
    } else if (job || wrapped) break;
    else [after, wrapped] = [undefined, true];
  }
  const end = found.at(-1);
  if (end !== undefined) turns.namespaces.set(key, end);
  return found;
}

/** Jobs of a kind that wait, and the highest of their priorities. */
interface WaitingKind {
  readonly kind: string;
  readonly priority: number;
}

async function waitingKinds(db: Db, kinds: readonly string[]): Promise<WaitingKind[]> {
  const found = await Promise.all(kinds.map((kind) => highestPriority(db, kind, undefined)));
  return found.flatMap((one) => one ?? []);
}

async function highestPriority(
  db: Db,
  kind: string,
  below: number | undefined,
): Promise<WaitingKind | undefined> {
  return db
    .selectFrom('jobs')
    .select(['kind', 'priority'])
    .where('state', '=', 'ready')
    .where('kind', '=', kind)
    .$if(below !== undefined, (query) => query.where('priority', '<', below!))
    .orderBy('priority', 'desc')
    .limit(1)
    .executeTakeFirst();
}

function bestOf(waiting: readonly WaitingKind[], turns: Turns): WaitingKind {
  const servedAt = ({ kind }: WaitingKind): number => turns.kinds.get(kind) ?? 0;
  return waiting.reduce((best, one) => {
    if (one.priority !== best.priority) return one.priority > best.priority ? one : best;
    return servedAt(one) < servedAt(best) ? one : best;
  });
}

/** No job of this kind and priority is left, or all of them are being taken by others: on with the next lower. */
async function withNextPriority(
  trx: Db,
  waiting: readonly WaitingKind[],
  done: WaitingKind,
): Promise<WaitingKind[]> {
  const lower = await highestPriority(trx, done.kind, done.priority);
  return [...waiting.filter((one) => one !== done), ...(lower ? [lower] : [])];
}

async function nextJob(trx: Db, of: WaitingKind, turns: Turns): Promise<number | undefined> {
  const key = `${of.priority} ${of.kind}`;
  const last = turns.namespaces.get(key);
  const next = last === undefined ? undefined : await firstOf(trx, of, last);
  const job = next ?? (await firstOf(trx, of, undefined));
  if (!job) {
    turns.namespaces.delete(key);
    return undefined;
  }
  turns.namespaces.set(key, job.namespace);
  turns.count += 1;
  turns.kinds.set(of.kind, turns.count);
  return job.id;
}

async function firstOf(
  trx: Db,
  { kind, priority }: WaitingKind,
  after: string | undefined,
): Promise<{ id: number; namespace: string } | undefined> {
  return trx
    .selectFrom('jobs')
    .select(['id', 'namespace'])
    .where('state', '=', 'ready')
    .where('kind', '=', kind)
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
  const row = await taken(trx, lease, leaseUntil).where('id', '=', id).executeTakeFirstOrThrow();
  return { job: jobOf(row), lease };
}

/** Takes jobs, which are still to be named. */
function taken(trx: Db, lease: string, leaseUntil: number) {
  return trx
    .updateTable('jobs')
    .set((eb) => ({
      state: 'running',
      lease,
      lease_until: leaseUntil,
      attempts: eb('attempts', '+', 1),
    }))
    .returning(['id', 'kind', 'key', 'namespace', 'payload', 'attempts', 'max_attempts']);
}

function jobOf({
  payload,
  attempts,
  max_attempts,
  ...rest
}: Awaited<ReturnType<ReturnType<typeof taken>['executeTakeFirstOrThrow']>>): Job {
  return { ...rest, payload: JSON.parse(payload), attempt: attempts, maxAttempts: max_attempts };
}
