import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql, type RawBuilder } from 'kysely';
import { idsIn, kindOf, rowsTable } from '../../db/dialect.ts';
import type { Db } from '../../db/schema.ts';

/**
 * Layers in which any file may be that is not found: `incomplete`, the digests of some of their files are not known; `waiting`, they were
 * taken apart, and their files cannot be found yet.
 */
export type UnreadLayers = 'incomplete' | 'waiting';

/** Layers whose images are looked up, whosever they are, before the layers of those that may be seen are. */
const layersAtOnce = 500;

/**
 * Images that have such a layer, at most so many.
 * @param repositories keys of those that they are to be in; undefined: whichever
 */
export async function imagesWithUnread(
  db: Db,
  which: UnreadLayers,
  repositories: readonly number[] | undefined,
  most: number,
): Promise<Set<number>> {
  const images = new Set<number>();
  if (repositories?.length === 0) return images;
  for (let after = ''; ;) {
    const layers = await layersAfter(db, which, after);
    for (const image of await imagesOf(db, layers, repositories, most)) images.add(image);
    if (images.size >= most || layers.length < layersAtOnce) return images;
    // Those of others are many: it takes less to look through what is in these repositories.
    if (repositories) return imagesIn(db, which, repositories, most);
    after = layers.at(-1)!;
  }
}

async function layersAfter(db: Db, which: UnreadLayers, after: string): Promise<string[]> {
  const rows = await db
    .selectFrom(which === 'waiting' ? 'layers_to_index' : 'layer_files')
    .select('digest')
    .where('digest', '>', after)
    .$if(which === 'incomplete', (query) => query.where(sql<boolean>`complete = 0`))
    .orderBy('digest')
    .limit(layersAtOnce)
    .execute();
  return rows.map((row) => row.digest as Digest);
}

/** The images that have one of these layers. */
async function imagesOf(
  db: Db,
  layers: readonly string[],
  repositories: readonly number[] | undefined,
  most: number,
): Promise<number[]> {
  if (layers.length === 0) return [];
  const wanted = rowsTable(
    db,
    { digest: 'text' },
    layers.map((layer) => [layer]),
  );
  // The sign keeps the index from being asked for each repository of each image.
  const seen = repositories
    ? sql`and +image_places.repository_id in ${idsIn(db, repositories)}`
    : sql.raw('');
  return select(
    db,
    sql`select distinct image_places.image_id from ${wanted} as wanted
      cross join manifest_refs cross join image_places
      where manifest_refs.digest = wanted.digest and manifest_refs.role = 'blob'
        and image_places.manifest_id = manifest_refs.manifest_id ${seen} limit ${most}`,
  );
}

/** The images in these repositories that have a layer of the kind. */
async function imagesIn(
  db: Db,
  which: UnreadLayers,
  repositories: readonly number[],
  most: number,
): Promise<Set<number>> {
  // looked up one by one, whatever the databases believe of how many there are
  const isUnread =
    which === 'waiting'
      ? sql`(select 1 from layers_to_index where layers_to_index.digest = manifest_refs.digest) = 1`
      : sql`(select complete from layer_files where layer_files.digest = manifest_refs.digest) = 0`;
  // PostgreSQL is kept from reading what all manifests refer to, for all that it may stop soon.
  const oneByOne = sql.raw(kindOf(db) === 'postgres' ? 'offset 0' : '');
  // An image may be in many of the repositories. To leave out what was found already all would be found first.
  for (let places = 2 * most; ; places *= 4) {
    const found = await select(
      db,
      sql`select image_places.image_id from image_places
        where image_places.repository_id in ${idsIn(db, repositories)} and exists (select 1 from manifest_refs
          where manifest_refs.manifest_id = image_places.manifest_id and manifest_refs.role = 'blob'
            and ${isUnread} ${oneByOne})
        limit ${places}`,
    );
    const images = new Set(found);
    if (images.size >= most || found.length < places) return new Set([...images].slice(0, most));
  }
}

async function select(db: Db, question: RawBuilder<unknown>): Promise<number[]> {
  const found = sql<{ image_id: number }>`(${question})`;
  const rows = await db.selectFrom(found.as('matching')).select('image_id').execute();
  return rows.map((row) => row.image_id);
}
