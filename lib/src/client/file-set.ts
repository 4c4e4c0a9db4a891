import { constants } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { WharfingerError } from '../errors.ts';

/** Files by name, in a folder or in an archive. Close it. */
export interface FileSet {
  /** how errors name it */
  readonly name: string;
  /** bytes; undefined: there is no such file */
  size(path: string): Promise<number | undefined>;
  /** @throws WharfingerError ARCHIVE_INVALID if there is no such file or it cannot be read */
  open(path: string): AsyncIterable<Uint8Array>;
  /** Paths of all files. */
  list(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const piece = 256 * 1024;

/** The failure that a file or archive is, which was given to be read as an image. */
export function unreadable(name: string, what: string, cause?: unknown): WharfingerError {
  return new WharfingerError('ARCHIVE_INVALID', { what: `${name}: ${what}`, cause });
}

/**
 * Opens a regular file for reading. Anything else (a pipe, a device) is refused and never waited for.
 * @throws WharfingerError ARCHIVE_INVALID
 */
export async function openRegular(path: string): Promise<{ handle: FileHandle; size: number }> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : 'it cannot be opened', error);
  }
  const found = await handle.stat();
  if (found.isFile()) return { handle, size: found.size };
  await handle.close();
  throw unreadable(path, 'it is not a regular file');
}

/** Bytes of an open file, from `start`, `length` of them. */
export async function* readRange(
  handle: FileHandle,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < start + length;) {
    const target = Buffer.allocUnsafe(Math.min(piece, start + length - at));
    const { bytesRead } = await handle.read(target, 0, target.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield target.subarray(0, bytesRead);
  }
}

/**
 * A folder as a set of files. Links in it are followed, for some builders make layouts of links: what is read is either
 * checked against its digest or says nothing that is trusted. Callers give paths made of digests and fixed names alone.
 */
export function folderFiles(folder: string): FileSet {
  return {
    name: folder,
    async size(path) {
      const found = await stat(join(folder, path)).catch(() => undefined);
      return found?.isFile() ? found.size : undefined;
    },
    async *open(path) {
      const { handle, size } = await openRegular(join(folder, path));
      try {
        yield* readRange(handle, 0, size);
      } finally {
        await handle.close();
      }
    },
    async list() {
      const found = await readdir(folder, { recursive: true, withFileTypes: true });
      return found
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Reads a small file whole.
 * @throws WharfingerError ARCHIVE_INVALID if it is not there or larger than `limit` bytes
 */
export async function readSmall(files: FileSet, path: string, limit: number): Promise<Buffer> {
  const size = await files.size(path);
  if (size === undefined) throw unreadable(files.name, `it has no ${path}`);
  if (size > limit) throw unreadable(files.name, `${path} is larger than ${limit} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const part of files.open(path)) pieces.push(part);
  return Buffer.concat(pieces);
}
