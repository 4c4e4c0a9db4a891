import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { enqueueInPlace } from '../jobs/enqueue-in-place.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { Chore } from '../jobs/chores.ts';
import type { BatchHandler, Complete } from '../jobs/batch-worker.ts';
import type { Job, JobRequest } from '../jobs/job.ts';
import type { JobHandler } from '../jobs/worker.ts';
import { expiredVerdicts, placesWithoutVerdict } from '../stores/verdicts.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { manifestsAfter, placesOf, type Placed } from '../stores/repositories.ts';
import { forgetScans } from '../stores/scans.ts';
import { forgetImages } from '../stores/forgotten-images.ts';
import { forgetPackages } from '../stores/forgotten-packages.ts';
import { forgetLayers, layersToIndex } from '../stores/file-index/segments.ts';
import { forgetUnlinkedBlobs, removeOrphans } from '../stores/orphans.ts';
import { indexFiles, indexFilesJob, indexFilesRequest } from './index-files.ts';
import { anotherScannerJob, followAnotherScanner } from './another-scanner.ts';
import { renewSummary, summariseJob } from './chain-summary.ts';
import { checkAgain, checkAgainJob } from './check-again.ts';
import { imagesOfJobs, jobFor, judgeImagesJob, placeOfJob } from './image-jobs.ts';
import { checkImage } from './image-path.ts';
import { judgeImages, placeText, type Judged } from './judge-images.ts';
import { judgeImage } from './judge.ts';
import { createOneAtATime } from './one-at-a-time.ts';
import type { PipelineParts } from './parts.ts';
import { askForAllProbes, askForProbes, probeAll, probeAllJob, probeJob, runProbes } from './probe.ts';
import { followPromotions, promoteJob, sweepPromotions } from './promote.ts';
import { askForScans, scanAll, scanAllJob, scanImage, scanJob } from './scan.ts';
import { scanChores } from './scan-chores.ts';
import { verifySignatures } from './verify.ts';

/** Work that goes on while the server serves: what its workers do, and what is done from time to time. */
export interface Work {
  /** taking images apart: as many at a time as is configured */
  readonly inspecting: Readonly<Record<string, JobHandler>>;
  /** running probes: as many at a time as is configured */
  readonly probing: Readonly<Record<string, JobHandler>>;
  /** asking scanners: as many at a time as is configured */
  readonly scanning: Readonly<Record<string, JobHandler>>;
  /** everything that is quick: it never waits behind inspection */
  readonly quick: Readonly<Record<string, JobHandler>>;
  /** judging again what news has changed: many images at once */
  readonly judging: { readonly kind: string; readonly handler: BatchHandler };
  /** the same for jobs of which each is about many images */
  readonly judgingMany: { readonly kind: string; readonly handler: BatchHandler };
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
  const oneAtATime = createOneAtATime();
  return {
    inspecting: {
      async check(job, signal) {
        await checkImage(parts, placeOfJob(job), signal);
        await askForIndex(parts);
        await askForProbes(parts, placeOfJob(job));
        await askForScans(parts, placeOfJob(job));
        await followPromotions(db, [placeOfJob(job)], now());
      },
    },
    scanning: { [scanJob]: (job, signal) => scanImage(parts, job, signal) },
    probing: {
      [probeJob]: (job, signal) => runProbes(parts, placeOfJob(job), signal),
    },
    quick: {
      async verify(job) {
        await verifySignatures(parts, placeOfJob(job));
        await judgeImage(parts, placeOfJob(job));
        await askForProbes(parts, placeOfJob(job));
        await followPromotions(db, [placeOfJob(job)], now());
      },
      [probeAllJob]: (job) => probeAll(parts, job),
      [scanAllJob]: (job) => scanAll(parts, job),
      [anotherScannerJob]: (job) => followAnotherScanner(parts, job),
      [summariseJob]: (job) => renewSummary(parts, placeOfJob(job)),
      'judge-all': (job) => sweep(parts, job),
      [checkAgainJob]: (job) => checkAgain(parts, job),
      [indexFilesJob]: (_job, signal) => indexFiles(db, parts.layerFiles, signal),
      promote: (job) => promoteJob(parts, job),
    },
    judging: { kind: 'judge', handler: (jobs, complete) => judgeJobs(parts, jobs, complete) },
    judgingMany: { kind: judgeImagesJob, handler: (jobs, complete) => judgeMany(parts, jobs, complete) },
    chores: [
      { what: 'judging what time has changed', everyMs: minute, work: () => judgeExpired(parts) },
      { what: 'looking at what waits for promotion', everyMs: minute, work: () => sweepPromotions(parts) },
      {
        what: 'renewing the judgement before it expires',
        everyMs: hour,
        work: async () => {
          await parts.editions.current();
        },
      },
      {
        what: 'looking for layers whose files are not found yet',
        everyMs: minute,
        work: () => askForIndex(parts),
      },
      ...scanChores(parts),
      { what: 'looking for probes that were not run', everyMs: hour, work: () => askForAllProbes(parts) },
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
          await forgetUnlinkedBlobs(db, before(24 * hour));
          await removeOrphans(db, storage, before(24 * hour));
        },
      },
      {
        what: 'forgetting images that no repository has',
        everyMs: hour,
        work: async () => {
          await forgetUnused(parts, before(24 * hour));
          await forgetPackages(db);
          await forgetLayers(db, before(24 * hour));
          await forgetScans(db, before(24 * hour));
        },
      },
    ],
    policyChanged: () =>
      // one after the other: what an earlier change notes must not come after what a later one has found
      oneAtATime(judgedBy, async () => {
        const { digest } = parts.policy();
        if ((await getSetting(db, judgedBy)) === digest) return;
        const at = now();
        await transact(db, async (trx) => {
          await putSetting(trx, judgedBy, digest);
          await enqueueInPlace(trx, sweepFrom(`${digest} ${at.getTime()}`, 0), at);
        });
      }),
  };
}

