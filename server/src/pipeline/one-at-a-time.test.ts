import { expect, test } from 'vitest';
import { createOneAtATime } from './one-at-a-time.ts';

test('work of one key waits for what was asked before, whatever came of that; other keys do not', async () => {
  const oneAtATime = createOneAtATime();
  const done: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const first = oneAtATime('a', async () => {
    await gates[0].promise;
    done.push('first');
    throw new Error('it failed');
  });
  const second = oneAtATime('a', async () => {
    done.push('second begins');
    await gates[1].promise;
    return 2;
  });
  const third = oneAtATime('a', async () => done.push('third'));
  await oneAtATime('b', async () => done.push('other'));
  expect(done).toEqual(['other']);
  gates[0].resolve();
  await expect(first).rejects.toThrow('it failed');
  gates[1].resolve();
  expect(await second).toBe(2);
  await third;
  expect(done).toEqual(['other', 'first', 'second begins', 'third']);
});
