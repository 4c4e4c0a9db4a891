import { sql } from 'kysely';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** Names the lock of all packages, versions and names together; any number will do, if it stays the same. */
const lockNumber = 4_861_203_978;

/**
 * Says that this transaction looks up packages, versions or names, and goes on to use their keys: until it ends, none is forgotten. Any
 * number of transactions may at once. SQLite has one writer anyway.
 */
export async function usePackages(trx: Db): Promise<void> {
  if (kindOf(trx) === 'postgres')
    await sql`select pg_advisory_xact_lock_shared(${lockNumber}::bigint)`.execute(trx);
}

/** Waits for those who use packages, and has others wait until this transaction ends. Of PostgreSQL alone. */
export async function keepPackagesUnused(trx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`.execute(trx);
}
