import { open, rm, mkdtemp, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { archiveFiles } from './archive-files.ts';
import { openRegular, readRange, unreadable, type FileSet } from './file-set.ts';

/** How much a compressed archive may unpack to, in bytes, where the caller does not say. */
const defaultUnpackLimit = 32 * 1024 ** 3;

export interface UnpackOptions {
  /** bytes that a compressed archive may unpack to */
  readonly unpackLimit?: number;
  /** where it is unpacked; absent: the system's folder for temporary files */
  readonly temporaryFolder?: string;
}

/**
 * Opens a tar of images. A compressed one (gzip, zstd) is first unpacked to one temporary file, which is gone when the set is
 * closed; no file of the archive is ever written under its own name.
 * @throws WharfingerError ARCHIVE_INVALID
 */
export async function openArchive(path: string, options: UnpackOptions = {}): Promise<FileSet> {
  const opened = await openRegular(path);
  try {
    const decompress = await decompressorOf(opened.handle);
    if (decompress === undefined) return await archiveFiles(path, opened.handle, opened.size);
    const unpacked = await unpack(path, opened, decompress, options);
    await opened.handle.close();
    return unpacked;
  } catch (error) {
    await opened.handle.close().catch(() => undefined);
    throw error;
  }
}

async function decompressorOf(handle: FileHandle): Promise<Transform | undefined> {
  const magic = Buffer.alloc(4);
  await handle.read(magic, 0, 4, 0);
  if (magic.readUInt16BE(0) === 0x1f8b) return createGunzip();
  return magic.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress() : undefined;
}

async function unpack(
  path: string,
  compressed: { readonly handle: FileHandle; readonly size: number },
  decompress: Transform,
  options: UnpackOptions,
): Promise<FileSet> {
  const { unpackLimit = defaultUnpackLimit, temporaryFolder = tmpdir() } = options;
  const folder = await mkdtemp(join(temporaryFolder, 'wharfinger-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  let handle: FileHandle | undefined;
  try {
    const target = await open(join(folder, 'archive.tar'), 'wx+', 0o600);
    handle = target;
    let size = 0;
    const source = readRange(compressed.handle, 0, compressed.size);
    await pipeline(source, decompress, async (unpacked: AsyncIterable<Uint8Array>) => {
      for await (const piece of unpacked) {
        if (size + piece.length > unpackLimit) {
          throw unreadable(path, `it unpacks to more than ${unpackLimit} bytes`);
        }
        await target.writeFile(piece);
        size += piece.length;
      }
    });
    const files = await archiveFiles(path, target, size);
    return {
      ...files,
      close: async () => {
        await target.close();
        await remove();
      },
    };
  } catch (error) {
    await handle?.close();
    await remove();
    if (error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))) {
      throw unreadable(path, `its compression is damaged (${error.message})`, error);
    }
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw unreadable(path, `there is no room to unpack it in ${temporaryFolder}`, error);
    }
    throw error;
  }
}
