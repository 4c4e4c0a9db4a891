import type { DatabaseKind } from './dialect.ts';
import { migrate } from './migrate.ts';
import type { Db } from './schema.ts';

/** An open database with the schema of this program. */
export interface Database {
  readonly db: Db;
  readonly kind: DatabaseKind;
  /** Ends all connections, after the queries under way. */
  close(): Promise<void>;
}

/**
 * Opens a database and brings its schema up to date.
 * @param where `postgres://…` for PostgreSQL, else the data folder of an embedded SQLite database, made if missing
 * @throws WharfingerError DATA_IN_USE if another process has this folder open; CONFIG_INVALID if a newer program has
 *   written to the database
 */
export async function openDatabase(where: string): Promise<Database> {
  const isPostgres = /^postgres(ql)?:\/\//.test(where);
  // Of the two drivers the one that is used is loaded.
  const db = isPostgres
    ? (await import('./postgres.ts')).connectPostgres(where)
    : await (await import('./sqlite.ts')).openSqlite(where);
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { db, kind: isPostgres ? 'postgres' : 'sqlite', close: () => db.destroy() };
}
