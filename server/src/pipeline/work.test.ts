import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import type { Job } from '../jobs/job.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import type { PipelineParts } from './parts.ts';
import { describeWork, type Work } from './work.ts';

describe.each(testDatabases)('judging all images by another policy, on $name', (kind) => {
  let opened: TestDatabase;
  let work: Work;
  /** the digest of the policy in force, and the time */
  let policy: string;
  let time: number;

  beforeEach(async () => {
    opened = await kind.open();
    const { db } = opened;
    const parts = { db, policy: () => ({ digest: policy }), now: () => new Date(time) };
    work = describeWork(parts as unknown as PipelineParts, 1);
    [policy, time] = ['first', 1000];
    await work.policyChanged();
  });
  afterEach(() => opened.close());

  async function sweeps(): Promise<readonly Job[]> {
    const asked = opened.db.selectFrom('jobs').select(['key', 'payload']).where('kind', '=', 'judge-all');
    const rows = await asked.orderBy('id').execute();
    return rows.map(({ key, payload }) => ({ key, payload: JSON.parse(payload) as unknown }) as Job);
  }

  test('is asked for by the last of policies that follow each other at once', async () => {
    expect(await sweeps()).toMatchObject([{ key: 'first 1000' }]);
    await opened.db.deleteFrom('jobs').execute();
    policy = 'second';
    const toSecond = work.policyChanged();
    policy = 'first';
    await Promise.all([toSecond, work.policyChanged()]);
    expect(await sweeps()).toMatchObject([{ key: 'first 1000' }]);
  });

  test('begins with the first image where a policy comes into force again that all were being judged by', async () => {
    await addImage(createSqlCatalog(opened.db), 'team/app', 'x');
    const [before] = await sweeps();
    for (const next of ['second', 'first']) {
      [policy, time] = [next, time + 1];
      await work.policyChanged();
    }
    const again = { key: 'first 1002', payload: 0 };
    expect(await sweeps()).toEqual([again]);
    // a step of the one before that ran meanwhile goes on by itself
    await work.quick['judge-all']!(before!, AbortSignal.timeout(60_000));
    expect(await sweeps()).toEqual([again, { key: before!.key, payload: expect.toSatisfy((id) => id > 0) }]);
  });
});
