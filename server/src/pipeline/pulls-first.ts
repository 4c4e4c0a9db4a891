import { isUrgent, urgently } from '../db/urgency.ts';

/** Work on many images makes way for pulls no longer than this at each of its breaks, so that it goes on whatever is pulled. */
const longestWaitMs = 50;

/** Pulls of this process for which a verdict is made, and what is told when there are none. */
let waiting = 0;
let none = Promise.withResolvers<void>();

/** Does what a pull waits for: everything that breaks off by `letPullsPass` waits until it is done. */
export async function asPull<T>(work: () => Promise<T>): Promise<T> {
  waiting += 1;
  try {
    return await urgently(work);
  } finally {
    waiting -= 1;
    if (waiting === 0) {
      none.resolve();
      none = Promise.withResolvers();
    }
  }
}

/** For work that nobody waits for: resolves when no pull waits for a verdict, at once in what is done for a pull itself. */
export async function letPullsPass(): Promise<void> {
  if (waiting === 0 || isUrgent()) return;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, longestWaitMs);
  await Promise.race([none.promise, late.promise]);
  clearTimeout(timer);
}
