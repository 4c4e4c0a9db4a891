import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../db/open.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { releaseAllLeases } from './claim.ts';
import { enqueue } from './enqueue.ts';
import { countJobs } from './dead-jobs.ts';
import { startWorker, type JobHandler, type Worker } from './worker.ts';

const work = (key: string) => ({ kind: 'work', key, namespace: 'n' });
const never = 2 ** 30;

describe.each(testDatabases)('a worker on $name', (kind) => {
  let opened: TestDatabase;
  let worker: Worker | undefined;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(async () => {
    await worker?.stop(0);
    worker = undefined;
    await opened.close();
  });

  function begin(handler: JobHandler, database: Database = opened, errors: unknown[] = [], pollMs = never) {
    worker = startWorker({
      db: database.db,
      handlers: { work: handler },
      concurrency: 2,
      now: () => new Date(),
      onError: (error) => errors.push(error),
      pollMs,
    });
    return worker;
  }

  test('wakes when a job is durable, without a poll, and does each once', async () => {
    const done: string[] = [];
    const all = Promise.withResolvers<void>();
    begin(async ({ key }) => {
      done.push(key);
      if (done.length === 20) all.resolve();
    });
    for (let n = 0; n < 20; n += 1) {
      await transact(opened.db, (trx) => enqueue(trx, [work(`k${n}`)], new Date()));
    }
    await all.promise;
    await worker!.stop(never);
    expect(done.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `k${n}`).toSorted());
    expect(await countJobs(opened.db)).toEqual([]);
  });

  test('runs no more at a time than it was told', async () => {
    let atOnce = 0;
    let most = 0;
    let finished = 0;
    const all = Promise.withResolvers<void>();
    const jobs = Array.from({ length: 10 }, (_, n) => work(`k${n}`));
    await enqueue(opened.db, jobs, new Date());
    begin(async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
      finished += 1;
      if (finished === jobs.length) all.resolve();
    });
    await all.promise;
    expect(most).toBe(2);
  });

  test('tells of what fails and tries it again', async () => {
    const errors: unknown[] = [];
    const second = Promise.withResolvers<number>();
    begin(
      async ({ attempt }) => {
        if (attempt === 1) throw new Error('not yet');
        second.resolve(attempt);
      },
      opened,
      errors,
      20,
    );
    await enqueue(opened.db, [work('a')], new Date());
    expect(await second.promise).toBe(2);
    expect(errors).toEqual([new Error('not yet')]);
  });

  /** A worker in the midst of one job. */
  async function inTheMidst() {
    const [begun, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const state = { aborted: false, end: ending.resolve };
    begin(async (_, signal) => {
      signal.addEventListener('abort', () => (state.aborted = true));
      begun.resolve();
      await ending.promise;
    });
    await enqueue(opened.db, [work('a')], new Date());
    await begun.promise;
    return state;
  }
  const left = () => opened.db.selectFrom('jobs').select(['key', 'state', 'attempts']).execute();

  test('that stops lets its jobs end', async () => {
    const state = await inTheMidst();
    const stopped = worker!.stop(never);
    state.end();
    await stopped;
    expect([state.aborted, await left()]).toEqual([false, []]);
  });

  test('that stops gives back, uncounted, what does not end in time', async () => {
    const state = await inTheMidst();
    await worker!.stop(20);
    expect([state.aborted, await left()]).toEqual([true, [{ key: 'a', state: 'ready', attempts: 0 }]]);
  });

  test('that is killed in the middle leaves its job to the next one', async () => {
    await enqueue(opened.db, [work('a')], new Date());
    // An embedded database is open in one process at a time.
    await opened.db.destroy();
    const { where } = opened;
    const script = join(import.meta.dirname, 'testing', 'hanging-worker.ts');
    const child = spawn(process.execPath, [script, where], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const database = await openDatabase(where);
    expect(await countJobs(database.db)).toEqual([{ kind: 'work', state: 'running', count: 1 }]);
    const done = Promise.withResolvers<number>();
    begin(async ({ attempt }) => done.resolve(attempt), database, [], 50);
    if (kind.kind === 'sqlite') await releaseAllLeases(database.db, new Date());
    expect(await done.promise).toBe(2);
    await worker!.stop(never);
    expect(await countJobs(database.db)).toEqual([]);
    await database.close();
  });
});
