import { describeCatalogContract } from '@wharfinger/lib/catalog/catalog.contract';
import { testDatabases } from '../db/testing/databases.ts';
import { createSqlCatalog } from './sql-catalog.ts';

for (const { name, open } of testDatabases) {
  describeCatalogContract(`the catalog on ${name}`, async () => {
    const database = await open();
    return { catalog: createSqlCatalog(database.db), close: () => database.close() };
  });
}
