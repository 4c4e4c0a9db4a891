import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { expect, test } from 'vitest';
import { testDatabases } from '../db/testing/databases.ts';
import type { Job } from '../jobs/job.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import type { PipelineParts } from './parts.ts';
import { askForAllScans, scanAll } from './scan.ts';

test.each(testDatabases)(
  'on $name a look at all images that is asked for while another goes on begins with the first of them',
  async (kind) => {
    const opened = await kind.open();
    const { db } = opened;
    await addImage(createSqlCatalog(db), 'team/app', 'x');
    let time = 1000;
    const scanners = { run: [{ name: 'test', repositories: ['other/**'] }] };
    const parts = {
      db,
      scans: {},
      policy: () => ({ config: { scanners } }),
      now: () => new Date(time),
    } as unknown as PipelineParts;
    const steps = async () => {
      const rows = await db.selectFrom('jobs').select(['key', 'payload']).orderBy('id').execute();
      return rows.map(({ key, payload }) => ({ key, payload: JSON.parse(payload) as unknown }) as Job);
    };
    try {
      await askForAllScans(parts);
      const [first] = await steps();
      time += 1;
      await askForAllScans(parts);
      expect(await steps()).toEqual([{ key: '1001', payload: 0 }]);
      // a step of the first look that ran meanwhile goes on by itself
      await scanAll(parts, first!);
      const next = { key: '1000', payload: expect.toSatisfy((id) => id > 0) };
      expect(await steps()).toEqual([{ key: '1001', payload: 0 }, next]);
    } finally {
      await opened.close();
    }
  },
);
