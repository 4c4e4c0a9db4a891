import { sql, SqliteAdapter, type RawBuilder } from 'kysely';
import type { Db } from './schema.ts';

/** Which of the two databases. */
export type DatabaseKind = 'sqlite' | 'postgres';

/** The kind of the database behind a connection or transaction. */
export function kindOf(db: Db): DatabaseKind {
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

/** `(columns) in (rows)`, answered from an index over these columns on both databases. */
export function rowsIn(
  db: Db,
  columns: readonly string[],
  rows: ReadonlyArray<readonly unknown[]>,
): RawBuilder<boolean> {
  const list = sql.join(rows.map((row) => sql`(${sql.join(row)})`));
  const words = kindOf(db) === 'sqlite' ? sql`values ${list}` : list;
  return sql<boolean>`(${sql.join(columns.map((column) => sql.ref(column)))}) in (${words})`;
}

/** What a column of `rowsTable` holds. */
type ColumnKind = 'text' | 'integer';

/**
 * Rows as a table of one parameter, with the columns that are named, in this order, and `n`, which counts them from 0. One statement
 * serves any number of rows, which is prepared once and sent as one text.
 */
export function rowsTable<const Columns extends Readonly<Record<string, ColumnKind>>>(
  db: Db,
  columns: Columns,
  rows: ReadonlyArray<readonly unknown[]>,
): RawBuilder<
  { [Name in keyof Columns]: Columns[Name] extends 'integer' ? number : string } & { n: number }
> {
  const isSqlite = kindOf(db) === 'sqlite';
  const values = Object.entries(columns).map(([name, kind], at) => {
    const value = sql`(value ->> ${sql.lit(at)})`;
    const typed = isSqlite ? value : kind === 'integer' ? sql`${value}::bigint` : sql`${value} collate "C"`;
    return sql`${typed} as ${sql.ref(name)}`;
  });
  const list = JSON.stringify(rows);
  return isSqlite
    ? sql`(select ${sql.join(values)}, key as n from json_each(${list}))`
    : sql`(select ${sql.join(values)}, place - 1 as n
        from jsonb_array_elements(${list}::jsonb) with ordinality as listed (value, place))`;
}

/** Pairs of texts as such a table, with its columns `a` and `b`. */
export function pairsTable(
  db: Db,
  pairs: ReadonlyArray<readonly [a: string, b: string]>,
): RawBuilder<{ a: string; b: string; n: number }> {
  return rowsTable(db, { a: 'text', b: 'text' }, pairs);
}

/** The keys as a list of one parameter, however many they are: for `where column in`. */
export function idsIn(db: Db, ids: readonly number[]): RawBuilder<number> {
  return kindOf(db) === 'sqlite'
    ? sql<number>`(select value from json_each(${JSON.stringify(ids)}))`
    : sql<number>`(select unnest(${`{${ids.join(',')}}`}::bigint[]))`;
}
