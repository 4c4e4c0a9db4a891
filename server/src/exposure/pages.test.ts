import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { imagesBefore } from '../stores/image-places.ts';
import { rememberRepositoryNames } from '../stores/repository-names.ts';
import { pageOfPlaces } from './pages.ts';
import { sightOf } from './sight.ts';

/** More than are looked at first, so that every way of going on is gone. */
const many = 1500;

/** Which images are where, by their number: some among all others, some at one end. */
const where: Readonly<Record<string, (number: number) => boolean>> = {
  'all/images': () => true,
  'every/tenth': (number) => number % 10 === 3,
  'most/of-them': (number) => number % 10 < 7,
  'newest/ones': (number) => number > many - 300,
  'oldest/ones': (number) => number < 60,
};

/** In an empty database, where keys begin with 1. */
async function fill(db: Db): Promise<void> {
  const numbers = Array.from({ length: many }, (_, number) => number);
  const digest = (number: number) => digestOf(`image ${number}`);
  const bytes = new Uint8Array(1);
  const image = { format: inventoryFormat, complete: 1 as const, inventory: bytes, made_at: 0 };
  const rest = { media_type: '', kind: 'manifest' as const, size: 1, pushed_at: 0, bytes };
  const none = { pushed_by: null, subject: null, referrer: null, missing: null };
  for (const part of chunks(numbers, 500)) {
    const rows = part.map((number) => ({ digest: digest(number), ...image }));
    await db.insertInto('images').values(rows).execute();
  }
  for (const [index, [name, has]] of Object.entries(where).entries()) {
    const repositoryId = index + 1;
    await db.insertInto('repositories').values({ name, created_at: 0 }).execute();
    for (const part of chunks(numbers.filter(has), 500)) {
      const manifests = await db
        .insertInto('manifests')
        .values(
          part.map((number) => ({ repository_id: repositoryId, digest: digest(number), ...rest, ...none })),
        )
        .returning(['id', 'digest'])
        .execute();
      const keys = new Map(manifests.map((row) => [row.digest, row.id]));
      const places = part.map((number) => ({
        repository_id: repositoryId,
        image_id: number + 1,
        manifest_id: keys.get(digest(number))!,
      }));
      await db.insertInto('image_places').values(places).execute();
    }
  }
}

describe.each(testDatabases)('on $name pages', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  test('hold each place that may be seen once, the newest first, whoever looks and whatever is meant', async () => {
    const { db } = opened;
    await fill(db);
    const names = rememberRepositoryNames(db);
    const all = await imagesBefore(db, many + 1, many);
    expect([all[0], all.length]).toEqual([many, many]);

    const walk = async (
      candidates: Parameters<typeof pageOfPlaces>[1],
      visible: (repository: string) => boolean,
      limit: number,
    ) => {
      const places: string[] = [];
      const sight = await sightOf(names, visible);
      for (let last: string | undefined, more = true; more;) {
        const wish = { limit, ...(last !== undefined && { last }) };
        const page = await pageOfPlaces(db, candidates, wish, sight);
        places.push(...page.places.map(({ repository, imageId }) => `${imageId} ${repository}`));
        last = page.next;
        more = last !== undefined;
      }
      return places;
    };
    const expected = (isMeant: (id: number) => boolean, visible: (repository: string) => boolean) =>
      all.filter(isMeant).flatMap((id) =>
        Object.entries(where)
          .filter(([name, has]) => visible(name) && has(id - 1))
          .map(([name]) => `${id} ${name}`),
      );

    const meanings: ReadonlyArray<(id: number) => boolean> = [
      () => true,
      (id) => id % 2 === 1,
      (id) => id % 40 === 0,
      (id) => id < 30,
      () => false,
    ];
    const viewers: ReadonlyArray<(repository: string) => boolean> = [
      () => true,
      () => false,
      ...Object.keys(where).map((name) => (repository: string) => repository === name),
    ];
    for (const isMeant of meanings) {
      const meant = all.filter(isMeant);
      const holds = async (some: readonly number[]) => new Set(some.filter(isMeant));
      for (const visible of viewers) {
        const right = expected(isMeant, visible);
        for (const candidates of [{ images: meant }, { holds }, { holds, list: async () => meant }])
          expect(await walk(candidates, visible, 300)).toEqual(right);
      }
    }
    // where as many as fill a page stand first and no others come, the rest is looked through in few looks
    let looks = 0;
    const newest = async (some: readonly number[]) => {
      looks += 1;
      return new Set(some.filter((id) => id > many - 300));
    };
    const seesAll = await sightOf(names, (name) => name === 'all/images');
    const full = await pageOfPlaces(db, { holds: newest }, { limit: 300 }, seesAll);
    expect([full.places.length, full.next]).toEqual([300, undefined]);
    expect(looks).toBeLessThan(12);
    const byTens = await walk({ images: all }, (name) => name === 'every/tenth', 10);
    expect(byTens).toEqual(
      expected(
        () => true,
        (name) => name === 'every/tenth',
      ),
    );
  });
});
