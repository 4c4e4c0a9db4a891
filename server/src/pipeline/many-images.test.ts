import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import { changesOf } from '../stores/image-changes.ts';
import type { Placed } from '../stores/repositories.ts';
import { placesWithoutVerdict, putVerdicts, type NewVerdict } from '../stores/verdicts.ts';
import { invalidate, invalidateImages } from './follow.ts';
import { imagesOfJobs, judgeImagesJob, manyImages } from './image-jobs.ts';

const now = new Date(1000);
const serves = { serves: true, reasons: [], validUntil: Infinity };
const digestOfImage = (number: number): Digest => digestOf(Buffer.from(String(number)));

describe.each(testDatabases)('news about more images than are told one by one, on $name', (kind) => {
  let opened: TestDatabase;
  let db: Db;
  let memory: ReturnType<typeof createVerdictMemory>;
  /** keys of images of which every second one is in two repositories, and the last in none */
  let images: number[];
  let places: Placed[];

  beforeEach(async () => {
    opened = await kind.open();
    ({ db } = opened);
    memory = createVerdictMemory();
    await db
      .insertInto('repositories')
      .values(['team/one', 'team/two'].map((name) => ({ name, created_at: 0 })))
      .execute();
    const repositories = await db.selectFrom('repositories').select(['id', 'name']).orderBy('name').execute();
    const numbers = Array.from({ length: manyImages + 5 }, (_, number) => number);
    places = [];
    for (const some of chunks(numbers, 500)) {
      const row = { format: inventoryFormat, complete: 1, inventory: new Uint8Array(1), made_at: 0 };
      const stored = await db
        .insertInto('images')
        .values(some.map((number) => ({ digest: digestOfImage(number), ...row })))
        .returning(['id', 'digest'])
        .execute();
      const keys = new Map(stored.map(({ id, digest }) => [digest, id]));
      for (const [index, { id, name }] of repositories.entries()) {
        const here = some.filter((number) => number % 2 >= index && number !== numbers.length - 1);
        const common = {
          repository_id: id,
          media_type: '',
          kind: 'manifest' as const,
          size: 1,
          pushed_at: 0,
        };
        const rest = {
          pushed_by: null,
          subject: null,
          referrer: null,
          missing: null,
          bytes: new Uint8Array(1),
        };
        const manifests = await db
          .insertInto('manifests')
          .values(here.map((number) => ({ ...common, ...rest, digest: digestOfImage(number) })))
          .returning(['id', 'digest'])
          .execute();
        const found = manifests.map((one) => ({
          repository_id: id,
          image_id: keys.get(one.digest)!,
          manifest_id: one.id,
        }));
        await db.insertInto('image_places').values(found).execute();
        places.push(...here.map((number) => ({ repository: name, digest: digestOfImage(number) })));
      }
    }
    images = (await db.selectFrom('images').select('id').execute()).map(({ id }) => id);
  });
  afterEach(() => opened.close());

  const counts = async (place: Placed) => (await changesOf(db, place)).facts;
  const jobKeys = async (of: string) =>
    (await db.selectFrom('jobs').select('key').where('kind', '=', of).execute()).map(({ key }) => key).sort();

  test('ends every verdict there is of them, wherever they are, and in memory, with the transaction', async () => {
    const [first, last] = [places[0]!, places.at(-1)!];
    await transact(db, (trx) => invalidate(trx, memory, 'judge', [first], now));
    memory.set(last.repository, last.digest, serves, memory.mark());
    const cut = transact(db, async (trx) => {
      await invalidateImages(trx, memory, images, now, 'advisories');
      throw new Error('cut off');
    });
    await expect(cut).rejects.toThrow('cut off');
    expect(await counts(last)).toBe(0);
    expect(memory.get(last.repository, last.digest, 0)).toBe(serves);
    expect(await jobKeys(judgeImagesJob)).toEqual([]);

    const before = memory.mark();
    const told = await transact(db, (trx) => invalidateImages(trx, memory, images, now, 'advisories'));
    expect(told).toBe(places.length);
    expect(memory.get(last.repository, last.digest, 0)).toBeUndefined();
    // one that was being made of what was known before is not remembered either
    memory.set(last.repository, last.digest, serves, before);
    expect(memory.get(last.repository, last.digest, 0)).toBeUndefined();
    const rows = await db.selectFrom('image_changes').selectAll().orderBy('facts').execute();
    expect(rows).toHaveLength(places.length);
    expect(await counts(first)).toBe(2);
    // only of what was invalidated for another reason there is more to be looked at than advisories
    expect(rows.filter(({ beyond }) => beyond > 0)).toEqual([rows.at(-1)]);
    expect(rows.slice(0, -1).every(({ facts, evidence }) => facts === 1 && evidence === 0)).toBe(true);
  });

  test('asks for jobs that are about all of them, and once for those that wait', async () => {
    const ask = (some: readonly number[]) =>
      transact(db, (trx) => invalidateImages(trx, memory, some, now, 'advisories'));
    await ask(images);
    const waiting = await jobKeys(judgeImagesJob);
    await ask(images);
    expect(await jobKeys(judgeImagesJob)).toEqual(waiting);
    expect(new Set(waiting).size).toBe(waiting.length);
    const about = new Set(imagesOfJobs(waiting.map((key) => ({ key }))));
    expect(images.filter((id) => !about.has(id))).toEqual([]);
    expect(about.size).toBeLessThan(images.length + 200);
    expect(await jobKeys('judge')).toEqual([]);
  });

  test('finds where they are that have no verdict of now', async () => {
    const [first, second] = places as [Placed, Placed];
    const made = (place: Placed): NewVerdict => ({
      verdict: {
        ...place,
        purpose: 'pull',
        outcome: 'allow',
        decided: true,
        reasons: [],
        passed: [],
        at: now.toISOString(),
      },
      madeFrom: {},
      facts: 0,
      after: 0,
      results: null,
    });
    await transact(db, (trx) => putVerdicts(trx, [made(first), made(second)]));
    const text = ({ repository, digest }: Placed): string => `${repository}@${digest}`;
    const without = async (some: readonly number[]) =>
      (await placesWithoutVerdict(db, some, 'pull')).map(text).sort();
    const all = places.map(text);
    expect(await without(images)).toEqual(all.slice(2).sort());
    await transact(db, (trx) => invalidate(trx, memory, 'judge', [first], now, 'advisories'));
    expect(await without(images)).toEqual([all[0]!, ...all.slice(2)].sort());
    expect(await without([])).toEqual([]);
  });
});
