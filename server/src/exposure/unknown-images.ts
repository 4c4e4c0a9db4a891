import type { Db } from '../db/schema.ts';
import { imagesWithUnread, type UnreadLayers } from '../stores/file-index/unread-layers.ts';
import { countPending } from '../stores/pending-images.ts';
import { incompleteImages } from '../stores/incomplete-images.ts';
import { placesByKey } from '../stores/search.ts';
import type { Sight } from './sight.ts';

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
  { visible, repositories }: Sight,
  byFile: boolean,
): Promise<UnknownImages> {
  // of those that may be seen: others' images, however many, must not push them out
  const incomplete = await incompleteImages(db, most, repositories);
  const pending = await countPending(db, visible, repositories, most);
  const unread = await seenOf(db, incomplete, visible);
  if (!byFile) return { incomplete: unread.size, pending };
  const unreadBy = async (which: UnreadLayers) =>
    seenOf(db, [...(await imagesWithUnread(db, which, repositories, most))], visible);
  const partly = unread.union(await unreadBy('incomplete'));
  const waiting = await unreadBy('waiting');
  return { incomplete: Math.min(most, partly.size), pending: Math.min(most, pending + waiting.size) };
}

/** Those of some images that are in a repository which may be seen: one that came meanwhile may not be. */
async function seenOf(
  db: Db,
  images: readonly number[],
  visible: (repository: string) => boolean,
): Promise<Set<number>> {
  if (images.length === 0) return new Set();
  const places = await placesByKey(db, images);
  return new Set(places.filter(({ repository }) => visible(repository)).map(({ imageId }) => imageId));
}