async function askForIndex({ db, now }: PipelineParts): Promise<void> {
  if ((await layersToIndex(db, 1)).length === 0) return;
  await transact(db, (trx) => enqueue(trx, [indexFilesRequest], now()));
}

/** Judges the images of jobs together. Each job is done in the transaction that keeps the verdict that it asks for. */
async function judgeJobs(parts: PipelineParts, jobs: readonly Job[], complete: Complete): Promise<void> {
  const byPlace = new Map(jobs.map((job) => [placeText(placeOfJob(job)), job]));
  const done = async (trx: Db, places: readonly Placed[]): Promise<void> => {
    await followPromotions(trx, places, parts.now());
    await complete(
      trx,
      places.map((place) => byPlace.get(placeText(place))!),
    );
  };
  const { overtaken, failures } = await judgeAgain(parts, jobs.map(placeOfJob), done);
  for (const place of overtaken) {
    await judgeImage(parts, place);
    await transact(parts.db, (trx) => done(trx, [place]));
  }
  const [failure] = failures;
  if (failure) throw failure.error;
}

/**
 * Judges all images of jobs that are about many on which no verdict stands, wherever they are by now. Those that could not be judged get
 * jobs of their own, in the transaction that says that these are done.
 */
async function judgeMany(parts: PipelineParts, jobs: readonly Job[], complete: Complete): Promise<void> {
  const { db, now } = parts;
  const places = await placesWithoutVerdict(db, imagesOfJobs(jobs), 'pull');
  const done = (trx: Db, some: readonly Placed[]) => followPromotions(trx, some, now());
  const { overtaken, failures } = await judgeAgain(parts, places, done);
  const left = [...overtaken, ...failures.map(({ place }) => place)];
  await transact(db, async (trx) => {
    await enqueue(
      trx,
      left.map((place) => jobFor('judge', place)),
      now(),
    );
    await complete(trx, jobs);
  });
}

async function judgeAgain(
  parts: PipelineParts,
  places: readonly Placed[],
  done: (trx: Db, places: readonly Placed[]) => Promise<void>,
): Promise<Pick<Judged, 'overtaken' | 'failures'>> {
  const { policy, now } = parts;
  for (const place of places)
    if (policy().rulesFor(place.repository, 'pull', now()).probes.length > 0)
      await askForProbes(parts, place);
  const before = parts.results.counts();
  const judged = await judgeImages(parts, places, done);
  const after = parts.results.counts();
  parts.log.debug(
    {
      verdicts: after.verdicts - before.verdicts,
      evaluated: after.evaluated - before.evaluated,
      reused: after.reused - before.reused,
    },
    'images were judged again',
  );
  return judged;
}

/**
 * A step of the sweep for a policy.
 * @param key the policy's digest and when it came into force: each time has a sweep of its own, which begins with the first image
 */
function sweepFrom(key: string, id: number): JobRequest {
  return { kind: 'judge-all', key, namespace: '', payload: id };
}

/** One step over all manifests: asks for their verdicts and for the next step, in one transaction. */
async function sweep({ db, now, policy }: PipelineParts, job: Job): Promise<void> {
  // another policy is in force since, and has a sweep of its own
  if (job.key.split(' ', 1)[0] !== policy().digest) return;
  const places = await manifestsAfter(db, typeof job.payload === 'number' ? job.payload : 0, sweepSize);
  const last = places.at(-1);
  if (!last) return;
  await transact(db, (trx) =>
    enqueue(trx, [...places.map((place) => jobFor('judge', place)), sweepFrom(job.key, last.id)], now()),
  );
}

/** What was pushed again while it was forgotten is taken apart again. */
async function forgetUnused({ db, now }: PipelineParts, before: Date): Promise<void> {
  for (const digest of await forgetImages(db, before)) {
    const jobs = (await placesOf(db, digest)).map((place) => jobFor('check', place));
    if (jobs.length > 0) await transact(db, (trx) => enqueue(trx, jobs, now()));
  }
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
