import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { chunks, idsIn } from '../../db/dialect.ts';
import type { Db } from '../../db/schema.ts';
import { transact } from '../../db/transaction.ts';
import { mergeEntries, type EntrySource } from './merge-entries.ts';
import { readPiece, type Piece } from './pieces.ts';

/** Pieces that are read, and written, at a time: merging so many takes milliseconds, and then others have their turn. */
const batchSize = 16;

/** Segments of one level that are merged into one of the next. */
const mergedAtOnce = 8;

/** The files of a layer as they are to be found. */
export interface LayerKeys {
  readonly digest: Digest;
  /** in order, each once */
  readonly keys: Float64Array;
  /** false: of some of its files the digest is not known */
  readonly complete: boolean;
}

/** Layers whose files cannot be looked up yet, `limit` at most. */
export async function layersToIndex(db: Db, limit: number): Promise<Digest[]> {
  const rows = await db.selectFrom('layers_to_index').select('digest').limit(limit).execute();
  return rows.map((row) => row.digest as Digest);
}

/** Makes the files of layers found from now on. One at a time does so. */
export async function addLayers(db: Db, layers: readonly LayerKeys[], signal: AbortSignal): Promise<void> {
  const ids = new Map<Digest, number>();
  await transact(db, async (trx) => {
    for (const { digest, complete } of layers) {
      const row = { complete: complete ? 1 : 0 };
      const { id } = await trx
        .insertInto('layer_files')
        .values({ digest, ...row })
        .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
        .returning('id')
        .executeTakeFirstOrThrow();
      ids.set(digest, id);
    }
  });
  const sources = layers.map(({ digest, keys }): EntrySource => {
    let given = false;
    return async () => {
      if (given) return undefined;
      given = true;
      return { keys, layers: new Float64Array(keys.length).fill(ids.get(digest)!) };
    };
  });
  const pieces = mergeEntries(sources, () => true);
  await makeSegment(db, 0, pieces, signal, async (trx) => {
    for (const part of chunks([...ids.keys()]))
      await trx.deleteFrom('layers_to_index').where('digest', 'in', part).execute();
  });
}

/**
 * Merges segments of one level where there are enough of them. One at a time does so.
 * @returns false: there is nothing to merge
 */
export async function mergeSegments(db: Db, signal: AbortSignal): Promise<boolean> {
  const level = await db
    .selectFrom('file_segments')
    .select('level')
    .where('state', '=', 'used')
    .groupBy('level')
    .having((eb) => eb.fn.countAll<number>(), '>=', mergedAtOnce)
    .orderBy('level')
    .limit(1)
    .executeTakeFirst();
  if (!level) return false;
  const segments = await db
    .selectFrom('file_segments')
    .select('id')
    .where('state', '=', 'used')
    .where('level', '=', level.level)
    .orderBy('id')
    .limit(mergedAtOnce)
    .execute();
  const ids = segments.map((row) => row.id);
  const there = await db.selectFrom('layer_files').select('id').where('digest', 'is not', null).execute();
  const live = new Set(there.map((row) => row.id));
  const sources = ids.map((id) => sourceOf(db, id));
  const pieces = mergeEntries(sources, (layer) => live.has(layer));
  await makeSegment(db, level.level + 1, pieces, signal, async (trx) => {
    const replaced = await trx
      .updateTable('file_segments')
      .set({ state: 'replaced' })
      .where('id', 'in', ids)
      .where('state', '=', 'used')
      .executeTakeFirst();
    if (Number(replaced.numUpdatedRows) !== ids.length) throw new Error('segments were merged by another');
  });
  await dropUnused(db, signal);
  return true;
}

/** Stores a segment in steps; it is used, and `atOnce` done, in the transaction after the last. */
async function makeSegment(
  db: Db,
  level: number,
  pieces: AsyncIterable<Piece>,
  signal: AbortSignal,
  atOnce: (trx: Db) => Promise<void>,
): Promise<void> {
  const { id } = await db
    .insertInto('file_segments')
    .values({ level, state: 'making' })
    .returning('id')
    .executeTakeFirstOrThrow();
  let batch: Piece[] = [];
  const store = async (): Promise<void> => {
    signal.throwIfAborted();
    if (batch.length === 0) return;
    const rows = batch.map(({ firstKey, number, bytes }) => ({
      segment_id: id,
      first_key: firstKey,
      number,
      bytes,
    }));
    await db.insertInto('file_pieces').values(rows).execute();
    batch = [];
  };
  for await (const piece of pieces) {
    batch.push(piece);
    if (batch.length === batchSize) await store();
  }
  await store();
  await transact(db, async (trx) => {
    await atOnce(trx);
    const made = await trx
      .updateTable('file_segments')
      .set({ state: 'used' })
      .where('id', '=', id)
      .where('state', '=', 'making')
      .executeTakeFirst();
    if (Number(made.numUpdatedRows) !== 1) throw new Error('the segment was removed by another');
  });
}

