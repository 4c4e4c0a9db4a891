import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { expect, test } from 'vitest';
import { createPolicy } from '../access/policy.ts';
import { loadConfig } from '../config/load.ts';
import type { Db } from '../db/schema.ts';
import { testDatabases } from '../db/testing/databases.ts';
import { judgementAt } from '../stores/judgements.ts';
import { createEditions } from './editions.ts';

test.each(testDatabases)(
  'on $name what is asked for at once is one edition, however long one who asked had to wait for the database',
  async (kind) => {
    const opened = await kind.open();
    let time = 1000;
    const policy = createPolicy(await loadConfig({}), loadStandardCollection(), {});
    const editionsOn = (db: Db) => createEditions({ db, policy: () => policy, now: () => new Date(time) });

    const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slowly: Parameters<Db['withPlugin']>[0] = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        asked.resolve();
        await go.promise;
        return result;
      },
    };
    const late = editionsOn(opened.db.withPlugin(slowly)).current();
    await asked.promise;
    time += 10;
    const first = await editionsOn(opened.db).current();
    const decided = await judgementAt(opened.db, new Date(time));
    go.resolve();
    expect(await late).toEqual(first);
    expect(first.version).toBe(1);
    expect(await judgementAt(opened.db, new Date(time))).toEqual(decided);
    await opened.close();
  },
);
