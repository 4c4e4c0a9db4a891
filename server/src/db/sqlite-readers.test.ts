import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReaders } from './sqlite-readers.ts';
import { startThread, type SqliteThread } from './sqlite-thread.ts';
import { urgently } from './urgency.ts';

const ask = (sql: string) => ({ kind: 'run' as const, sql, parameters: [] });
const short = 'select n from t';

/** A thread that answers what it was asked when it is told to, in the order in which it was asked. */
function slowThread(name: string) {
  const asked: Array<() => void> = [];
  const thread: SqliteThread = {
    send: () => new Promise((resolve) => asked.push(() => resolve({ rows: [{ by: name }], changes: 0 }))),
    isBusy: () => asked.length > 0,
    close: async () => {},
  };
  return { thread, answerOne: () => asked.shift()?.() };
}

test('what is urgent waits for nothing that others have asked for, and what is not waits its turn', async () => {
  const [first, second] = [slowThread('first'), slowThread('second')];
  const another = Promise.withResolvers<SqliteThread>();
  let started = 0;
  const readers = createReaders(first.thread, () => {
    started += 1;
    return another.promise;
  });
  const read = async () => (await readers.send(ask(short)))?.rows;

  // nobody is in the way
  const alone = urgently(read);
  first.answerOne();
  expect([await alone, started]).toEqual([[{ by: 'first' }], 0]);

  // until there is another one, the first answers all there is
  const others = read();
  const early = urgently(read);
  expect(started).toBe(1);
  another.resolve(second.thread);
  first.answerOne();
  first.answerOne();
  expect([await others, await early]).toEqual([[{ by: 'first' }], [{ by: 'first' }]]);

  const long = read();
  const next = read();
  const urgent = urgently(read);
  second.answerOne();
  expect(await urgent).toEqual([{ by: 'second' }]);
  first.answerOne();
  first.answerOne();
  expect([await long, await next, started]).toEqual([[{ by: 'first' }], [{ by: 'first' }], 1]);
  await readers.close();
});

test('both threads read what is committed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-readers-'));
  const file = join(folder, 'test.db');
  const writer = await startThread({ role: 'writer', file });
  await writer.send(ask('create table t (n integer)'));
  const made: Array<Promise<SqliteThread>> = [];
  const startReader = () => {
    made.push(startThread({ role: 'reader', file }));
    return made.at(-1)!;
  };
  const readers = createReaders(await startReader(), startReader);
  try {
    const both = () => [readers.send(ask(short)), urgently(() => readers.send(ask(short)))];
    await Promise.all(both());
    await Promise.all(made);
    expect(made).toHaveLength(2);
    await writer.send(ask('insert into t (n) values (1)'));
    for (const result of await Promise.all(both())) expect(result?.rows).toEqual([{ n: 1 }]);
  } finally {
    await readers.close();
    await writer.close();
    await rm(folder, { recursive: true });
  }
});

test('where no other can be started, the first answers what is urgent too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-readers-'));
  const file = join(folder, 'test.db');
  const first = await startThread({ role: 'writer', file });
  const readers = createReaders(first, () => Promise.reject(new Error('no thread')));
  try {
    const before = readers.send(ask('select 2 as n'));
    const urgent = await urgently(() => readers.send(ask('select 1 as n')));
    expect(urgent?.rows).toEqual([{ n: 1 }]);
    expect((await before)?.rows).toEqual([{ n: 2 }]);
  } finally {
    await readers.close();
    await rm(folder, { recursive: true });
  }
});
