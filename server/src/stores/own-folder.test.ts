import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { ownFolder } from './own-folder.ts';

const id = 'database.id';
const foreign = /are not of one registry/;
let opened: TestDatabase;
let folder: string;
const own = (): Promise<void> => ownFolder(opened, folder);
const number = async (): Promise<string> => readFile(join(folder, id), 'utf8');

describe('a data folder and its database', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-own-'));
  });
  afterEach(async () => {
    await opened.close();
    await rm(folder, { recursive: true });
  });

  describe.each(testDatabases.filter(({ kind }) => kind === 'postgres'))('of $name', (kind) => {
    beforeEach(async () => {
      opened = await kind.open();
    });

    test('belong together from their first start on, and no others', async () => {
      await own();
      const first = await number();
      await own();
      expect(await number()).toBe(first);
      await opened.db
        .insertInto('blobs')
        .values({ digest: 'sha256:0', size: 1, location: 'x', unlinked_at: null })
        .execute();
      await own();
      await rm(join(folder, id));
      await expect(own()).rejects.toThrow(foreign);
      await writeFile(join(folder, id), 'another');
      await expect(own()).rejects.toThrow(foreign);
      await writeFile(join(folder, id), `${first}\n`);
      await own();
    });

    test('do not where the folder has what another database knows', async () => {
      await mkdir(join(folder, 'blobs', 'ab'), { recursive: true });
      await own();
      await rm(join(folder, id));
      await writeFile(join(folder, 'blobs', 'ab', 'c'), 'bytes');
      await expect(own()).rejects.toThrow(foreign);
      await rm(join(folder, 'blobs'), { recursive: true });
      await writeFile(join(folder, 'wharfinger.db'), '');
      await expect(own()).rejects.toThrow(foreign);
    });

    test('are joined where a first start was cut off', async () => {
      await writeFile(join(folder, id), 'first');
      await own();
      await own();
      expect(await number()).toBe('first');
    });
  });

  test('SQLite lies in a folder of its own, and in none of another database', async () => {
    opened = await testDatabases[0]!.open();
    await own();
    await writeFile(join(folder, id), 'number');
    await expect(own()).rejects.toThrow(/belongs to a PostgreSQL database/);
  });
});
