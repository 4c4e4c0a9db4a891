import { isDigest } from '@wharfinger/lib/oci/digest';
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

/** Images of one such job, by their keys: those from a multiple of it on. */
const imagesOfJob = 100;

/** Judges those of some images on which no verdict stands. */
export const judgeImagesJob = 'judge-images';

/** Jobs that judge these images, by their keys; a second one for the same while the first waits is the same. */
export function jobsForImages(imageIds: readonly number[]): JobRequest[] {
  const blocks = new Set(imageIds.map((id) => Math.floor(id / imagesOfJob)));
  return [...blocks].map((block) => ({
    kind: judgeImagesJob,
    key: String(block),
    namespace: '',
    priority: priorities.judge,
  }));
}

/** The images that such jobs may be about, by their keys. */
export function imagesOfJobs(jobs: ReadonlyArray<Pick<Job, 'key'>>): number[] {
  return jobs.flatMap(({ key }) =>
    Array.from({ length: imagesOfJob }, (_, at) => Number(key) * imagesOfJob + at),
  );
}
