import type Sqlite from 'better-sqlite3';
import type { Failure, Reply, Request, StatementResult } from './sqlite-messages.ts';
import type { Statements } from './sqlite-statements.ts';

/** Carries out the requests of the writer. */
export interface Groups {
  handle(request: Exclude<Request, { kind: 'close' }>): Omit<Reply, 'id'>;
}

/**
 * Groups logical transactions, which come one after the other, into one physical transaction: each is a savepoint, and
 * the COMMIT that ends the group costs one sync of the log for all. Nothing is acknowledged before that COMMIT.
 */
export function openGroups(
  db: Sqlite.Database,
  statements: Statements,
  failureOf: (error: unknown) => Failure,
): Groups {
  const control = {
    begin: db.prepare('BEGIN IMMEDIATE'),
    savepoint: db.prepare('SAVEPOINT one'),
    release: db.prepare('RELEASE one'),
    rollback: db.prepare('ROLLBACK TO one'),
    commit: db.prepare('COMMIT'),
    undo: db.prepare('ROLLBACK'),
  };
  /** why the whole group is lost, until its end */
  let lost: Failure | undefined;

  const frame = {
    begin() {
      if (!db.inTransaction) control.begin.run();
      control.savepoint.run();
    },
    rollback() {
      control.rollback.run();
      control.release.run();
    },
    release() {
      control.release.run();
    },
    commit() {
      if (db.inTransaction) control.commit.run();
    },
  };

  return {
    handle(request) {
      let failure = lost;
      let result: StatementResult | undefined;
      if (!failure) {
        try {
          if (request.kind === 'run') result = statements.run(request.sql, request.parameters);
          else frame[request.kind]();
        } catch (error) {
          failure = failureOf(error);
          // Where the frame of a transaction fails, and where SQLite itself has ended the transaction (disk full, input
          // or output), nothing of the group may count: the next statement would commit by itself.
          if (request.kind !== 'run' || !db.inTransaction) lost = failure;
        }
      }
      if (request.kind === 'commit') {
        if (failure && db.inTransaction) control.undo.run();
        lost = undefined;
      }
      return { result, failure };
    },
  };
}
