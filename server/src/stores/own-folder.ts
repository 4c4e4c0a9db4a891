import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Database } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { getSetting, putSetting } from './settings.ts';

const setting = 'data-folder';
const fileName = 'database.id';

/**
 * Makes sure that a data folder and a database are of one registry, before anything is removed from either: bytes that the
 * database does not know would be taken for what a crash has left. SQLite lies in the folder itself; a PostgreSQL database and its folder
 * have the same number, which they get when both are new.
 *
 * @throws WharfingerError CONFIG_INVALID where they are of two
 */
export async function ownFolder({ db, kind }: Database, folder: string): Promise<void> {
  const written = await readIfThere(join(folder, fileName));
  if (kind === 'sqlite') {
    if (written !== undefined)
      throw mismatch(
        `the data folder ${folder} belongs to a PostgreSQL database`,
        'give database.url again, or another data folder',
      );
    return;
  }
  const known = (await getSetting(db, setting)) as string | undefined;
  if (written !== undefined && written === known) return;
  const [isUsed, hasContent] = [await knowsBlobs(db), await holdsBlobs(folder)];
  if (isUsed || hasContent)
    throw mismatch(
      `the data folder ${folder} and the database are not of one registry`,
      hasContent && !isUsed
        ? 'give a new database an empty data folder'
        : `give the folder that the database was used with${known === undefined ? '' : `; if it is this one, write ${known} into ${fileName} there`}`,
    );
  const id = written ?? randomUUID();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, fileName), id);
  await putSetting(db, setting, id);
}

function mismatch(what: string, remedy: string): WharfingerError {
  return new WharfingerError('CONFIG_INVALID', { what, remedy });
}

async function knowsBlobs(db: Db): Promise<boolean> {
  return (await db.selectFrom('blobs').select('digest').limit(1).executeTakeFirst()) !== undefined;
}

async function holdsBlobs(folder: string): Promise<boolean> {
  if (await isThere(join(folder, 'wharfinger.db'))) return true;
  const entries = await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  return entries.some((entry) => entry.isFile());
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'latin1')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
