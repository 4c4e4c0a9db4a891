import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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

/** Makes the folders of a store below `root`, durably, where they are not there yet. */
export async function createFolders(root: string): Promise<StoreFolders> {
  const folders = { uploads: join(root, 'uploads'), blobs: join(root, 'blobs') };
  const first = await mkdir(folders.uploads, { recursive: true });
  const firstBlobs = await mkdir(folders.blobs, { recursive: true });
  const made = await Promise.all(
    shards.map((shard) => mkdir(join(folders.blobs, shard), { recursive: true })),
  );
  if (made.some((path) => path !== undefined)) await syncDirectory(folders.blobs);
  if (first !== undefined || firstBlobs !== undefined) {
    // Every new folder is an entry of the one above it, up to one that was there before.
    const top = dirname(first ?? firstBlobs ?? root);
    for (let path = root; ; path = dirname(path)) {
      await syncDirectory(path);
      if (path === top || path === dirname(path)) break;
    }
  }
  return folders;
}
