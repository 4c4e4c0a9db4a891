import type Sqlite from 'better-sqlite3';
import type { Failure, Reply, Request, StatementResult } from './sqlite-messages.ts';
import type { Statements } from './sqlite-statements.ts';

/** Carries out the requests of the writer. */
export interface Groups {
  handle(request: Request): Omit<Reply, 'id'>;
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

  function carryOut(request: Request): StatementResult | undefined {
    switch (request.kind) {
      case 'begin':
        if (!db.inTransaction) control.begin.run();
        control.savepoint.run();
        return undefined;
      case 'run':
        return statements.run(request.sql ?? '', request.parameters ?? []);
      case 'rollback':
        control.rollback.run();
        control.release.run();
        return undefined;
      case 'release':
        control.release.run();
        return undefined;
      case 'commit':
        if (db.inTransaction) control.commit.run();
        return undefined;
      case 'close':
        return undefined;
    }
  }

  return {
    handle(request) {
      let failure = lost;
      let result: StatementResult | undefined;
      if (!failure) {
        try {
          result = carryOut(request);
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
