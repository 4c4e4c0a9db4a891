import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { incompleteLayers, waitingLayers } from '../stores/file-index/segments.ts';
import { contentsOf, imagesWithLayers } from '../stores/layer-search.ts';
import { countPending } from '../stores/pending-images.ts';
import { incompleteImages } from '../stores/incomplete-images.ts';
import { placesByKey } from '../stores/search.ts';
import type { Digest } from '@wharfinger/lib/oci/digest';
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
  const partly = await imagesOfLayers(db, incompleteLayers, visible, unread);
  const waiting = await imagesOfLayers(db, waitingLayers, visible, new Set());
  return { incomplete: Math.min(most, partly.size), pending: Math.min(most, pending + waiting.size) };
}

/** Layers after a digest, in order, at most so many. */
type LayerPages = (db: Db, after: string, limit: number) => Promise<readonly Digest[]>;

/** Adds the images with layers, as far as they may be seen: page by page, since those of others may be many. */
async function imagesOfLayers(
  db: Db,
  layersAfter: LayerPages,
  visible: (repository: string) => boolean,
  known: ReadonlySet<number>,
): Promise<ReadonlySet<number>> {
  const images = new Set(known);
  for (let after = ''; images.size < most;) {
    const layers = await layersAfter(db, after, most);
    if (layers.length === 0) break;
    const found = await imagesWithLayers(db, await contentsOf(db, layers));
    for (const part of chunks(found)) {
      for (const image of await seenOf(db, part, visible)) images.add(image);
      if (images.size >= most) break;
    }
    after = layers.at(-1)!;
  }
  return images;
}

/** Those of some images that are in a repository which may be seen. */
async function seenOf(
  db: Db,
  images: readonly number[],
  visible: (repository: string) => boolean,
): Promise<ReadonlySet<number>> {
  if (images.length === 0) return new Set();
  const places = await placesByKey(db, images);
  return new Set(places.filter(({ repository }) => visible(repository)).map(({ imageId }) => imageId));
}
