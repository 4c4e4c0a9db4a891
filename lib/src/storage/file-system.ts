import { randomBytes } from 'node:crypto';
import { opendir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfingerError } from '../errors.ts';
import type { BlobStore } from './blob-store.ts';
import { createFolders, shards, syncDirectory } from './directories.ts';
import { openFileReader } from './file-reader.ts';
import { openUploads } from './file-uploads.ts';

const locationShape = /^[0-9a-f]{2}\/[0-9a-f]{32}$/;

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/**
 * A blob store in a folder of a local file system. Bytes, and the folder entry that names them, are on disk when
 * `commit` resolves. One process at a time may write to a folder.
 *
 * @param root folder; created if it is not there
 */
export async function openFileSystemBlobStore(root: string): Promise<BlobStore> {
  const folders = await createFolders(root);
  const uploads = openUploads(folders.uploads);

  function pathOf(location: string): string {
    if (!locationShape.test(location))
      throw new WharfingerError('BLOB_UNKNOWN', { what: 'no such location' });
    return join(folders.blobs, location);
  }

  return {
    createUpload: (scope) => uploads.create(scope),
    uploadStatus: (scope, id) => uploads.status(scope, id),
    append: (scope, id, source, options) => uploads.append(scope, id, source, options),
    check: (scope, id, expected) => uploads.check(scope, id, expected),
    abort: (scope, id) => uploads.abort(scope, id),
    sweepUploads: (before) => uploads.sweep(before),

    async commit(scope, id, expected) {
      const name = randomBytes(16).toString('hex');
      const shard = name.slice(0, 2);
      const location = `${shard}/${name}`;
      const size = await uploads.finish(scope, id, expected, async (upload) => {
        await rename(upload, join(folders.blobs, location));
        await syncDirectory(join(folders.blobs, shard));
      });
      return { digest: expected, size, location };
    },

    open: async (location) => openFileReader(pathOf(location)),
    fileOf: pathOf,

    async remove(location) {
      await unlink(pathOf(location)).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
    },

    async *locations() {
      for (const shard of shards) {
        for await (const entry of await opendir(join(folders.blobs, shard))) {
          const location = `${shard}/${entry.name}`;
          if (!locationShape.test(location)) continue;
          // The rename that stored it is what changed the inode last.
          const found = await stat(join(folders.blobs, location)).catch((error: unknown) => {
            if (!isGone(error)) throw error;
          });
          if (found) yield { location, storedAt: found.ctime };
        }
      }
    },
  };
}
