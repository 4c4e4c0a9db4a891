import { Client } from 'pg';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DatabaseKind } from '../dialect.ts';
import { openDatabase, type Database } from '../open.ts';
import type { Db } from '../schema.ts';
import { transact } from '../transaction.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';

/** An empty database of the present schema. */
export interface TestDatabase extends Database {
  /** what openDatabase was given: open it again, from this process or another */
  readonly where: string;
  /** closes it and removes its data */
  close(): Promise<void>;
}

interface TestDatabaseKind {
  readonly name: string;
  readonly kind: DatabaseKind;
  /** Opens an empty database; close it in the end. */
  readonly open: () => Promise<TestDatabase>;
}

async function openTestSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-sqlite-'));
  const database = await openDatabase(folder);
  return {
    ...database,
    where: folder,
    async close() {
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** One server serves all databases; it ends when nobody has used it for a while, or with the process. */
let running: { server: Promise<PostgresServer>; users: number; ending?: NodeJS.Timeout } | undefined;
const lingerMs = 3000;
let made = 0;

async function command(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function leave(): void {
  const used = running!;
  used.users -= 1;
  if (used.users > 0) return;
  used.ending = setTimeout(() => {
    running = undefined;
    void used.server.then((server) => server.stop());
  }, lingerMs);
}

async function openTestPostgres(): Promise<TestDatabase> {
  running ??= { server: startPostgres(), users: 0 };
  clearTimeout(running.ending);
  running.users += 1;
  const server = await running.server;
  made += 1;
  const name = `test_${made}`;
  await command(server.urlOf('postgres'), `create database ${name}`);
  const where = server.urlOf(name);
  const database = await openDatabase(where);
  return {
    ...database,
    where,
    async close() {
      await database.close();
      leave();
    },
  };
}

async function whyNoPostgres(): Promise<string | undefined> {
  try {
    const server = await startPostgres();
    running = { server: Promise.resolve(server), users: 0 };
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const noPostgres = await whyNoPostgres();
// under CI nothing may be skipped
const maySkip = noPostgres !== undefined && process.env['CI'] === undefined;
test.skipIf(maySkip)(`PostgreSQL can be run here (${noPostgres ?? 'yes'})`, () => {
  expect(noPostgres).toBeUndefined();
});

/** Every database that this machine can run; where PostgreSQL cannot be, a test that is skipped, or fails under CI, says why. */
export const testDatabases: readonly TestDatabaseKind[] = [
  { name: 'SQLite', kind: 'sqlite', open: openTestSqlite },
  ...(noPostgres === undefined
    ? [{ name: 'PostgreSQL', kind: 'postgres' as const, open: openTestPostgres }]
    : []),
];

/** Every table of the catalog, those that refer to others first. */
const catalogTables = [
  'tag_moves',
  'tags',
  'manifest_refs',
  'manifests',
  'repository_blobs',
  'blobs',
  'repositories',
] as const;

/** Takes everything out of the catalog: much faster than a new database. */
export async function emptyCatalog(db: Db): Promise<void> {
  await transact(db, async (trx) => {
    for (const table of catalogTables) await trx.deleteFrom(table).execute();
  });
}
