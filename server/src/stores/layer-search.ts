import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { chunks, idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { digestBytes } from './image-layers.ts';

/** What layers contain, in hexadecimal, and a layer that does: the same bytes wrapped otherwise are the same. */
export type LayersByContent = ReadonlyMap<string, Digest>;

export async function contentsOf(db: Db, layers: readonly Digest[]): Promise<LayersByContent> {
  // One that was not read to its end stands for itself.
  const contents = new Map(layers.map((layer) => [digestBytes(layer).toString('hex'), layer]));
  for (const part of chunks(layers)) {
    const rows = await db.selectFrom('layer_contents').selectAll().where('digest', 'in', part).execute();
    for (const row of rows) contents.set(Buffer.from(row.content).toString('hex'), row.digest as Digest);
  }
  return contents;
}

/** Keys of the images that have any of these layers, the newest first. */
export async function imagesWithLayers(db: Db, layers: LayersByContent): Promise<number[]> {
  const images = new Set<number>();
  for (const part of chunks([...layers.keys()])) {
    const rows = await db
      .selectFrom('image_chains')
      .select('image_id')
      .distinct()
      .where('chain_id', 'in', (eb) =>
        eb
          .selectFrom('chains')
          .select('id')
          .where(
            'content',
            'in',
            part.map((content) => Buffer.from(content, 'hex')),
          ),
      )
      .execute();
    for (const row of rows) images.add(row.image_id);
  }
  return [...images].sort((left, right) => right - left);
}

/** What the layers of images contain, in hexadecimal, by the key of the image. */
export async function contentsOfImages(db: Db, imageIds: readonly number[]): Promise<Map<number, string[]>> {
  // Each layer is looked up in what is selected: joined, PostgreSQL would read all chains for each step downwards.
  const layers = sql<{ image_id: number; content: Uint8Array }>`(
    with recursive lists (image_id, chain_id) as (
      select id, chain_id from images where id in ${idsIn(db, imageIds)} and chain_id is not null
      union all
      select image_id, (select chains.parent_id from chains where chains.id = lists.chain_id)
        from lists where chain_id <> 0)
    select image_id, (select content from chains where chains.id = lists.chain_id) as content
      from lists where chain_id <> 0)`;
  const rows = await db.selectFrom(layers.as('layers')).select(['image_id', 'content']).execute();
  const contents = new Map<number, string[]>();
  for (const { image_id, content } of rows) {
    const of = contents.get(image_id) ?? [];
    of.push(Buffer.from(content).toString('hex'));
    contents.set(image_id, of);
  }
  return contents;
}

/** Images that a digest stands for: an image, or those that an index lists which is in a repository that may be seen. */
export async function imagesOfDigest(
  db: Db,
  digest: Digest,
  visible: (repository: string) => boolean,
): Promise<number[]> {
  const own = await db.selectFrom('images').select('id').where('digest', '=', digest).execute();
  const listed = await db
    .selectFrom('manifests as lists')
    .innerJoin('repositories', 'repositories.id', 'lists.repository_id')
    .innerJoin('manifest_refs', 'manifest_refs.manifest_id', 'lists.id')
    .innerJoin('images', 'images.digest', 'manifest_refs.digest')
    .select(['images.id', 'repositories.name'])
    .where('lists.digest', '=', digest)
    .where('manifest_refs.role', '=', 'manifest')
    .execute();
  return [...new Set([...own, ...listed.filter(({ name }) => visible(name))].map(({ id }) => id))];
}
