import { describeCatalogContract } from '@wharfinger/lib/catalog/catalog.contract';
import { afterAll, beforeAll, describe } from 'vitest';
import { emptyCatalog, testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createSqlCatalog } from './sql-catalog.ts';

describe.each(testDatabases)('$name', (kind) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await kind.open();
  });
  afterAll(() => opened.close());

  describeCatalogContract(`the catalog on ${kind.name}`, async () => {
    await emptyCatalog(opened.db);
    return { catalog: createSqlCatalog(opened.db), close: async () => {} };
  });
});
