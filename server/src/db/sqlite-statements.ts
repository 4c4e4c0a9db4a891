import type Sqlite from 'better-sqlite3';
import { LRUCache } from 'lru-cache';
import type { StatementResult } from './sqlite-messages.ts';

/** Runs statements on one connection and keeps the prepared ones. */
export interface Statements {
  run(sql: string, parameters: readonly unknown[]): StatementResult;
}

const kept = 500;
/** A statement this long is made for one list of values and hardly comes again. */
const maxKeptLength = 8000;

/** Prepared statements of a connection, the most recently used kept. */
export function openStatements(db: Sqlite.Database): Statements {
  const prepared = new LRUCache<string, Sqlite.Statement>({ max: kept });

  function prepare(sql: string): Sqlite.Statement {
    const known = prepared.get(sql);
    if (known) return known;
    const statement = db.prepare(sql);
    if (sql.length <= maxKeptLength) prepared.set(sql, statement);
    return statement;
  }

  return {
    run(sql, parameters) {
      const statement = prepare(sql);
      if (statement.reader) {
        const rows = statement.all(parameters);
        return { rows, changes: rows.length };
      }
      return { rows: [], changes: statement.run(parameters).changes };
    },
  };
}
