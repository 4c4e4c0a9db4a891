import { Client } from 'pg';
import { startPostgres, type PostgresServer } from './postgres-server.ts';

/** One server for all that the process asks for, with which it ends. */
let running: Promise<PostgresServer> | undefined;
let made = 0;

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
