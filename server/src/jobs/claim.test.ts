import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { claimJobs, firstTurns, makeDueReady, releaseAllLeases, type Claim, type Turns } from './claim.ts';
import { countJobs, deadJobsOf, listDeadJobs, retryDeadJobs } from './dead-jobs.ts';
import { enqueue } from './enqueue.ts';
import { namespaceOf, type JobRequest } from './job.ts';
import { backoffMs, completeJob, failJob, renewLeases } from './settle.ts';

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000);
const work = (key: string, rest: Partial<JobRequest> = {}): JobRequest => ({
  kind: 'work',
  key,
  namespace: 'team',
  ...rest,
});

test('a repository belongs to the namespace of its first component', () => {
  expect([namespaceOf('team/app/x'), namespaceOf('alone')]).toEqual(['team', 'alone']);
});

describe.each(testDatabases)('jobs on $name', (kind) => {
  let opened: TestDatabase;
  let turns: Turns;
  beforeEach(async () => {
    opened = await kind.open();
    turns = firstTurns();
  });
  afterEach(() => opened.close());

  const claim = (limit: number, seconds: number): Promise<Claim[]> =>
    claimJobs(opened.db, turns, { kinds: ['work'], limit, leaseMs: 10_000, now: at(seconds) });
  const keysOf = (claims: readonly Claim[]) => claims.map(({ job }) => job.key);

  test('are there if what caused them is, and not if it was rolled back', async () => {
    const { db } = opened;
    const failing = transact(db, async (trx) => {
      await enqueue(trx, [work('never')], at(0));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await transact(db, (trx) => enqueue(trx, [work('a', { payload: { n: 1 } })], at(0)));
    const [one, ...others] = await claim(10, 0);
    expect(others).toEqual([]);
    expect(one?.job).toMatchObject({ key: 'a', payload: { n: 1 }, attempt: 1, namespace: 'team' });
  });

  test('of other kinds are left to other workers', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { priority: 1 }), { ...work('b', { priority: 2 }), kind: 'rest' }], at(0));
    expect(keysOf(await claim(10, 0))).toEqual(['a']);
    const rest = { kinds: ['rest'], limit: 10, leaseMs: 10_000, now: at(0) };
    expect(keysOf(await claimJobs(db, turns, rest))).toEqual(['b']);
  });

  test('of one key are not doubled; the later payload and the higher priority count', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { payload: 1, priority: 5 }), work('b', { priority: 3 })], at(0));
    await enqueue(db, [work('a', { payload: 2, priority: 1 })], at(1));
    const claims = await claim(10, 1);
    expect(claims.map(({ job }) => [job.key, job.payload])).toEqual([
      ['a', 2],
      ['b', null],
    ]);
  });

  test('asked for while they run, run once more afterwards, never at the same time', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { payload: 1 })], at(0));
    const [first] = await claim(10, 0);
    await enqueue(db, [work('a', { payload: 2 })], at(1));
    expect(await claim(10, 1)).toEqual([]);
    await completeJob(db, first!, at(2));
    const [second] = await claim(10, 2);
    expect(second?.job).toMatchObject({ key: 'a', payload: 2, attempt: 1 });
    await completeJob(db, second!, at(3));
    expect(await countJobs(db)).toEqual([]);
  });

  test('are shared between namespaces, higher priorities first', async () => {
    const { db } = opened;
    const many = Array.from({ length: 5 }, (_, n) => work(`big${n}`, { namespace: 'big' }));
    await enqueue(db, many, at(0));
    await enqueue(db, [work('s1', { namespace: 'small' }), work('t1', { namespace: 'tiny' })], at(0));
    await enqueue(db, [work('urgent', { namespace: 'zoo', priority: 9 })], at(0));
    const order: string[] = [];
    for (let round = 0; round < 3; round += 1) order.push(...keysOf(await claim(2, 0)));
    expect(order).toEqual(['urgent', 'big0', 's1', 't1', 'big1', 'big2']);
  });

  test('of several kinds take turns where their priority is the same', async () => {
    const { db } = opened;
    const jobs = ['rest', 'play', 'work'].flatMap((kind) =>
      [1, 2, 3].map((n) => ({ ...work(`${kind}${n}`), kind, priority: kind === 'work' ? 1 : 0 })),
    );
    await enqueue(db, jobs, at(0));
    const options = { kinds: ['play', 'rest', 'work'], limit: 1, leaseMs: 10_000, now: at(0) };
    const order: string[] = [];
    for (let n = 0; n < 9; n += 1) order.push(...keysOf(await claimJobs(db, turns, options)));
    const shared = ['play1', 'rest1', 'play2', 'rest2', 'play3', 'rest3'];
    expect(order).toEqual(['work1', 'work2', 'work3', ...shared]);
  });

  test('wait until their time', async () => {
    const { db } = opened;
    await enqueue(db, [work('later', { runAfter: at(60) })], at(0));
    await makeDueReady(db, at(59));
    expect(await claim(1, 59)).toEqual([]);
    await makeDueReady(db, at(60));
    expect(keysOf(await claim(1, 60))).toEqual(['later']);
  });

  test('that fail wait longer each time, and are dead in the end, with the error kept', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { maxAttempts: 2 })], at(0));
    const [first] = await claim(1, 0);
    await failJob(db, first!, new Error('broken'), at(0));
    expect(await claim(1, 0)).toEqual([]);
    await makeDueReady(db, new Date(start + backoffMs(1) - 1));
    expect(await claim(1, 1)).toEqual([]);
    await makeDueReady(db, new Date(start + backoffMs(1)));
    const [second] = await claim(1, 1);
    expect(second?.job.attempt).toBe(2);
    await failJob(db, second!, new Error('broken again'), at(2));
    await makeDueReady(db, at(100_000));
    expect(await claim(1, 100_000)).toEqual([]);
    const [dead] = await listDeadJobs(db, { limit: 10 });
    expect(dead).toMatchObject({ kind: 'work', key: 'a', attempts: 2 });
    expect(dead?.error).toContain('broken again');
    expect(dead?.asked).toEqual(at(0));
    expect(await retryDeadJobs(db, dead!.id, at(3))).toBe(1);
    expect(await retryDeadJobs(db, dead!.id, at(3))).toBe(0);
    expect((await claim(1, 3))[0]?.job.attempt).toBe(1);
  });

  test('backs off exponentially, an hour at most', () => {
    expect([1, 2, 3, 100].map(backoffMs)).toEqual([1000, 2000, 4000, 3_600_000]);
  });

  test('that are dead are listed page by page, found by what they are about, and tried again all at once', async () => {
    const { db } = opened;
    const keys = ['a', 'b', 'c'];
    await enqueue(db, [...keys.map((key) => work(key, { maxAttempts: 1 })), work('alive')], at(0));
    for (const one of await claim(4, 0))
      if (one.job.key !== 'alive') await failJob(db, one, new Error(`broken ${one.job.key}`), at(0));
    const first = await listDeadJobs(db, { limit: 2 });
    const rest = await listDeadJobs(db, { after: first.at(-1)!.id, limit: 2 });
    expect([...first, ...rest].map(({ key }) => key)).toEqual(keys);
    expect(await deadJobsOf(db, ['work', 'other'], 'b')).toEqual([
      { id: first[1]!.id, kind: 'work', attempts: 1 },
    ]);
    expect(await deadJobsOf(db, ['work'], 'alive')).toEqual([]);
    expect(await deadJobsOf(db, ['other'], 'b')).toEqual([]);
    expect(await countJobs(db)).toEqual([
      { kind: 'work', state: 'dead', count: 3 },
      { kind: 'work', state: 'running', count: 1 },
    ]);
    expect(await retryDeadJobs(db, undefined, at(1))).toBe(3);
    expect(keysOf(await claim(10, 1))).toEqual(keys);
  });

  test('that are dead live again when they are asked for again', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { maxAttempts: 1 })], at(0));
    await failJob(db, (await claim(1, 0))[0]!, new Error('broken'), at(0));
    await enqueue(db, [work('a')], at(1));
    expect((await claim(1, 1))[0]?.job.attempt).toBe(1);
  });

  test('of a worker that lost its lease run again, and what it says counts no more', async () => {
    const { db } = opened;
    await enqueue(db, [work('a')], at(0));
    const [lost] = await claim(1, 0);
    expect(await renewLeases(db, [lost!], at(20))).toEqual([]);
    await makeDueReady(db, at(19));
    expect(await claim(1, 19)).toEqual([]);
    await makeDueReady(db, at(20));
    const [taken] = await claim(1, 20);
    expect(taken?.job).toMatchObject({ key: 'a', attempt: 2 });
    expect(await renewLeases(db, [lost!, taken!], at(40))).toEqual([lost]);
    await completeJob(db, lost!, at(21));
    await failJob(db, lost!, new Error('late'), at(21));
    expect(await countJobs(db)).toEqual([{ kind: 'work', state: 'running', count: 1 }]);
    await completeJob(db, taken!, at(22));
    expect(await countJobs(db)).toEqual([]);
  });

  test('that crash their worker each time are dead in the end', async () => {
    const { db } = opened;
    await enqueue(db, [work('a', { maxAttempts: 2 })], at(0));
    for (const attempt of [1, 2]) {
      expect((await claim(1, 0))[0]?.job.attempt).toBe(attempt);
      await releaseAllLeases(db, at(0));
    }
    expect(await claim(1, 0)).toEqual([]);
    expect(await countJobs(db)).toEqual([{ kind: 'work', state: 'dead', count: 1 }]);
  });

  test('are each handed to one worker, however many ask at once', async () => {
    const { db } = opened;
    const jobs = Array.from({ length: 60 }, (_, n) => work(`k${n}`, { namespace: `n${n % 7}` }));
    await enqueue(db, jobs, at(0));
    const claimed: string[] = [];
    const worker = async (): Promise<void> => {
      const own = firstTurns();
      for (;;) {
        const claims = await claimJobs(db, own, { kinds: ['work'], limit: 3, leaseMs: 10_000, now: at(0) });
        if (claims.length === 0) return;
        claimed.push(...keysOf(claims));
        for (const one of claims) await completeJob(db, one, at(0));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expect(claimed.toSorted()).toEqual(jobs.map((job) => job.key).toSorted());
    expect(await countJobs(db)).toEqual([]);
  });
});
