import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { asPull, letPullsPass } from './pulls-first.ts';

test('work on many images waits until what a pull asked for is done, and that does not wait for itself', async () => {
  const order: string[] = [];
  const pull = asPull(async () => {
    await letPullsPass();
    await pause(5);
    order.push('pull');
  });
  await letPullsPass();
  order.push('others');
  await pull;
  expect(order).toEqual(['pull', 'others']);
});

test('it goes on all the same where there are always pulls, and where one fails', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const stuck = asPull(() => promise);
  await letPullsPass();
  reject(new Error('it failed'));
  await expect(stuck).rejects.toThrow('it failed');
  await letPullsPass();
});
