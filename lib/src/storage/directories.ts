import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Makes the entries of a folder durable: what was created, renamed or removed in it. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows has no such thing: a folder cannot be opened, and NTFS journals its entries.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names of the folders that stored bytes are spread over. */
export const shards: readonly string[] = Array.from({ length: 256 }, (_, at) =>
  at.toString(16).padStart(2, '0'),
);

export interface StoreFolders {
  readonly uploads: string;
  readonly blobs: string;
}

/**
 * Makes the folders of a store below `root` where they are not there yet, and their entries durable: each time, for an
 * earlier start may have been cut off between the two.
 */
export async function createFolders(root: string): Promise<StoreFolders> {
  const folders = { uploads: join(root, 'uploads'), blobs: join(root, 'blobs') };
  await mkdir(folders.uploads, { recursive: true });
  for (const shard of shards) await mkdir(join(folders.blobs, shard), { recursive: true });
  await syncDirectory(folders.blobs);
  await syncAncestors(resolve(root));
  return folders;
}

/** Every folder is an entry of the one above it. Those that may not be read were not made here. */
async function syncAncestors(path: string): Promise<void> {
  await syncDirectory(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES' && error.code !== 'EPERM' && error.code !== 'EROFS') throw error;
  });
  if (dirname(path) !== path) await syncAncestors(dirname(path));
}
