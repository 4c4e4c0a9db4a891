import { Kysely, PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';
import type { Db, Schema } from './schema.ts';

/** int8: our sizes, times and keys stay below 2^53. */
const int8: ReadonlySet<number> = new Set([20]);
const poolSize = 16;

/** A pool of connections to PostgreSQL; none is made before the first query. */
export function connectPostgres(url: string): Db {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    types: {
      getTypeParser: (type, format) => (int8.has(type) ? Number : types.getTypeParser(type, format)),
    },
  });
  // An idle connection that the server ends is replaced when it is needed; unheard, the event would end the process.
  pool.on('error', () => {});
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}
