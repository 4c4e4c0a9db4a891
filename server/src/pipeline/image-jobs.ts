import { isDigest } from '@wharfinger/lib/oci/digest';
import { randomUUID } from 'node:crypto';
import { chunks } from '../db/dialect.ts';
import { namespaceOf, type Job, type JobRequest } from '../jobs/job.ts';
import type { Placed } from '../stores/repositories.ts';

/** Work on one image: `check` all steps, `verify` from its signatures on, `judge` the verdict alone. */
export const imageJobKinds = ['check', 'verify', 'judge'] as const;
export type ImageJobKind = (typeof imageJobKinds)[number];

/** Who signs waits for the gate; who pushes waits for the check; what follows from news is many and can wait. */
const priorities: Readonly<Record<ImageJobKind, number>> = { verify: 30, check: 20, judge: 10 };

/** The job of a kind for an image; a second one while the first waits is the same. */
export function jobFor(kind: ImageJobKind, { repository, digest }: Placed): JobRequest {
  return {
    kind,
    key: `${repository}@${digest}`,
    namespace: namespaceOf(repository),
    payload: { repository, digest },
    priority: priorities[kind],
  };
}

/** The image that a job is about. */
export function placeOfJob({ key }: Job): Placed {
  const at = key.indexOf('@');
  const digest = key.slice(at + 1);
  if (at <= 0 || !isDigest(digest)) throw new Error(`job key ${JSON.stringify(key)} names no image`);
  return { repository: key.slice(0, at), digest };
}

/** From this number of images on, none of them has a job of its own. */
export const manyImages = 1000;

/** Images of one such job: what is done again where it is cut off. */
const imagesOfJob = 100;

/** Judges some of many images. */
export const judgeImagesJob = 'judge-images';

/** Jobs that judge these images, by their keys. */
export function jobsForImages(imageIds: readonly number[]): JobRequest[] {
  return [...chunks(imageIds, imagesOfJob)].map((payload) => ({
    kind: judgeImagesJob,
    // each its own: who needs them again while they wait has changed something since
    key: randomUUID(),
    namespace: '',
    payload,
    priority: priorities.judge,
  }));
}

/** The images that such jobs are about, by their keys. */
export function imagesOfJobs(jobs: readonly Job[]): number[] {
  return [...new Set(jobs.flatMap(({ payload }) => payload as number[]))];
}
