import type { Db } from '../db/schema.ts';
import { afterCommit } from '../db/transaction.ts';
import { claimBatch, firstTurns, makeDueReady } from './claim.ts';
import type { Job } from './job.ts';
import { completeJobs, failJob, renewLeases, returnJob } from './settle.ts';
import { onWake } from './wake.ts';
import type { Worker } from './worker.ts';

/** Notes, in a transaction, that jobs are done: what was done for them and the note of it are durable together. */
export type Complete = (trx: Db, jobs: readonly Job[]) => Promise<void>;

/**
 * Does many jobs of one kind at once, and completes each. What it throws fails all that it did not complete; then each is tried
 * alone, so that one that cannot be done does not keep the others from being done.
 */
export type BatchHandler = (jobs: readonly Job[], complete: Complete, signal: AbortSignal) => Promise<void>;

export interface BatchWorkerOptions {
  readonly db: Db;
  readonly kind: string;
  readonly handler: BatchHandler;
  /** jobs at a time, at most */
  readonly size: number;
  readonly now: () => Date;
  /** told of what fails, and of troubles with the database itself (job undefined) */
  readonly onError: (error: unknown, job?: Job) => void;
  /** how long jobs of a worker that crashed wait; 30 s if absent */
  readonly leaseMs?: number;
  /** how often to look for jobs of other processes and for what is due; 1 s if absent */
  readonly pollMs?: number;
}

interface Batch {
  readonly lease: string;
  readonly jobs: readonly Job[];
}

/** Works on one batch after the other: at once when this process asks for jobs, else at each poll. */
export function startBatchWorker(options: BatchWorkerOptions): Worker {
  const { db, kind, handler, size, now, onError, leaseMs = 30_000, pollMs = 1000 } = options;
  const turns = firstTurns();
  const abort = new AbortController();
  /** no more jobs are taken */
  const stopping = new AbortController();
  let current: Batch | undefined;
  /** jobs of the current batch that are not settled yet */
  const open = new Map<number, Job>();
  let running: Promise<void> | undefined;
  let runAgain = false;

  const complete: Complete = async (trx, jobs) => {
    await completeJobs(trx, current!.lease, jobs, now());
    afterCommit(trx, () => {
      for (const { id } of jobs) open.delete(id);
    });
  };

  async function alone(job: Job): Promise<void> {
    try {
      await handler([job], complete, abort.signal);
    } catch (error) {
      onError(error, job);
      if (!abort.signal.aborted) await failJob(db, { job, lease: current!.lease }, error, now());
      open.delete(job.id);
    }
  }

  async function work(batch: Batch): Promise<void> {
    current = batch;
    open.clear();
    for (const job of batch.jobs) open.set(job.id, job);
    const renewing = setInterval(() => void renew(batch), leaseMs / 3);
    try {
      await handler(batch.jobs, complete, abort.signal);
    } catch (error) {
      onError(error);
      for (const job of open.values()) if (!abort.signal.aborted) await alone(job);
    } finally {
      clearInterval(renewing);
    }
  }

  async function renew({ lease, jobs }: Batch): Promise<void> {
    const until = new Date(now().getTime() + leaseMs);
    await renewLeases(db, [{ job: jobs[0]!, lease }], until).catch((error: unknown) => onError(error));
  }

  async function workAll(): Promise<void> {
    do {
      runAgain = false;
      while (!stopping.signal.aborted) {
        const batch = await claimBatch(db, turns, { kind, limit: size, leaseMs, now: now() });
        if (!batch) break;
        await work(batch);
      }
    } while (runAgain && !stopping.signal.aborted);
  }

  function look(): void {
    runAgain = true;
    running ??= workAll()
      .catch((error: unknown) => onError(error))
      .finally(() => {
        running = undefined;
        if (runAgain && !stopping.signal.aborted) look();
      });
  }

  const endWake = onWake(look);
  const poll = setInterval(() => {
    makeDueReady(db, now()).then(look, (error: unknown) => onError(error));
  }, pollMs);
  look();

  return {
    async stop(graceMs) {
      stopping.abort();
      endWake();
      clearInterval(poll);
      const expired = Promise.withResolvers<void>();
      const timer = setTimeout(expired.resolve, graceMs);
      await Promise.race([running, expired.promise]);
      clearTimeout(timer);
      if (!running) return;
      abort.abort(new Error('the process stops'));
      const lease = current?.lease;
      if (lease !== undefined)
        await Promise.all([...open.values()].map((job) => returnJob(db, { job, lease })));
    },
  };
}
