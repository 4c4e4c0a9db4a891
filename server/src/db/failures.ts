import { WharfingerError } from '@wharfinger/lib/errors';
import type { Failure } from './sqlite-messages.ts';

/** An error of the database, with its own code. */
export class DatabaseError extends Error {
  readonly code: string;

  constructor({ code, message }: Failure) {
    super(`${code}: ${message}`);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/** The error that a failure of SQLite becomes; a full disk is one that people can do something about. */
export function failureError(failure: Failure): Error {
  const cause = new DatabaseError(failure);
  return failure.code === 'SQLITE_FULL' ? new WharfingerError('STORAGE_FULL', { cause }) : cause;
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const postgresDiskFull = '53100';
/** serialization_failure, deadlock_detected */
const postgresConflicts: ReadonlySet<string | undefined> = new Set(['40001', '40P01']);

/** True where a transaction was ended by PostgreSQL in favour of another, and succeeds if it is tried again. */
export function isConflict(error: unknown): boolean {
  return postgresConflicts.has(codeOf(error));
}

/** What is thrown on: an error of ours where the cause is one that people can do something about. */
export function explain(error: unknown): unknown {
  return codeOf(error) === postgresDiskFull ? new WharfingerError('STORAGE_FULL', { cause: error }) : error;
}
