import type { LoadedConfig } from '../config/load.ts';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { startWorker, type JobHandler } from '../jobs/worker.ts';
import { expiredVerdicts } from '../stores/verdicts.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { manifestsAfter } from '../stores/repositories.ts';
import { removeOrphans } from '../stores/orphans.ts';
import { jobFor, placeOfJob } from './image-jobs.ts';
import { checkImage } from './image-path.ts';
import { judgeImage } from './judge.ts';
import type { PipelineParts } from './parts.ts';
import { verifySignatures } from './verify.ts';

/** Work that goes on while the server serves. */
export interface Work {
  /** Has every image judged again by the policy that is in force now. */
  policyChanged(): Promise<void>;
  stop(): Promise<void>;
}

const minute = 60_000;
const hour = 60 * minute;

/** Jobs under way may take this long to end when the server stops; then they are given back and begin anew. */
const graceMs = 5000;

/** Images that one step of a sweep over all of them asks work for. */
const sweepSize = 500;

/** Key of the setting that says which policy the verdicts were asked for by. */
const judgedBy = 'judged-by';

/** Starts the workers, and what is done from time to time. */
export async function startWork(parts: PipelineParts, config: LoadedConfig): Promise<Work> {
  const { db, log, now } = parts;
  const handlers: Record<string, JobHandler> = {
    check: (job, signal) => checkImage(parts, placeOfJob(job), signal),
    verify: async (job) => {
      await verifySignatures(parts, placeOfJob(job));
      await judgeImage(parts, placeOfJob(job));
    },
    judge: async (job) => {
      await judgeImage(parts, placeOfJob(job));
    },
    'judge-all': (job) => sweep(parts, job.payload),
  };
  const worker = startWorker({
    db,
    handlers,
    // Inspection waits for its own process: more jobs than processes keep verdicts going meanwhile.
    concurrency: config.inspection.concurrency + 2,
    now,
    onError: (error, job) => log.warn({ err: error, job: job && `${job.kind} ${job.key}` }, 'a job failed'),
  });

  async function policyChanged(): Promise<void> {
    const { digest } = parts.policy();
    if ((await getSetting(db, judgedBy)) === digest) return;
    await transact(db, async (trx) => {
      await putSetting(trx, judgedBy, digest);
      await enqueue(trx, [{ kind: 'judge-all', key: 'all', namespace: '', payload: 0 }], now());
    });
  }

  const timers = [
    repeat(minute, 'judging what time has changed', () => judgeExpired(parts)),
    repeat(10 * minute, 'sweeping uploads', async () => {
      await parts.storage.sweepUploads(new Date(now().getTime() - config.registry.uploadExpiry));
    }),
    repeat(hour, 'removing bytes that nothing refers to', async () => {
      await removeOrphans(db, parts.storage, new Date(now().getTime() - 24 * hour));
    }),
  ];

  /** Does something from time to time, never twice at once; what fails is tried at the next turn. */
  function repeat(every: number, what: string, work: () => Promise<void>): NodeJS.Timeout {
    let running = false;
    return setInterval(() => {
      if (running) return;
      running = true;
      work()
        .catch((error: unknown) => log.error({ err: error }, `${what} failed`))
        .finally(() => (running = false));
    }, every).unref();
  }

  await policyChanged();
  return {
    policyChanged,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await worker.stop(graceMs);
    },
  };
}

/** One step over all manifests: asks for their verdicts and for the next step, in one transaction. */
async function sweep({ db, now }: PipelineParts, from: unknown): Promise<void> {
  const places = await manifestsAfter(db, typeof from === 'number' ? from : 0, sweepSize);
  const last = places.at(-1);
  if (!last) return;
  await transact(db, async (trx) => {
    const next = { kind: 'judge-all', key: 'all', namespace: '', payload: last.id };
    await enqueue(trx, [...places.map((place) => jobFor('judge', place)), next], now());
  });
}

async function judgeExpired(parts: PipelineParts): Promise<void> {
  const places = await expiredVerdicts(parts.db, parts.now(), sweepSize);
  await transact(parts.db, (trx) =>
    enqueue(
      trx,
      places.map((place) => jobFor('judge', place)),
      parts.now(),
    ),
  );
}
