import { newPostgresDatabase } from '../db/testing/new-database.ts';

/** A server that is started again over a folder has the database that it had. */
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
