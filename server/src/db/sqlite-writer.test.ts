import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startThread, type SqliteThread } from './sqlite-thread.ts';
import { createWriter, type Writer } from './sqlite-writer.ts';
import { besides, urgently } from './urgency.ts';

let folder: string;
let thread: SqliteThread;
let writer: Writer;
/** what the thread has answered, and what callers were told */
let events: string[];

beforeEach(async () => {
  // A group ends after some time: how many share a commit would depend on how busy the machine is.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-writer-'));
  thread = await startThread({ role: 'writer', file: join(folder, 'test.db') });
  events = [];
  writer = createWriter({
    async send(wish) {
      const result = await thread.send(wish);
      if (wish.kind !== 'run') events.push(wish.kind);
      return result;
    },
  });
  await writer.write('create table t (n integer)', []);
  events = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await thread.close();
  await rm(folder, { recursive: true });
});

const insert = (n: number) => writer.write('insert into t (n) values (?)', [n]);
const count = (kind: string) => events.filter((event) => event === kind).length;

test('many at once share few commits, and each is told after its own', async () => {
  const works = Array.from({ length: 40 }, async (_, n) => {
    await insert(n);
    events.push('told');
  });
  await Promise.all(works);
  expect(count('begin')).toBe(40);
  expect(count('commit')).toBeLessThan(10);
  expect(events.indexOf('told')).toBeGreaterThan(events.indexOf('commit'));
  const result = await thread.send({ kind: 'run', sql: 'select count(*) as n from t', parameters: [] });
  expect(result?.rows).toEqual([{ n: 40 }]);
});

test('one alone is committed at once', async () => {
  await insert(1);
  await insert(2);
  expect(events).toEqual(['begin', 'release', 'commit', 'begin', 'release', 'commit']);
});

test('a group does not grow without end', async () => {
  const works = Array.from({ length: 450 }, (_, n) => insert(n));
  await Promise.all(works);
  expect(count('commit')).toBeGreaterThanOrEqual(4);
});

test('who waits for a commit does not keep the next from working', async () => {
  const first = await writer.take();
  await first.run('insert into t (n) values (1)', []);
  const committed = first.commit();
  const second = await writer.take();
  await second.run('insert into t (n) values (2)', []);
  await Promise.all([committed, second.commit()]);
  expect(count('begin')).toBe(2);
});

test('a thread that ends fails what waits and what comes', async () => {
  const turn = await writer.take();
  await thread.close();
  await expect(turn.run('select 1', [])).rejects.toThrow('CLOSED');
  await expect(turn.commit()).rejects.toThrow('CLOSED');
  await expect(insert(1)).rejects.toThrow('CLOSED');
});

test('what somebody waits for comes before what waits already, and its commit does not wait for others', async () => {
  const order: string[] = [];
  const note = (name: string) => () => order.push(name);
  const first = await writer.take();
  const others = [1, 2].map((n) => insert(n).then(note(`other ${n}`)));
  const pull = urgently(() => insert(3)).then(note('urgent'));
  await first.commit();
  await Promise.all([...others, pull]);
  expect(order).toEqual(['urgent', 'other 1', 'other 2']);
  // the first and the urgent one, then the others
  expect(count('commit')).toBe(2);
});

test('others have their turn however much is urgent, and what is set going by it is not', async () => {
  const order: string[] = [];
  const first = await writer.take();
  const works = [insert(0).then(() => order.push('other'))];
  for (let n = 1; n <= 20; n += 1) works.push(urgently(() => insert(n)).then(() => order.push('urgent')));
  works.push(urgently(() => besides(() => insert(21))).then(() => order.push('set going')));
  await first.commit();
  await Promise.all(works);
  expect(order.indexOf('other')).toBeLessThan(order.lastIndexOf('urgent'));
  expect(order.indexOf('set going')).toBeGreaterThan(order.indexOf('other'));
});
