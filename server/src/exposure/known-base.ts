import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import { basesOf } from '../stores/image-layers.ts';
import { placesByKey, tagsNow } from '../stores/search.ts';

/** The image that another is built upon, as far as the layers tell. */
export interface KnownBase {
  readonly repository: string;
  readonly digest: Digest;
  /** that mean it now */
  readonly tags: readonly string[];
  /** it has so many layers: those of the image from 0 up to the one before this */
  readonly layers: number;
}

const mostTags = 20;

/**
 * The longest image, of those that may be seen, whose layers are the lowest of this one: no word of its builder is needed, and
 * none is believed. Of several as long, one that has a tag.
 */
export async function knownBase(
  db: Db,
  digest: Digest,
  visible: (repository: string) => boolean,
): Promise<KnownBase | undefined> {
  const bases = await basesOf(db, digest);
  const lengths = Map.groupBy(bases, (base) => base.layers);
  for (const [layers, images] of lengths) {
    const places = await placesByKey(
      db,
      images.map((image) => image.imageId),
    );
    const seen = places.filter(({ repository }) => visible(repository));
    const tags = await tagsNow(db, seen, mostTags);
    let untagged: KnownBase | undefined;
    for (const [index, { repository, digest: of }] of seen.entries()) {
      const known = { repository, digest: of, tags: tags[index]!, layers };
      if (known.tags.length > 0) return known;
      untagged ??= known;
    }
    if (untagged) return untagged;
  }
  return undefined;
}
