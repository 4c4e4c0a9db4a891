import type { StatementResult } from './sqlite-messages.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import { isUrgent } from './urgency.ts';

/** The turn of one logical transaction. Each method is called once at most, except `run`. */
export interface Turn {
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult | undefined>;
  /** Ends the transaction; resolves when it is durable. */
  commit(): Promise<void>;
  /** Ends the transaction without its changes; resolves when what it saw is durable. */
  rollback(): Promise<void>;
}

export interface Writer {
  /** Waits for the writer; the turn must be ended. */
  take(): Promise<Turn>;
  /** One statement as a transaction of its own; resolves when it is durable. */
  write(sql: string, parameters: readonly unknown[]): Promise<StatementResult | undefined>;
}

/** A group ends when nobody waits, or when it has become this large or this old, so that its members do not wait long. */
const maxGroup = 100;
const maxGroupMs = 20;

/** So many urgent ones may pass those that wait, then one of these has its turn. */
const maxPassing = 8;

/**
 * Hands out turns on the writer thread, one after the other. Transactions that wait while another runs, or while a
 * COMMIT is being synced, join one group and share its COMMIT. Urgent ones come first, and do not wait for a group to grow.
 *
 * One that is rolled back waits for the group's end as well: its reason may lie in what another member wrote, which
 * must not be told before it is durable.
 */
export function createWriter(thread: Pick<SqliteThread, 'send'>): Writer {
  const waiting: Array<() => void> = [];
  const urgent: Array<() => void> = [];
  let passed = 0;
  let busy = false;
  let group: { readonly end: PromiseWithResolvers<void>; readonly begun: number; size: number } | undefined;

  function enter(): Promise<void> | undefined {
    if (busy) return new Promise((resolve) => (isUrgent() ? urgent : waiting).push(resolve));
    busy = true;
    return undefined;
  }

  function takeNext(): (() => void) | undefined {
    passed = passed < maxPassing && urgent.length > 0 ? passed + 1 : 0;
    return passed > 0 ? urgent.shift() : (waiting.shift() ?? urgent.shift());
  }

  /** What fails here fails the whole group, and its end says so. */
  function frame(kind: 'begin' | 'release' | 'rollback'): void {
    thread.send({ kind }).catch(() => {});
  }

  function begin(): void {
    group ??= { end: Promise.withResolvers<void>(), begun: performance.now(), size: 0 };
    group.size += 1;
    frame('begin');
  }

  function finish(kind: 'release' | 'rollback'): Promise<void> {
    frame(kind);
    const { end, begun, size } = group!;
    const isLast = isUrgent() && urgent.length === 0;
    const next = takeNext();
    if (!next || isLast || size >= maxGroup || performance.now() - begun >= maxGroupMs) {
      group = undefined;
      thread.send({ kind: 'commit' }).then(() => end.resolve(), end.reject);
    }
    if (next) next();
    else busy = false;
    return end.promise;
  }

  return {
    async take() {
      await enter();
      begin();
      return {
        run: (sql, parameters) => thread.send({ kind: 'run', sql, parameters }),
        commit: () => finish('release'),
        rollback: () => finish('rollback'),
      };
    },
    async write(sql, parameters) {
      await enter();
      begin();
      // A statement that fails leaves nothing behind, so its savepoint may be released without waiting for it.
      const statement = thread.send({ kind: 'run', sql, parameters });
      const [result, end] = await Promise.allSettled([statement, finish('release')]);
      if (end.status === 'rejected') throw end.reason;
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    },
  };
}
