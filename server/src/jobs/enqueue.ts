import { sql } from 'kysely';
import { chunks, rowsTable } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { afterCommit } from '../db/transaction.ts';
import type { JobRequest } from './job.ts';
import { wakeWorkers } from './wake.ts';

const defaultAttempts = 8;

/** News may ask for the jobs of all images there are: few statements of some megabytes. */
const rowsAtOnce = 5000;

const columns = {
  kind: 'text',
  key: 'text',
  namespace: 'text',
  payload: 'text',
  priority: 'integer',
  state: 'text',
  run_after: 'integer',
  attempts: 'integer',
  max_attempts: 'integer',
  again: 'integer',
  enqueued_at: 'integer',
} as const;

/**
 * Asks for jobs in the transaction that causes them: they are there if, and only if, what caused them is. Workers of this
 * process wake when it is durable.
 */
export async function enqueue(trx: Db, jobs: readonly JobRequest[], now: Date): Promise<void> {
  if (jobs.length === 0) return;
  // One of each key, the later one; always in one order, so that two transactions do not wait for each other crosswise.
  const byKey = new Map(jobs.map((job) => [JSON.stringify([job.kind, job.key]), job]));
  const rows = [...byKey]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, job]) => rowOf(job, now));
  const names = Object.keys(columns) as Array<keyof typeof columns>;
  for (const part of chunks(rows, rowsAtOnce)) {
    const values = part.map((row) => names.map((name) => row[name]));
    await trx
      .insertInto('jobs')
      .columns(names)
      .expression(
        trx
          .selectFrom(rowsTable(trx, columns, values).as('wanted'))
          .select(names)
          // without a condition SQLite would take what follows for that of a join
          .where(sql<boolean>`true`)
          .orderBy('wanted.n'),
      )
      .onConflict((conflict) =>
        conflict.columns(['kind', 'key']).doUpdateSet((eb) => {
          const isRunning = eb('jobs.state', '=', 'running');
          const isDead = eb('jobs.state', '=', 'dead');
          // Whichever is sooner; a job that backs off after a failure is tried at once, for what it works on has changed.
          const isSooner = eb('excluded.run_after', '<', eb.ref('jobs.run_after'));
          const renew = eb.or([isDead, isSooner]);
          return {
            payload: eb.ref('excluded.payload'),
            again: eb.case().when(isRunning).then(1).else(0).end(),
            priority: eb
              .case()
              .when(eb('excluded.priority', '>', eb.ref('jobs.priority')))
              .then(eb.ref('excluded.priority'))
              .else(eb.ref('jobs.priority'))
              .end(),
            state: eb
              .case()
              .when(isRunning)
              .then(eb.ref('jobs.state'))
              .when(renew)
              .then(eb.ref('excluded.state'))
              .else(eb.ref('jobs.state'))
              .end(),
            run_after: eb
              .case()
              .when(renew)
              .then(eb.ref('excluded.run_after'))
              .else(eb.ref('jobs.run_after'))
              .end(),
            attempts: eb.case().when(isDead).then(0).else(eb.ref('jobs.attempts')).end(),
            max_attempts: eb.ref('excluded.max_attempts'),
          };
        }),
      )
      .execute();
  }
  afterCommit(trx, wakeWorkers);
}

function rowOf(job: JobRequest, now: Date) {
  const at = now.getTime();
  const runAfter = job.runAfter?.getTime() ?? at;
  return {
    kind: job.kind,
    key: job.key,
    namespace: job.namespace,
    payload: JSON.stringify(job.payload ?? null),
    priority: job.priority ?? 0,
    state: runAfter > at ? ('delayed' as const) : ('ready' as const),
    run_after: runAfter,
    attempts: 0,
    max_attempts: job.maxAttempts ?? defaultAttempts,
    again: 0,
    enqueued_at: at,
  };
}
