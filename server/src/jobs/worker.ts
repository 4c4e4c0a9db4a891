import type { Db } from '../db/schema.ts';
import { claimJobs, firstTurns, makeDueReady, type Claim } from './claim.ts';
import type { Job } from './job.ts';
import { completeJob, failJob, renewLeases, returnJob } from './settle.ts';
import { onWake } from './wake.ts';

/**
 * Does a job. It may run more than once (a crash after the work and before the note of it), so doing it twice must do no
 * harm. `signal` aborts where the lease was lost or the process stops: then what it returns counts for nothing.
 */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>;

export interface WorkerOptions {
  readonly db: Db;
  /** by kind; jobs of other kinds are left to other workers */
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** jobs at a time */
  readonly concurrency: number;
  readonly now: () => Date;
  /** told of what fails, and of troubles with the database itself (job undefined) */
  readonly onError: (error: unknown, job?: Job) => void;
  /** how long a job of a worker that crashed waits; 30 s if absent */
  readonly leaseMs?: number;
  /** how often to look for jobs of other processes and for what is due; 1 s if absent */
  readonly pollMs?: number;
}

export interface Worker {
  /** Takes no more jobs and waits for those that run, for `graceMs` at most; what is unfinished then is given back. */
  stop(graceMs: number): Promise<void>;
}

interface Running {
  readonly claim: Claim;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Starts to work on jobs: at once when this process asks for some, else at each poll. */
export function startWorker(options: WorkerOptions): Worker {
  const { db, handlers, concurrency, now, onError, leaseMs = 30_000, pollMs = 1000 } = options;
  const kinds = Object.keys(handlers);
  const running = new Map<string, Running>();
  const turns = firstTurns();
  let stopped = false;
  /** the look for jobs that is under way, and whether there is a reason for another */
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  async function run({ job, lease }: Claim, signal: AbortSignal): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      await handlers[job.kind]!(job, signal);
    } catch (error) {
      failure = { error };
    }
    if (signal.aborted) return;
    try {
      if (failure) {
        onError(failure.error, job);
        await failJob(db, { job, lease }, failure.error, now());
      } else {
        await completeJob(db, { job, lease }, now());
      }
    } catch (error) {
      // The lease ends by itself, and then the job runs again.
      onError(error, job);
    }
  }

  function begin(claim: Claim): void {
    const abort = new AbortController();
    const done = run(claim, abort.signal).finally(() => {
      running.delete(claim.lease);
      look();
    });
    running.set(claim.lease, { claim, abort, done });
  }

  async function takeJobs(): Promise<void> {
    lookAgain = false;
    const limit = concurrency - running.size;
    if (stopped || limit <= 0) return;
    for (const claim of await claimJobs(db, turns, { kinds, limit, leaseMs, now: now() })) begin(claim);
  }

  function look(): void {
    lookAgain = true;
    looking ??= takeJobs()
      .catch((error: unknown) => onError(error))
      .finally(() => {
        looking = undefined;
        if (lookAgain) look();
      });
  }

  async function renew(): Promise<void> {
    const claims = [...running.values()].map((one) => one.claim);
    const lost = await renewLeases(db, claims, new Date(now().getTime() + leaseMs));
    for (const { lease } of lost) running.get(lease)?.abort.abort(new Error('the lease was lost'));
  }

  const endWake = onWake(look);
  const poll = setInterval(() => {
    makeDueReady(db, now()).then(look, (error: unknown) => onError(error));
  }, pollMs);
  const heartbeat = setInterval(() => void renew().catch((error: unknown) => onError(error)), leaseMs / 3);
  look();

  return {
    async stop(graceMs) {
      stopped = true;
      endWake();
      clearInterval(poll);
      await looking;
      const grace = new AbortController();
      const timer = setTimeout(() => grace.abort(), graceMs);
      const expired = new Promise((resolve) => {
        grace.signal.addEventListener('abort', resolve);
      });
      await Promise.race([Promise.all([...running.values()].map((one) => one.done)), expired]);
      clearTimeout(timer);
      clearInterval(heartbeat);
      const unfinished = [...running.values()];
      for (const { abort } of unfinished) abort.abort(new Error('the process stops'));
      await Promise.all(unfinished.map(({ claim }) => returnJob(db, claim)));
    },
  };
}
