import { sql, type RawBuilder } from 'kysely';
import { kindOf } from '../../server/src/db/dialect.ts';
import type { Db } from '../../server/src/db/schema.ts';

/** What a column holds; bytes are given in hexadecimal. */
export type ColumnType = 'integer' | 'text' | 'bytes';

type Value = string | number | null;

/** Rows that wait to be written, by table. */
export interface BulkRows {
  /** in the order of the table's columns as they were named */
  add(table: string, ...values: readonly Value[]): void;
  /** Takes what waits: writes it in a transaction that is to be given. */
  take(): (trx: Db) => Promise<void>;
}

/**
 * Rows for many images, each table written by one statement.
 * @param tables columns with their types, those that others refer to first; a column `id` is given, not made
 */
export function bulkRows(tables: Readonly<Record<string, Readonly<Record<string, ColumnType>>>>): BulkRows {
  const empty = () => new Map(Object.keys(tables).map((name) => [name, [] as Array<readonly Value[]>]));
  let waiting = empty();
  return {
    add: (table, ...values) => void waiting.get(table)!.push(values),
    take() {
      const taken = waiting;
      waiting = empty();
      return async (trx) => {
        for (const [table, rows] of taken)
          if (rows.length > 0) await insertion(trx, table, tables[table]!, rows).execute(trx);
      };
    },
  };
}

function insertion(
  trx: Db,
  table: string,
  columns: Readonly<Record<string, ColumnType>>,
  rows: ReadonlyArray<readonly Value[]>,
): RawBuilder<unknown> {
  const kind = kindOf(trx);
  const values = Object.values(columns).map((type, at) => {
    const value = sql`(value ->> ${sql.lit(at)})`;
    if (type === 'bytes') return kind === 'sqlite' ? sql`unhex${value}` : sql`decode(${value}, 'hex')`;
    return type === 'integer' && kind === 'postgres' ? sql`${value}::bigint` : value;
  });
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  const list = JSON.stringify(rows);
  const given = kind === 'postgres' && 'id' in columns ? sql`overriding system value` : sql``;
  const source =
    kind === 'sqlite' ? sql`json_each(${list})` : sql`json_array_elements(${list}::json) as value`;
  return sql`insert into ${sql.table(table)} (${names}) ${given} select ${sql.join(values)} from ${source}`;
}

/** Lets the database count on from the keys that were given. */
export async function countOn(trx: Db, tables: readonly string[]): Promise<void> {
  if (kindOf(trx) === 'sqlite') return;
  for (const table of tables)
    await sql`select setval(pg_get_serial_sequence(${table}, 'id'), (select coalesce(max(id), 1) from ${sql.table(table)}))`.execute(
      trx,
    );
}
