import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../../db/testing/databases.ts';
import { putLayerInventory } from '../layer-inventories.ts';
import { mergeEntries } from './merge-entries.ts';
import { fileKey, PieceWriter, readPiece, type Piece } from './pieces.ts';
import {
  addLayers,
  dropUnused,
  forgetLayers,
  layersToIndex,
  layersWithKey,
  mergeSegments,
} from './segments.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const { signal } = new AbortController();

/** Numbers from 0 to 1 that are the same each time. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const sortedKeys = (keys: Iterable<number>) => new Float64Array(new Set(keys)).sort();

async function allPieces(pieces: AsyncIterable<Piece>): Promise<Piece[]> {
  const all: Piece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

test('the key of a file is the first 48 bits of its digest', () => {
  expect(fileKey(Buffer.from('ffffffffffff01', 'hex'))).toBe(2 ** 48 - 1);
  expect(fileKey(Buffer.from('00000000000001ff', 'hex'), 2)).toBe(0x1ff);
});

test('pieces give back what was put into them, in order, each once', () => {
  const random = randomOf(1);
  const entries = Array.from({ length: 20_000 }, () => [
    Math.floor(random() * (random() < 0.5 ? 50 : 2 ** 48)),
    Math.floor(random() * 40_000) + 1,
  ]).sort(([one, first], [other, second]) => one! - other! || first! - second!);
  const writer = new PieceWriter();
  const pieces: Piece[] = [];
  for (const [key, layer] of entries) {
    for (let twice = 0; twice < 2; twice += 1)
      pieces.push(...[writer.add(key!, layer!)].filter((one) => one !== undefined));
  }
  pieces.push(writer.finish()!);
  expect(writer.finish()).toBeUndefined();
  expect(Math.max(...pieces.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(4400);
  expect(pieces.map(({ number }) => number)).toEqual(pieces.map((_, index) => index));
  const read = pieces.flatMap((piece) => {
    const { keys, layers } = readPiece(piece);
    return [...keys].map((key, index) => [key, layers[index]]);
  });
  const once = entries.filter(
    ([key, layer], index) => key !== entries[index - 1]?.[0] || layer !== entries[index - 1]?.[1],
  );
  expect(read).toEqual(once);
});

test('a piece that ends within a number is refused', () => {
  expect(() => readPiece({ firstKey: 0, bytes: Buffer.from([0, 0x80]) })).toThrow(/ends within/);
});

test('merging leaves out layers that are gone', async () => {
  const one = { keys: new Float64Array([1, 5]), layers: new Float64Array([1, 1]) };
  const other = { keys: new Float64Array([1, 2]), layers: new Float64Array([2, 2]) };
  const sources = [one, other, undefined].map((entries) => {
    let left = entries;
    return async () => {
      const given = left;
      left = undefined;
      return given;
    };
  });
  const [piece] = await allPieces(mergeEntries(sources, (layer) => layer !== 1));
  expect([...readPiece(piece!).keys]).toEqual([1, 2]);
});

describe.each(testDatabases)('the index of files on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const layerOf = (index: number): Digest => digestOf(`layer ${index}`);
  const segments = () => opened.db.selectFrom('file_segments').select(['level', 'state']).execute();
  const pieces = async () =>
    (await opened.db.selectFrom('file_pieces').select('segment_id').execute()).map((row) => row.segment_id);

  test('finds what a search of all layers finds, however often it was merged', async () => {
    const { db } = opened;
    const random = randomOf(2);
    const layers = Array.from({ length: 70 }, (_, index) => ({
      digest: layerOf(index),
      // Some files are in most layers, so that their lists are longer than a piece when merged.
      keys: sortedKeys(
        Array.from({ length: 800 }, () => Math.floor(random() < 0.3 ? random() * 300 : random() * 2 ** 48)),
      ),
      complete: true,
    }));
    for (const layer of layers) {
      await addLayers(db, [layer], signal);
      while (await mergeSegments(db, signal));
    }
    expect((await segments()).map(({ level }) => level).toSorted((one, other) => one - other)).toEqual([
      0, 0, 0, 0, 0, 0, 2,
    ]);
    const asked = [0, 1, 17, 299, 300, 2 ** 48 - 1, ...layers.map(({ keys }) => keys[700]!)];
    for (const key of asked) {
      const expected = layers.filter(({ keys }) => keys.includes(key)).map(({ digest }) => digest);
      expect((await layersWithKey(db, key)).sort()).toEqual(expected.sort());
    }
  });

  test('finds all layers where one file fills several pieces', async () => {
    const { db } = opened;
    const layers = Array.from({ length: 3000 }, (_, index) => ({
      digest: layerOf(index),
      keys: new Float64Array([7, 9]),
      complete: true,
    }));
    await addLayers(db, layers, signal);
    expect((await pieces()).length).toBeGreaterThan(2);
    for (const key of [7, 9]) expect(await layersWithKey(db, key)).toHaveLength(3000);
    expect(await layersWithKey(db, 8)).toEqual([]);
  });

  test('a layer waits from when it was taken apart until its files are found', async () => {
    const { db } = opened;
    const digest = layerOf(1);
    await putLayerInventory(db, digest, { format: 1, packed: Buffer.from('a') }, at);
    expect(await layersToIndex(db, 10)).toEqual([digest]);
    await addLayers(db, [{ digest, keys: new Float64Array([5]), complete: false }], signal);
    expect(await layersToIndex(db, 10)).toEqual([]);
    expect(await layersWithKey(db, 5)).toEqual([digest]);
  });

  test('an interruption loses nothing, and what it left is removed', async () => {
    const { db } = opened;
    const layers = Array.from({ length: 8 }, (_, index) => ({
      digest: layerOf(index),
      keys: new Float64Array([index, 100]),
      complete: true,
    }));
    for (const layer of layers) await addLayers(db, [layer], signal);
    await expect(mergeSegments(db, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(await layersWithKey(db, 100)).toHaveLength(8);
    expect((await segments()).filter(({ state }) => state === 'making')).toHaveLength(1);
    await dropUnused(db, signal);
    expect(await mergeSegments(db, signal)).toBe(true);
    expect(await segments()).toEqual([{ level: 1, state: 'used' }]);
    expect(new Set(await pieces()).size).toBe(1);
    expect(await layersWithKey(db, 100)).toHaveLength(8);
  });

  test('forgets layers whose bytes are gone, and finds them again when they come back', async () => {
    const { db } = opened;
    const [kept, gone] = [layerOf(1), layerOf(2)];
    await db.insertInto('blobs').values({ digest: kept, size: 1, location: 'here' }).execute();
    for (const digest of [kept, gone])
      await putLayerInventory(db, digest, { format: 1, packed: Buffer.from('a') }, at);
    const keys = new Float64Array([5]);
    const both = [kept, gone].map((digest) => ({ digest, keys, complete: true }));
    await addLayers(db, both, signal);
    expect(await forgetLayers(db, at)).toBe(0);
    expect(await forgetLayers(db, new Date(at.getTime() + 1))).toBe(1);
    expect(await layersWithKey(db, 5)).toEqual([kept]);
    await addLayers(db, both, signal);
    expect((await layersWithKey(db, 5)).sort()).toEqual([kept, gone].sort());
  });
});
