import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { auditEntry, type AuditEntry } from './entry.ts';
import { recordAll } from './record.ts';

/** Records what happens too often to wait for: pulls. */
export interface AuditBuffer {
  /** Takes an entry, to be written soon; never waits and never throws. */
  add(entry: AuditEntry): void;
  /** Writes all that was taken so far. */
  flush(): Promise<void>;
  /** Writes what is left and ends. */
  stop(): Promise<void>;
}

export interface AuditBufferOptions {
  readonly db: Db;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** how long an entry waits at most; 200 ms if absent. A crash loses no more than that */
  readonly delayMs?: number;
  /** entries kept while the database cannot take them; 100,000 if absent. What does not fit is counted, and the count recorded */
  readonly capacity?: number;
}

const batchSize = 2000;

/**
 * Buffers entries and writes them in batches. Bounded: where the database stays behind, entries beyond the capacity are
 * dropped, and one entry `audit.lost` says how many between when and when, so that a gap is never taken for silence.
 */
export function createAuditBuffer(options: AuditBufferOptions): AuditBuffer {
  const { db, now, onError, delayMs = 200, capacity = 100_000 } = options;
  let entries: AuditEntry[] = [];
  let lost: { readonly count: number; readonly since: Date } | undefined;
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function lossEntry({ count, since }: { readonly count: number; readonly since: Date }): AuditEntry {
    const detail = { count, since: since.toISOString() };
    return auditEntry({ at: now(), action: 'audit.lost', outcome: 'failed', detail });
  }

  async function write(): Promise<void> {
    while (entries.length > 0 || lost) {
      const told = lost && { ...lost };
      const batch = entries.slice(0, batchSize);
      const rows = told ? [...batch, lossEntry(told)] : batch;
      await transact(db, (trx) => recordAll(trx, rows));
      entries = entries.slice(batch.length);
      // More may have been lost meanwhile; the next entry tells of those.
      if (lost && told)
        lost = lost.count > told.count ? { ...lost, count: lost.count - told.count } : undefined;
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const done = writing.then(write);
    writing = done.catch((error: unknown) => {
      onError(error);
      schedule();
    });
    return done;
  }

  function schedule(): void {
    if (stopped) return;
    timer ??= setTimeout(() => {
      flush().catch(() => {});
    }, delayMs);
  }

  return {
    add(entry) {
      if (entries.length >= capacity) {
        lost = { count: (lost?.count ?? 0) + 1, since: lost?.since ?? entry.at };
      } else {
        entries.push(entry);
      }
      schedule();
    },
    flush,
    async stop() {
      stopped = true;
      await flush();
    },
  };
}
