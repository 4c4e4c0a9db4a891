import { addImage, byAlice } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { imagesInRepositories } from './image-places.ts';
import { packImage, putImage } from './images.ts';
import { incompleteImages } from './incomplete-images.ts';
import { rememberRepositoryNames } from './repository-names.ts';
import { placesByKey } from './search.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const inventory: ImageInventory = {
  format: inventoryFormat,
  complete: true,
  packages: [],
  problems: [],
  layers: [],
};
const at = new Date(0);

describe.each(testDatabases)('on $name the places of an image', (kind) => {
  let opened: TestDatabase;
  let db: Db;
  beforeEach(async () => {
    opened = await kind.open();
    ({ db } = opened);
  });
  afterEach(() => opened.close());

  const push = (trx: Db, repository: string) => addImage(createSqlCatalog(trx), repository, 'x');
  const inspect = async (trx: Db, digest: Digest) =>
    putImage(trx, digest, await packImage(inventory), [], at);
  const names = async () => {
    const rows = await db
      .selectFrom('image_places')
      .innerJoin('repositories', 'repositories.id', 'image_places.repository_id')
      .innerJoin('images', 'images.id', 'image_places.image_id')
      .select('name')
      .orderBy('name')
      .execute();
    return rows.map((row) => row.name);
  };

  test('tell which of those that may be seen could not be read whole, however many others could not', async () => {
    const catalog = createSqlCatalog(db);
    const pack = await packImage({ ...inventory, complete: false });
    for (const [repository, name] of [
      ['team/app', 'mine'],
      ['other/a', 'a'],
      ['other/b', 'b'],
    ] as const)
      await putImage(db, await addImage(catalog, repository, name), pack, [], at);
    const visible = (repository: string): boolean => repository === 'team/app';
    const seen = await incompleteImages(db, 1, await rememberRepositoryNames(db).seen(visible));
    expect((await placesByKey(db, seen)).map(({ repository }) => repository)).toEqual(['team/app']);
    expect(await incompleteImages(db, 5)).toHaveLength(3);
    expect(await incompleteImages(db, 5, [])).toEqual([]);
  });

  /** Runs the second while the first is done and not yet committed. */
  async function atOnce(first: (trx: Db) => Promise<unknown>, second: (trx: Db) => Promise<unknown>) {
    const [done, hold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = transact(db, async (trx) => {
      await first(trx);
      done.resolve();
      await hold.promise;
    });
    await done.promise;
    const other = transact(db, second);
    await pause(100);
    hold.resolve();
    await Promise.all([one, other]);
  }

  test('are known whether it was pushed or inspected first, and go with it', async () => {
    const digest = await push(db, 'a');
    expect(await names()).toEqual([]);
    await transact(db, (trx) => inspect(trx, digest));
    await push(db, 'b');
    await push(db, 'b');
    expect(await names()).toEqual(['a', 'b']);
    const known = rememberRepositoryNames(db);
    const seen = await known.seen((name) => name === 'b');
    expect(await imagesInRepositories(db, seen!)).toHaveLength(1);
    expect(await known.seen(() => true)).toBeUndefined();
    expect(await imagesInRepositories(db, [])).toEqual([]);
    await createSqlCatalog(db).deleteManifest('a', digest, byAlice(1));
    expect(await names()).toEqual(['b']);
    await db.deleteFrom('images').execute();
    expect(await names()).toEqual([]);
  });

  test('are known where it is inspected at the moment of a push elsewhere', async () => {
    const digest = await push(db, 'a');
    await atOnce(
      (trx) => push(trx, 'b'),
      (trx) => inspect(trx, digest),
    );
    expect(await names()).toEqual(['a', 'b']);
  });

  test('are known where it is pushed elsewhere at the moment of its inspection', async () => {
    const digest = await push(db, 'a');
    await atOnce(
      (trx) => inspect(trx, digest),
      (trx) => push(trx, 'b'),
    );
    expect(await names()).toEqual(['a', 'b']);
  });
});
