import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { Chore } from '../jobs/chores.ts';
import type { JobHandler } from '../jobs/worker.ts';
import { expiredVerdicts } from '../stores/verdicts.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { manifestsAfter } from '../stores/repositories.ts';
import { removeOrphans } from '../stores/orphans.ts';
import { jobFor, placeOfJob } from './image-jobs.ts';
import { checkImage } from './image-path.ts';
import { judgeImage } from './judge.ts';
import type { PipelineParts } from './parts.ts';
import { verifySignatures } from './verify.ts';

/** Work that goes on while the server serves: what its workers do, and what is done from time to time. */
export interface Work {
  /** taking images apart: as many at a time as is configured */
  readonly inspecting: Readonly<Record<string, JobHandler>>;
  /** everything that is quick: it never waits behind inspection */
  readonly judging: Readonly<Record<string, JobHandler>>;
  readonly chores: readonly Chore[];
  /** Has every image judged again, if the policy in force is another one than they were judged by. */
  readonly policyChanged: () => Promise<void>;
}

const minute = 60_000;
const hour = 60 * minute;

/** Images that one step of a sweep over all of them asks work for. */
const sweepSize = 500;

/** Key of the setting that says which policy the verdicts were asked for by. */
const judgedBy = 'judged-by';

/** Says what there is to do. */
export function describeWork(parts: PipelineParts, uploadExpiryMs: number): Work {
  const { db, storage, now } = parts;
  const before = (ms: number): Date => new Date(now().getTime() - ms);
  return {
    inspecting: { check: (job, signal) => checkImage(parts, placeOfJob(job), signal) },
    judging: {
      verify: async (job) => {
        await verifySignatures(parts, placeOfJob(job));
        await judgeImage(parts, placeOfJob(job));
      },
      judge: async (job) => {
        await judgeImage(parts, placeOfJob(job));
      },
      'judge-all': (job) => sweep(parts, job.payload),
    },
    chores: [
      { what: 'judging what time has changed', everyMs: minute, work: () => judgeExpired(parts) },
      {
        what: 'sweeping uploads',
        everyMs: 10 * minute,
        work: async () => {
          await storage.sweepUploads(before(uploadExpiryMs));
        },
      },
      {
        what: 'removing bytes that nothing refers to',
        everyMs: hour,
        work: async () => {
          await removeOrphans(db, storage, before(24 * hour));
        },
      },
    ],
    async policyChanged() {
      const { digest } = parts.policy();
      if ((await getSetting(db, judgedBy)) === digest) return;
      await transact(db, async (trx) => {
        await putSetting(trx, judgedBy, digest);
        await enqueue(trx, [{ kind: 'judge-all', key: 'all', namespace: '', payload: 0 }], now());
      });
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
