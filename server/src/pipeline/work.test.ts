import { expect, test } from 'vitest';
import { testDatabases } from '../db/testing/databases.ts';
import type { PipelineParts } from './parts.ts';
import { describeWork } from './work.ts';

test.each(testDatabases)(
  'on $name of policies that follow each other at once the last one is what all is judged by',
  async (kind) => {
    const opened = await kind.open();
    const { db } = opened;
    let digest = 'first';
    const parts = { db, policy: () => ({ digest }), now: () => new Date(0) } as unknown as PipelineParts;
    const { policyChanged } = describeWork(parts, 1);
    const sweeps = async () =>
      (await db.selectFrom('jobs').select('key').orderBy('id').execute()).map(({ key }) => key);
    await policyChanged();
    expect(await sweeps()).toEqual(['first']);
    await db.deleteFrom('jobs').execute();
    digest = 'second';
    const toSecond = policyChanged();
    digest = 'first';
    await Promise.all([toSecond, policyChanged()]);
    // where the second was noted at all, it was followed by the first
    expect((await sweeps()).at(-1) ?? 'first').toBe('first');
    await opened.close();
  },
);
