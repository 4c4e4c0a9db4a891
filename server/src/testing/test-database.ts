import { Client } from 'pg';
import { startPostgres, type PostgresServer } from '../db/testing/postgres-server.ts';

/** One server for all tests of the process, with which it ends. */
let running: Promise<PostgresServer> | undefined;
let made = 0;
/** a server that is started again over a folder has the database that it had */
const ofFolders = new Map<string, string>();

/**
 * Where servers of tests have their database: with WHARFINGER_TEST_DATABASE=postgres a new one of PostgreSQL for each folder; else
 * SQLite in the folder itself, for which there are no settings.
 */
export async function databaseSettings(folder: string): Promise<{ readonly database?: { url: string } }> {
  if (process.env['WHARFINGER_TEST_DATABASE'] !== 'postgres') return {};
  let url = ofFolders.get(folder);
  if (url === undefined) ofFolders.set(folder, (url = await newPostgresDatabase()));
  return { database: { url } };
}

/** Address of a new, empty database of PostgreSQL. */
export async function newPostgresDatabase(): Promise<string> {
  running ??= startPostgres();
  const server = await running;
  made += 1;
  const name = `server_${process.pid}_${made}`;
  const client = new Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return server.urlOf(name);
}