/** The entries of a segment, piece by piece. */
function sourceOf(db: Db, segment: number): EntrySource {
  let waiting: Array<{ first_key: number; bytes: Uint8Array }> = [];
  let last = { first_key: -1, number: -1 };
  return async () => {
    if (waiting.length === 0) {
      const rows = await db
        .selectFrom('file_pieces')
        .select(['first_key', 'number', 'bytes'])
        .where('segment_id', '=', segment)
        .where(sql<boolean>`(first_key, number) > (${last.first_key}, ${last.number})`)
        .orderBy('first_key')
        .orderBy('number')
        .limit(batchSize)
        .execute();
      last = rows.at(-1) ?? last;
      waiting = rows.reverse();
    }
    const next = waiting.pop();
    return next && readPiece({ firstKey: next.first_key, bytes: next.bytes });
  };
}

/** Removes the pieces of segments that nobody uses: those that were replaced, and those that a crash left unfinished. */
export async function dropUnused(db: Db, signal: AbortSignal): Promise<void> {
  const unused = await db.selectFrom('file_segments').select('id').where('state', '<>', 'used').execute();
  for (const { id } of unused) {
    for (let more = true; more;) {
      signal.throwIfAborted();
      // In steps: on SQLite all other writes wait for one.
      const step = await db
        .selectFrom('file_pieces')
        .select('first_key')
        .where('segment_id', '=', id)
        .orderBy('first_key')
        .orderBy('number')
        .limit(1)
        .offset(batchSize * 32)
        .executeTakeFirst();
      more = step !== undefined;
      await db
        .deleteFrom('file_pieces')
        .where('segment_id', '=', id)
        .$if(step !== undefined, (query) => query.where('first_key', '<=', step!.first_key))
        .execute();
    }
    await db.deleteFrom('file_segments').where('id', '=', id).execute();
  }
}

/** Layers that have a file of this key, by their digests: nearly always those, and only those, that have the file. */
export async function layersWithKey(db: Db, key: number): Promise<Digest[]> {
  const pieces = sql<{ first_key: number; bytes: Uint8Array }>`(
    select piece.first_key, piece.bytes from file_segments
    join file_pieces as piece on piece.segment_id = file_segments.id and piece.first_key <= ${key}
      and piece.first_key >= coalesce((select max(before.first_key) from file_pieces as before
        where before.segment_id = file_segments.id and before.first_key < ${key}), 0)
    where file_segments.state = 'used')`;
  const rows = await db.selectFrom(pieces.as('pieces')).select(['first_key', 'bytes']).execute();
  const ids = new Set<number>();
  for (const row of rows) {
    const { keys, layers } = readPiece({ firstKey: row.first_key, bytes: row.bytes });
    for (let at = lowest(keys, key); keys[at] === key; at += 1) ids.add(layers[at]!);
  }
  const found = await db
    .selectFrom('layer_files')
    .select('digest')
    .where('id', 'in', idsIn(db, [...ids]))
    .where('digest', 'is not', null)
    .execute();
  return found.map((row) => row.digest as Digest);
}

/** Index of the first key that is not below this one. */
function lowest(keys: Float64Array, key: number): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Forgets what layers contain whose bytes are gone.
 * @param before layers that were taken apart since are left alone
 * @returns how many
 */
export async function forgetLayers(db: Db, before: Date): Promise<number> {
  const gone = await db
    .selectFrom('layer_files')
    .select(['id', 'digest'])
    .where('digest', 'is not', null)
    .where(sql<boolean>`not exists (select 1 from blobs where blobs.digest = layer_files.digest)`)
    .execute();
  let forgotten = 0;
  for (const { id, digest } of gone) {
    await transact(db, async (trx) => {
      const removed = await trx
        .deleteFrom('layer_inventories')
        .where('digest', '=', digest!)
        .where('made_at', '<', before.getTime())
        .where(sql<boolean>`not exists (select 1 from blobs where blobs.digest = layer_inventories.digest)`)
        .executeTakeFirst();
      if (Number(removed.numDeletedRows) === 0) return;
      await trx.updateTable('layer_files').set({ digest: null }).where('id', '=', id).execute();
      forgotten += 1;
    });
  }
  return forgotten;
}
