import { open } from 'node:fs/promises';
import { WharfingerError } from '../errors.ts';
import type { BlobReader } from './blob-store.ts';

const pieceSize = 256 * 1024;

/**
 * Opens a file of stored bytes.
 * @throws WharfingerError BLOB_UNKNOWN if there is no such file
 */
export async function openFileReader(path: string): Promise<BlobReader> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new WharfingerError('BLOB_UNKNOWN', { what: 'its bytes are gone', cause: error });
  });
  const { size } = await handle.stat();
  return {
    size,
    async read(target, position) {
      return (await handle.read(target, 0, target.length, position)).bytesRead;
    },
    async *stream(start = 0, end = size) {
      for (let at = start; at < end;) {
        const piece = Buffer.allocUnsafe(Math.min(pieceSize, end - at));
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}
