import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Candidates } from './find-images.ts';
import { imagesBefore, imagesInRepositories } from '../stores/image-places.ts';
import { repositoriesSeen } from '../stores/repositories.ts';
import { imageKey, placesByKey, type FoundPlace } from '../stores/search.ts';

/** A part of a list: what comes after `last`, which the part before gave as `next`. */
export interface PageWish {
  readonly last?: string;
  readonly limit: number;
}

/** Images that are looked at first; each further look takes twice as many, so that few looks are needed where few are meant. */
const firstLook = 200;
const longestLook = 20_000;

/** Gives the next keys, the newest first, about so many; none: there are no more. */
type Walk = (count: number) => Promise<readonly number[]>;

/**
 * A page of the places where images are, as far as they may be seen. The order does not change when images come: the newest
 * image first, of one image by repository. What may not be seen leaves no gap and counts for nothing.
 * @throws WharfingerError INPUT_INVALID
 */
export async function pageOfPlaces(
  db: Db,
  { images, holds }: Pick<Candidates, 'images' | 'holds'>,
  { last, limit }: PageWish,
  visible: (repository: string) => boolean,
): Promise<{ places: FoundPlace[]; next?: string }> {
  const after = last === undefined ? undefined : await parseLast(db, last, visible);
  const from = after?.imageId ?? Infinity;
  let walk = images ? walkList(images, from) : walkAll(db, from);
  const places: FoundPlace[] = [];
  for (let look = firstLook; places.length <= limit; look = Math.min(2 * look, longestLook)) {
    const keys = await walk(look);
    if (keys.length === 0) break;
    const found = await placesByKey(db, keys);
    const seen = found.filter(
      ({ imageId, repository }) =>
        visible(repository) && !(after && imageId === after.imageId && repository <= after.repository),
    );
    const meant = holds && (await holds([...new Set(seen.map(({ imageId }) => imageId))]));
    places.push(...(meant ? seen.filter(({ imageId }) => meant.has(imageId)) : seen));
    // Who sees much has his page by now. Who sees little is not to wait until all others' images were looked at.
    if (look === firstLook && places.length <= limit)
      walk = (await walkSeen(db, images, keys.at(-1)! - 1, visible)) ?? walk;
  }
  const shown = places.slice(0, limit);
  const end = shown.at(-1);
  return {
    places: shown,
    ...(places.length > limit && end && { next: `${end.repository}@${end.digest}` }),
  };
}

/** @param from the first key, or the one that it would come after */
function walkList(keys: readonly number[], from: number): Walk {
  let at = firstFrom(keys, from);
  return async (count) => {
    const part = keys.slice(at, at + count);
    at += part.length;
    return part;
  };
}

/** All images, as they are needed. */
function walkAll(db: Db, from: number): Walk {
  let before = from === Infinity ? Number.MAX_SAFE_INTEGER : from + 1;
  return async (count) => {
    const keys = await imagesBefore(db, before, count);
    before = keys.at(-1) ?? 0;
    return keys;
  };
}

/** Those of the images that are in repositories that may be seen; undefined: all may be. */
async function walkSeen(
  db: Db,
  images: readonly number[] | undefined,
  from: number,
  visible: (repository: string) => boolean,
): Promise<Walk | undefined> {
  const repositories = await repositoriesSeen(db, visible);
  if (!repositories) return undefined;
  const seen = await imagesInRepositories(db, repositories);
  if (!images) return walkList(seen, from);
  const meant = new Set(images);
  return walkList(
    seen.filter((key) => meant.has(key)),
    from,
  );
}

/** Index of the first key that is not above this one; keys fall. */
function firstFrom(keys: readonly number[], key: number): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! > key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place must be one that may be seen: else an answer would tell which digests there are. */
async function parseLast(
  db: Db,
  last: string,
  visible: (repository: string) => boolean,
): Promise<{ imageId: number; repository: string }> {
  const at = last.lastIndexOf('@');
  const [repository, digest] = [last.slice(0, at), last.slice(at + 1)];
  if (at > 0 && isDigest(digest) && visible(repository)) {
    const imageId = await imageKey(db, digest);
    const places = imageId === undefined ? [] : await placesByKey(db, [imageId]);
    if (imageId !== undefined && places.some((place) => place.repository === repository))
      return { imageId, repository };
  }
  throw new WharfingerError('INPUT_INVALID', {
    what: 'last: give the next of the page before',
    remedy: 'begin with the first page; the image that ended the page before may be gone',
  });
}
