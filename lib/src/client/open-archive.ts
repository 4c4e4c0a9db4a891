import { open, rm, mkdtemp, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { archiveFiles } from './archive-files.ts';
import { openRegular, readRange, unreadable, type FileSet } from './file-set.ts';

/** How much a compressed archive may unpack to, in bytes, where the caller does not say. */
export const defaultUnpackLimit = 32 * 1024 ** 3;

/**
 * Opens a tar of images. A compressed one (gzip, zstd) is first unpacked to one temporary file, which is gone when the set is
 * closed; no file of the archive is ever written under its own name.
 * @param unpackLimit bytes that it may unpack to
 * @throws WharfingerError ARCHIVE_INVALID
 */
export async function openArchive(path: string, unpackLimit = defaultUnpackLimit): Promise<FileSet> {
  const opened = await openRegular(path);
  try {
    const decompress = await decompressorOf(opened.handle);
    if (decompress === undefined) return await archiveFiles(path, opened.handle, opened.size);
    const compressed = Readable.from(readRange(opened.handle, 0, opened.size), { objectMode: false });
    const unpacked = await unpack(path, compressed.pipe(decompress), compressed, unpackLimit);
    await opened.handle.close();
    return unpacked;
  } catch (error) {
    await opened.handle.close().catch(() => undefined);
    throw error;
  }
}

async function decompressorOf(handle: FileHandle): Promise<NodeJS.ReadWriteStream | undefined> {
  const magic = Buffer.alloc(4);
  await handle.read(magic, 0, 4, 0);
  if (magic.readUInt16BE(0) === 0x1f8b) return createGunzip();
  return magic.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress() : undefined;
}

async function unpack(
  path: string,
  unpacking: NodeJS.ReadWriteStream,
  compressed: Readable,
  limit: number,
): Promise<FileSet> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(folder, 'archive.tar'), 'wx+', 0o600);
    let size = 0;
    for await (const piece of unpacking) {
      if (typeof piece === 'string') continue;
      if (size + piece.length > limit) throw unreadable(path, `it unpacks to more than ${limit} bytes`);
      await handle.write(piece, 0, piece.length, size);
      size += piece.length;
    }
    const opened = handle;
    const files = await archiveFiles(path, opened, size);
    return {
      ...files,
      close: async () => {
        await opened.close();
        await remove();
      },
    };
  } catch (error) {
    compressed.destroy();
    await handle?.close();
    await remove();
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))) {
      throw unreadable(path, `its compression is damaged (${error.message})`, error);
    }
    throw error;
  }
}
