import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from './testing/databases.ts';

describe.each(testDatabases)('$name', ({ open }) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  test('reads what was written', async () => {
    const { db } = opened;
    const row = { name: 'a', created_at: 2 ** 41 };
    await db.insertInto('repositories').values(row).execute();
    expect(await db.selectFrom('repositories').select(['name', 'created_at']).execute()).toEqual([row]);
  });
});
