import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** A layer in its place: what it contains, where that was measured. */
export interface ChainLayer {
  readonly digest: Digest;
  readonly diffId?: Digest;
}

/**
 * Layers that an image is found by, from the lowest: each costs two statements, and who pushes decides how many there are. No
 * builder makes more than 127.
 */
export const mostLayers = 500;

/** The bytes that a digest stands for. */
export function digestBytes(digest: Digest): Buffer {
  return Buffer.from(digest.slice(digest.indexOf(':') + 1), 'hex');
}

/**
 * Keeps which layers an image has, base first; what was there is replaced. Layers count by what they contain, so that the same
 * layer compressed otherwise is the same; one that was not read to its end counts by its own digest. Those above `mostLayers`
 * are not kept.
 */
export async function putLayers(trx: Db, imageId: number, all: readonly ChainLayer[]): Promise<void> {
  const layers = all.slice(0, mostLayers);
  await dropChains(trx, imageId);
  const measured = new Map(
    layers.flatMap(({ digest, diffId }) => (diffId === undefined ? [] : [[digest, digestBytes(diffId)]])),
  );
  const contents = [...measured].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const part of chunks(contents)) {
    await trx
      .insertInto('layer_contents')
      .values(part.map(([digest, content]) => ({ digest, content })))
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  }
  const chains: number[] = [];
  for (const { digest, diffId } of layers) {
    chains.push(await ensureChain(trx, digestBytes(diffId ?? digest), chains.at(-1) ?? 0));
  }
  const rows = chains.map((chain) => ({ chain_id: chain, image_id: imageId }));
  for (const part of chunks(rows)) await trx.insertInto('image_chains').values(part).execute();
  await trx
    .updateTable('images')
    .set({ chain_id: chains.at(-1) ?? null })
    .where('id', '=', imageId)
    .execute();
}

/** On PostgreSQL another transaction may make the node meanwhile, or be about to remove it. */
async function ensureChain(trx: Db, content: Buffer, parent: number): Promise<number> {
  for (;;) {
    const known = await trx
      .selectFrom('chains')
      .select('id')
      .where('content', '=', content)
      .where('parent_id', '=', parent)
      .$if(kindOf(trx) === 'postgres', (query) => query.forKeyShare())
      .executeTakeFirst();
    if (known) return known.id;
    const made = await trx
      .insertInto('chains')
      .values({ content, parent_id: parent })
      .onConflict((conflict) => conflict.columns(['content', 'parent_id']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (made) return made.id;
  }
}

/** Forgets the layers of an image. */
export async function dropChains(trx: Db, imageId: number): Promise<void> {
  const chains = await chainsOf(trx, imageId);
  for (const part of chunks(chains)) {
    await trx
      .deleteFrom('image_chains')
      .where('image_id', '=', imageId)
      .where('chain_id', 'in', part)
      .execute();
  }
}

/** The nodes of an image's layers, from the top down. */
async function chainsOf(db: Db, imageId: number): Promise<number[]> {
  const image = await db.selectFrom('images').select('chain_id').where('id', '=', imageId).executeTakeFirst();
  const chains: number[] = [];
  let next = image?.chain_id ?? 0;
  while (next !== 0) {
    chains.push(next);
    const row = await db.selectFrom('chains').select('parent_id').where('id', '=', next).executeTakeFirst();
    next = row?.parent_id ?? 0;
  }
  return chains;
}

/** An image whose layers are the lowest of another. */
export interface BaseImage {
  readonly imageId: number;
  readonly digest: Digest;
  /** how many layers it has: it ends below the layer of this index */
  readonly layers: number;
}

/** Bases that are told of one length. */
const mostBases = 20;

/**
 * The images whose layers are the lowest of this one, fewer than all: those with the most layers first. One look-up for each
 * layer.
 */
export async function basesOf(db: Db, digest: Digest): Promise<BaseImage[]> {
  const image = await db.selectFrom('images').select('id').where('digest', '=', digest).executeTakeFirst();
  if (!image) return [];
  const [, ...below] = await chainsOf(db, image.id);
  const bases: BaseImage[] = [];
  for (const [index, chain] of below.entries()) {
    const rows = await db
      .selectFrom('images')
      .select(['id', 'digest'])
      .where('chain_id', '=', chain)
      .orderBy('id')
      .limit(mostBases)
      .execute();
    for (const row of rows)
      bases.push({ imageId: row.id, digest: row.digest as Digest, layers: below.length - index });
  }
  return bases;
}
