import { afterCommit } from '../db/transaction.ts';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { noteChanges, noteChangesOfImages, type ChangedPart } from '../stores/image-changes.ts';
import { imagesWithVersions, placesOfImages } from '../stores/images.ts';
import type { Placed } from '../stores/repositories.ts';
import { jobFor, jobsForImages, manyImages, type ImageJobKind } from './image-jobs.ts';

/**
 * Step 8 of the path. Says, in the transaction that changes what verdicts rest on, which of them may be untrue from now
 * on: none of them stands, and they are made again by a job of the kind given, or then and there where one is pulled.
 *
 * @param what has changed; where nothing has but what advisories say, the images are judged again without being looked into
 */
export async function invalidate(
  trx: Db,
  memory: VerdictMemory,
  kind: ImageJobKind,
  places: readonly Placed[],
  at: Date,
  what: ChangedPart = kind === 'judge' ? 'facts' : 'evidence',
): Promise<void> {
  if (places.length === 0) return;
  await forget(trx, memory, places, what);
  await enqueue(
    trx,
    places.map((place) => jobFor(kind, place)),
    at,
  );
}

/** The part of it for who judges again anyway: no verdict stands, nor one that is being made. */
export async function forget(
  trx: Db,
  memory: VerdictMemory,
  places: readonly Placed[],
  what: ChangedPart,
): Promise<void> {
  await noteChanges(trx, places, what);
  afterCommit(trx, () => {
    for (const { repository, digest } of places) memory.forget(repository, digest);
  });
}

/**
 * The same for all images that have any of these package versions, which are judged again. Where they are thousands, which they are is
 * written down in the database without being told here: everything that the gate remembers is forgotten, and each job is about a
 * hundred of them.
 *
 * @returns how many places that are
 */
export async function invalidateVersions(
  trx: Db,
  memory: VerdictMemory,
  versions: Iterable<number>,
  at: Date,
  what: ChangedPart,
): Promise<number> {
  return invalidateImages(trx, memory, await imagesWithVersions(trx, versions), at, what);
}

/** The same for images by their keys, wherever they are. */
export async function invalidateImages(
  trx: Db,
  memory: VerdictMemory,
  imageIds: readonly number[],
  at: Date,
  what: ChangedPart,
): Promise<number> {
  if (imageIds.length < manyImages) {
    const places = await placesOfImages(trx, imageIds);
    await invalidate(trx, memory, 'judge', places, at, what);
    return places.length;
  }
  const count = await noteChangesOfImages(trx, imageIds, what);
  afterCommit(trx, () => memory.forgetAll());
  await enqueue(trx, jobsForImages(imageIds), at);
  return count;
}
