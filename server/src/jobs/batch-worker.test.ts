import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { startBatchWorker, type BatchHandler } from './batch-worker.ts';
import { claimBatch, firstTurns } from './claim.ts';
import { enqueue } from './enqueue.ts';
import type { Worker } from './worker.ts';

const now = () => new Date();

describe.each(testDatabases)('jobs that are done many at once, on $name', (kind) => {
  let opened: TestDatabase;
  let worker: Worker | undefined;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(async () => {
    await worker?.stop(1000);
    worker = undefined;
    await opened.close();
  });

  const ask = (namespace: string, ...keys: readonly string[]) =>
    transact(opened.db, (trx) =>
      enqueue(
        trx,
        keys.map((key) => ({ kind: 'judge', key, namespace })),
        now(),
      ),
    );
  const left = async () =>
    (await opened.db.selectFrom('jobs').select(['key', 'state']).orderBy('key').execute()).map(
      ({ key, state }) => `${key} ${state}`,
    );
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const start = (handler: BatchHandler, onError: (error: unknown) => void = () => {}) => {
    worker = startBatchWorker({ db: opened.db, kind: 'judge', handler, size: 10, now, onError, pollMs: 50 });
  };

  test('are taken in equal parts from the namespaces, however many jobs one of them has', async () => {
    await ask('large', ...Array.from({ length: 40 }, (_, index) => `large-${index}`));
    await ask('small', 'small-1', 'small-2');
    await ask('other', ...Array.from({ length: 9 }, (_, index) => `other-${index}`));
    const turns = firstTurns();
    const options = { kind: 'judge', limit: 12, leaseMs: 1000, now: now() };
    const batch = (await claimBatch(opened.db, turns, options))!;
    const count = (namespace: string) => batch.jobs.filter((job) => job.namespace === namespace).length;
    expect([count('large'), count('small'), count('other')]).toEqual([4, 2, 4]);
    const next = (await claimBatch(opened.db, turns, options))!;
    expect(new Set(next.jobs.map((job) => job.namespace))).toEqual(new Set(['large', 'other']));
    expect(next.lease).not.toBe(batch.lease);
  });

  test('are gone with the transaction that did them; what is asked for meanwhile is done again', async () => {
    await ask('a', 'a-1', 'a-2');
    const seen: string[] = [];
    start(async (jobs, complete) => {
      seen.push(...jobs.map(({ key }) => key));
      if (seen.length <= 2) await ask('a', 'a-2');
      await transact(opened.db, (trx) => complete(trx, jobs));
    });
    await until(async () => (await left()).length === 0);
    expect(seen.sort()).toEqual(['a-1', 'a-2', 'a-2']);
  });

  test('of which one cannot be done are done all the same, and that one is tried again later', async () => {
    await ask('a', 'a-1', 'bad', 'c-1');
    const errors: unknown[] = [];
    start(
      async (jobs, complete) => {
        if (jobs.some(({ key }) => key === 'bad')) throw new Error('cannot be done');
        await transact(opened.db, (trx) => complete(trx, jobs));
      },
      (error) => errors.push(error),
    );
    await until(async () => (await left()).join() === 'bad delayed');
    expect(errors.length).toBeGreaterThan(0);
  });
});
