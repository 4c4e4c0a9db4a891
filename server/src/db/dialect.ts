import { type Kysely, SqliteAdapter } from 'kysely';

/** Which of the two databases. */
export type DatabaseKind = 'sqlite' | 'postgres';

/** The kind of the database behind a connection or transaction. */
export function kindOf<T>(db: Kysely<T>): DatabaseKind {
  return db.getExecutor().adapter instanceof SqliteAdapter ? 'sqlite' : 'postgres';
}

/** Column types and table endings in which the two differ, as migrations name them in braces. */
const words: Record<DatabaseKind, Readonly<Record<string, string>>> = {
  sqlite: {
    id: 'integer primary key',
    integer: 'integer',
    text: 'text',
    bytes: 'blob',
    table: 'strict',
    'keyed table': 'strict, without rowid',
  },
  postgres: {
    id: 'bigint generated always as identity primary key',
    integer: 'bigint',
    text: 'text collate "C"',
    bytes: 'bytea',
    table: '',
    'keyed table': '',
  },
};

/**
 * Puts the words of a database into DDL: `{id}`, `{integer}`, `{text}`, `{bytes}` are types; `{table}` ends a table
 * with a key of its own, `{keyed table}` one that is stored in the order of its primary key where that is possible.
 */
export function ddl(kind: DatabaseKind, text: string): string {
  return text.replaceAll(/\{([a-z ]+)\}/g, (_, word: string) => {
    const found = words[kind][word];
    if (found === undefined) throw new Error(`no word {${word}} in DDL`);
    return found;
  });
}

/** The most parameters that one statement may have is 32,766 on SQLite; lists are cut to stay far below. */
const chunkSize = 1000;

/** Cuts a list into pieces that fit into one statement. */
export function* chunks<T>(items: readonly T[], size = chunkSize): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
