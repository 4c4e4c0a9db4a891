import type { Db } from '../db/schema.ts';
import { unknownLayers } from '../stores/file-index/segments.ts';
import { contentsOf, countPending, imagesWithLayers } from '../stores/layer-search.ts';
import { repositoriesSeen } from '../stores/repositories.ts';
import { incompleteImages, placesByKey } from '../stores/search.ts';
import type { Digest } from '@wharfinger/lib/oci/digest';

/** How many images may have what was looked for without being named. */
export interface UnknownImages {
  /** that could not be read whole */
  readonly incomplete: number;
  /** that were not taken apart yet */
  readonly pending: number;
}

/** Each is counted up to this. */
const most = 1000;

/** Counts the images, as far as they may be seen, of which it is not known whether they have what was looked for. */
export async function countUnknown(
  db: Db,
  visible: (repository: string) => boolean,
  byFile: boolean,
): Promise<UnknownImages> {
  // of those that may be seen: others' images, however many, must not push them out
  const incomplete = await incompleteImages(db, most, await repositoriesSeen(db, visible));
  const pending = await countPending(db, visible, most);
  if (!byFile) return { incomplete: await countVisible(db, incomplete, visible), pending };
  const layers = await unknownLayers(db, most);
  const imagesOf = async (digests: readonly Digest[]) =>
    digests.length === 0 ? [] : (await imagesWithLayers(db, await contentsOf(db, digests))).slice(0, most);
  const partly = [...incomplete, ...(await imagesOf(layers.incomplete))];
  const waiting = await countVisible(db, await imagesOf(layers.waiting), visible);
  return {
    incomplete: await countVisible(db, partly, visible),
    pending: Math.min(most, pending + waiting),
  };
}

async function countVisible(
  db: Db,
  images: readonly number[],
  visible: (repository: string) => boolean,
): Promise<number> {
  if (images.length === 0) return 0;
  const places = await placesByKey(db, [...new Set(images)]);
  const seen = new Set(places.filter(({ repository }) => visible(repository)).map(({ imageId }) => imageId));
  return Math.min(seen.size, most);
}
