import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReaders } from './sqlite-readers.ts';
import { startThread } from './sqlite-thread.ts';
import { urgently } from './urgency.ts';

const ask = (sql: string) => ({ kind: 'run' as const, sql, parameters: [] });
const long =
  'with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000000) select max(i) as m from n';
const short = 'select n from t';

test('what is urgent waits for nothing that others have asked for, and what is not waits its turn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-readers-'));
  const file = join(folder, 'test.db');
  const writer = await startThread({ role: 'writer', file });
  await writer.send(ask('create table t (n integer)'));
  let started = 0;
  const startReader = () => {
    started += 1;
    return startThread({ role: 'reader', file });
  };
  const readers = createReaders(await startReader(), startReader);
  try {
    await urgently(() => readers.send(ask(short)));
    // nobody was in the way
    expect(started).toBe(1);
    const first = readers.send(ask(long));
    await urgently(() => readers.send(ask(short)));
    await first;
    expect(started).toBe(2);

    const order: string[] = [];
    await writer.send(ask('insert into t (n) values (1)'));
    const works = [
      readers.send(ask(long)).then(() => order.push('long')),
      readers.send(ask(short)).then(() => order.push('short')),
    ];
    const urgent = urgently(() => readers.send(ask(short)));
    works.push(urgent.then(() => order.push('urgent')));
    await Promise.all(works);
    expect(order).toEqual(['urgent', 'long', 'short']);
    expect((await urgent)?.rows).toEqual([{ n: 1 }]);
    expect(started).toBe(2);
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
    const before = readers.send(ask(long));
    const urgent = await urgently(() => readers.send(ask('select 1 as n')));
    expect(urgent?.rows).toEqual([{ n: 1 }]);
    await before;
  } finally {
    await readers.close();
    await rm(folder, { recursive: true });
  }
});
