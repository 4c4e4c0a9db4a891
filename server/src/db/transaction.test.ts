import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { openDatabase } from './open.ts';
import { testDatabases, type TestDatabase } from './testing/databases.ts';
import { afterCommit, transact } from './transaction.ts';

describe.each(testDatabases)('a transaction on $name', (kind) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await kind.open();
  });
  afterAll(() => opened.close());

  const add = (name: string) => (trx: TestDatabase['db']) =>
    trx.insertInto('repositories').values({ name, created_at: 0 }).execute();
  const has = async (name: string) =>
    (await opened.db.selectFrom('repositories').select('id').where('name', '=', name).execute()).length === 1;

  test('calls what is to follow when it is durable, in order, and not when it is rolled back', async () => {
    const seen: string[] = [];
    await transact(opened.db, async (trx) => {
      afterCommit(trx, () => seen.push('first'));
      await transact(trx, async (inner) => {
        afterCommit(inner, () => seen.push('second'));
      });
      await add('a')(trx);
      seen.push('body');
    });
    expect(seen).toEqual(['body', 'first', 'second']);
    const failing = transact(opened.db, async (trx) => {
      afterCommit(trx, () => seen.push('never'));
      await add('b')(trx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(seen).not.toContain('never');
    expect(await has('a')).toBe(true);
    expect(await has('b')).toBe(false);
  });

  test('sees sizes and times beyond 32 bits as numbers', async () => {
    const at = Date.UTC(2026, 0, 1);
    await opened.db.insertInto('repositories').values({ name: 'c', created_at: at }).execute();
    const row = await opened.db
      .selectFrom('repositories')
      .select('created_at')
      .where('name', '=', 'c')
      .executeTakeFirst();
    expect(row).toEqual({ created_at: at });
  });

  test('text is ordered by its bytes', async () => {
    const words = ['b', 'B', 'a-1', 'a.1', 'a', '_z', 'é', '1'];
    await transact(opened.db, (trx) =>
      trx
        .insertInto('settings')
        .values(words.map((key) => ({ key, value: '1' })))
        .execute(),
    );
    const rows = await opened.db.selectFrom('settings').select('key').orderBy('key').execute();
    expect(rows.map((row) => row.key)).toEqual(
      words.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
    );
  });
});

describe.each(testDatabases)('the schema on $name', (kind) => {
  test('is there already when it is opened again, and refused when it is newer', async () => {
    const opened = await kind.open();
    await opened.db.destroy();
    const again = await openDatabase(opened.where);
    await sql`insert into migrations (name) values ('9999-future')`.execute(again.db);
    await again.close();
    await expect(openDatabase(opened.where)).rejects.toThrow('9999-future');
    await opened.close();
  });
});

describe.each(testDatabases.filter((one) => one.kind === 'postgres'))(
  'several processes on $name',
  (kind) => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await kind.open();
    });
    afterAll(() => opened.close());

    test('a transaction that PostgreSQL ends for another is tried again', async () => {
      for (const name of ['x', 'y']) {
        await opened.db.insertInto('repositories').values({ name, created_at: 0 }).execute();
      }
      let runs = 0;
      const both = Promise.withResolvers<void>();
      const lockBoth = (first: string, second: string) =>
        transact(opened.db, async (trx) => {
          runs += 1;
          const lock = (name: string) =>
            trx.updateTable('repositories').set({ created_at: runs }).where('name', '=', name).execute();
          await lock(first);
          if (runs === 2) both.resolve();
          await both.promise;
          await lock(second);
        });
      await Promise.all([lockBoth('x', 'y'), lockBoth('y', 'x')]);
      expect(runs).toBe(3);
    });

    test('the schema is made once, however many start together', async () => {
      await sql`drop schema public cascade`.execute(opened.db);
      await sql`create schema public`.execute(opened.db);
      const all = await Promise.all(Array.from({ length: 4 }, () => openDatabase(opened.where)));
      for (const one of all) await one.close();
      const { rows } = await sql`select name from migrations`.execute(opened.db);
      expect(rows.length).toBeGreaterThan(2);
    });
  },
);
