import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-database-'));
  await writeFile(join(folder, 'password'), 'p@ss/word:#\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function databaseOf(yaml: string, environment: Record<string, string> = {}): Promise<unknown> {
  const file = join(folder, 'config.yaml');
  await writeFile(file, yaml);
  try {
    return (await loadConfig({ WHARFINGER_CONFIG: file, ...environment })).database;
  } catch (error) {
    if (isWharfingerError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
}

test('the database is SQLite, or at an address with the password of a file', async () => {
  expect(await databaseOf('')).toEqual({});
  const url = 'postgres://wharf@db.example:5433/registry';
  expect(await databaseOf('', { WHARFINGER_DATABASE_URL: url })).toEqual({ url });
  const withFile = (await databaseOf(`database: { url: "${url}", passwordFile: password }`)) as {
    url: string;
  };
  expect(decodeURIComponent(new URL(withFile.url).password)).toBe('p@ss/word:#');
  expect(new URL(withFile.url).host).toBe('db.example:5433');
});

test.each([
  ['database: { url: "mysql://db.example/registry" }', /write postgres:\/\//],
  ['database: { url: "postgres://" }', /write postgres:\/\//],
  ['database: { passwordFile: password }', /passwordFile is for url/],
  ['database: { url: "postgres://a@b/c", passwordFile: none }', /passwordFile: ENOENT/],
  ['database: { url: "postgres://a:secret@b/c", passwordFile: password }', /stands in url too/],
])('%s is a mistake, told without the password', async (yaml, message) => {
  const said = await databaseOf(yaml);
  expect(said).toMatch(message);
  expect(said).not.toContain('secret');
});
