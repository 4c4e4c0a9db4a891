import { WharfingerError } from '@wharfinger/lib/errors';
import { Kysely } from 'kysely';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from './failures.ts';
import type { Db, Schema } from './schema.ts';
import { threadedSqliteDialect } from './sqlite-dialect.ts';
import { createReaders } from './sqlite-readers.ts';
import { startThread } from './sqlite-thread.ts';

/**
 * Opens the embedded database of a data folder: WAL, synced at each commit, one writer thread and one reader thread, or two.
 * @throws WharfingerError DATA_IN_USE if another process (or this one) has it open
 */
export async function openSqlite(folder: string): Promise<Db> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'wharfinger.db');
  const writer = await startThread({
    role: 'writer',
    file,
    lockFile: join(folder, 'wharfinger.lock'),
  }).catch((error: unknown) => {
    if (!(error instanceof DatabaseError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    throw new WharfingerError('DATA_IN_USE', { what: folder, cause: error });
  });
  const startReader = () => startThread({ role: 'reader', file });
  const reader = await startReader().catch(async (error: unknown) => {
    await writer.close();
    throw error;
  });
  return new Kysely<Schema>({
    dialect: threadedSqliteDialect({ writer, readers: createReaders(reader, startReader) }),
  });
}
