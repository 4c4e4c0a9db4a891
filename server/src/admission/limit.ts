import { WharfingerError } from '@wharfinger/lib/errors';

/** Runs work, a bounded number of tasks at the same time. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets `concurrent` tasks run at the same time and `waiting` wait for their turn, first come first served.
 * @throws WharfingerError TOO_MANY_REQUESTS, from the limit that is returned, for those beyond
 */
export function makeLimit(concurrent: number, waiting: number): Limit {
  let running = 0;
  const queue: Array<() => void> = [];
  return async (work) => {
    if (running >= concurrent) {
      if (queue.length >= waiting) {
        throw new WharfingerError('TOO_MANY_REQUESTS', { what: `${waiting} look-ups wait already` });
      }
      // whoever ends hands its place on, so that nobody who comes in between takes it
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
