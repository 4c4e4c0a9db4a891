import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Db, Schema } from './schema.ts';

/** int8: our sizes, times and keys stay below 2^53. */
const int8 = 20;
const poolSize = 16;

/** A pool of connections to PostgreSQL; none is made before the first query. */
export function connectPostgres(url: string): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types: {
      getTypeParser: (type, format) =>
        type === int8 ? (text: string) => Number(text) : pg.types.getTypeParser(type, format as 'text'),
    },
  });
  // An idle connection that the server ends is replaced when it is needed; unheard, the event would end the process.
  pool.on('error', () => {});
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}
