import { setImmediate as nextTurn } from 'node:timers/promises';
import { letPullsPass } from './pulls-first.ts';

/** The thread is not kept from answering pulls for longer than this. */
const longestTurnMs = 1;

/** Works on one after the other, with a break for others now and then. */
export async function inTurns<T, R>(
  items: Iterable<T>,
  work: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let begun = performance.now();
  for (const item of items) {
    results.push(await work(item, results.length));
    if (performance.now() - begun < longestTurnMs) continue;
    await nextTurn();
    await letPullsPass();
    begun = performance.now();
  }
  return results;
}
