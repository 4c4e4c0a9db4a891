import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Candidates } from './find-images.ts';
import { imagesBefore, imagesInRepositories } from '../stores/image-places.ts';
import { keyOfPlace, placesByKey, type FoundPlace } from '../stores/search.ts';
import type { Sight } from './sight.ts';

/** A part of a list: what comes after `last`, which the part before gave as `next`. */
export interface PageWish {
  readonly last?: string;
  readonly limit: number;
}

/** Images that are looked at first; how many next, is told by how many of them were meant. */
const firstLook = 200;
const longestLook = 20_000;

/** Who may see less than this share of what was looked at is shown what he may see without looking through the rest. */
const littleSeen = 0.25;

/** Where so many images were asked whether they are meant, and less than this share is, all that are meant are listed. */
const enoughAsked = 200;
const fewMeant = 0.1;

/** Gives the next keys, the newest first, about so many; none: there are no more. */
type Walk = (count: number) => Promise<readonly number[]>;

/**
 * A page of the places where images are, as far as they may be seen. The order does not change when images come: the newest
 * image first, of one image by repository. What may not be seen leaves no gap and counts for nothing.
 * @throws WharfingerError INPUT_INVALID
 */
export async function pageOfPlaces(
  db: Db,
  { images: given, holds: asked, list }: Pick<Candidates, 'images' | 'holds' | 'list'>,
  { last, limit }: PageWish,
  sight: Sight,
): Promise<{ places: FoundPlace[]; next?: string }> {
  const { visible, repositories } = sight;
  const after = last === undefined ? undefined : await parseLast(db, last, visible);
  const from = after?.imageId ?? Infinity;
  let [images, holds] = [given, asked];
  let walk = images ? walkList(images, from) : walkAll(db, from);
  let isNarrow = repositories === undefined;
  const places: FoundPlace[] = [];
  let [look, looked, met] = [firstLook, 0, 0];
  while (places.length <= limit) {
    const before = places.length;
    const keys = await walk(look);
    if (keys.length === 0) break;
    const found = await placesByKey(db, keys);
    const seen = found.filter(
      ({ imageId, repository }) =>
        visible(repository) && !(after && imageId === after.imageId && repository <= after.repository),
    );
    const meant = holds && (await holds([...new Set(seen.map(({ imageId }) => imageId))]));
    places.push(...(meant ? seen.filter(({ imageId }) => meant.has(imageId)) : seen));
    looked += keys.length;
    met += seen.length;
    const rest = keys.at(-1)! - 1;
    if (holds && list && met >= enoughAsked && places.length < fewMeant * met) {
      [images, holds] = [await list(), undefined];
      walk =
        isNarrow && repositories ? await walkSeen(db, images, rest, repositories) : walkList(images, rest);
    }
    if (!isNarrow && met < littleSeen * looked) {
      walk = await walkSeen(db, images, rest, repositories!);
      isNarrow = true;
    }
    look = nextLook(look, looked, { found: places.length, gained: places.length - before, limit });
  }
  const shown = places.slice(0, limit);
  const end = shown.at(-1);
  return {
    places: shown,
    ...(places.length > limit && end && { next: `${end.repository}@${end.digest}` }),
  };
}

/**
 * As many as fill the page if the rest is like what was looked at. Twice as many as before at most, and just that where the last look
 * found nothing, so that few looks are needed: what is meant may all stand at the beginning.
 * @param gained what the last look found
 */
function nextLook(
  look: number,
  looked: number,
  { found, gained, limit }: { readonly found: number; readonly gained: number; readonly limit: number },
): number {
  const missing = limit + 1 - found;
  const needed = gained === 0 ? Infinity : Math.ceil((1.5 * missing * looked) / found) + 10;
  return Math.min(needed, 2 * look, longestLook);
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

/** Those of the images that are in these repositories. */
async function walkSeen(
  db: Db,
  images: readonly number[] | undefined,
  from: number,
  repositories: readonly number[],
): Promise<Walk> {
  const seen = await imagesInRepositories(db, repositories);
  return walkList(images ? inBoth(seen, images) : seen, from);
}

/** Keys that are in both lists; in both, and in what comes out, they fall. */
function inBoth(left: readonly number[], right: readonly number[]): number[] {
  const both: number[] = [];
  let at = 0;
  for (const key of left) {
    while (right[at]! > key) at += 1;
    if (right[at] === key) both.push(key);
  }
  return both;
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

/**
 * The place must be one that may be seen: else an answer would tell which digests there are. Nor does how long it takes: of an image
 * elsewhere and of none the same is asked.
 */
async function parseLast(
  db: Db,
  last: string,
  visible: (repository: string) => boolean,
): Promise<{ imageId: number; repository: string }> {
  const at = last.lastIndexOf('@');
  const [repository, digest] = [last.slice(0, at), last.slice(at + 1)];
  if (at > 0 && isDigest(digest) && visible(repository)) {
    const imageId = await keyOfPlace(db, { repository, digest });
    if (imageId !== undefined) return { imageId, repository };
  }
  throw new WharfingerError('INPUT_INVALID', {
    what: 'last: give the next of the page before',
    remedy: 'begin with the first page; the image that ended the page before may be gone',
  });
}
