import type { StatementResult, Wish } from './sqlite-messages.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import { isUrgent } from './urgency.ts';

/** What reads committed data, outside of transactions. */
export interface Readers {
  send(wish: Wish): Promise<StatementResult | undefined>;
  close(): Promise<void>;
}

/**
 * One thread reads, in the order in which it is asked. What is urgent does not wait for what others have asked it: for that there is
 * another one, which is started when it is first wanted.
 */
export function createReaders(first: SqliteThread, startAnother: () => Promise<SqliteThread>): Readers {
  let second: SqliteThread | undefined;
  let starting: Promise<void> | undefined;

  async function start(): Promise<void> {
    try {
      second = await startAnother();
    } catch {
      // the first one answers all there is, and the next wish tries again
      starting = undefined;
    }
  }

  return {
    send(wish) {
      if (!isUrgent() || !first.isBusy()) return first.send(wish);
      starting ??= start();
      return (second ?? first).send(wish);
    },
    async close() {
      await starting;
      await Promise.all([first.close(), second?.close()]);
    },
  };
}
