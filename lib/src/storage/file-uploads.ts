import { createHash, randomBytes, type Hash } from 'node:crypto';
import { open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfingerError } from '../errors.ts';
import {
  digestAlgorithm,
  finishDigest,
  startDigest,
  type Digest,
  type DigestAlgorithm,
} from '../oci/digest.ts';
import type { AppendOptions, UploadStatus } from './blob-store.ts';
import { writeBehind } from './write-behind.ts';

/** What this process knows of an upload; a file without it is one that went on before a restart. */
interface Session {
  busy: boolean;
  size: number;
  /** of all bytes so far; absent: they must be read again */
  hash?: { readonly algorithm: DigestAlgorithm; readonly running: Hash };
}

/** Uploads of a file system store: one file each. */
export interface FileUploads {
  create(scope: string): Promise<string>;
  status(scope: string, id: string): Promise<UploadStatus | undefined>;
  append(
    scope: string,
    id: string,
    source: AsyncIterable<Uint8Array>,
    options?: AppendOptions,
  ): Promise<number>;
  check(scope: string, id: string, expected: Digest): Promise<number>;
  /** Checks the digest, makes the bytes durable, and has `take` move the file away; returns its size. */
  finish(scope: string, id: string, expected: Digest, take: (path: string) => Promise<void>): Promise<number>;
  abort(scope: string, id: string): Promise<boolean>;
  sweep(before: Date): Promise<number>;
}

const idShape = /^[0-9a-f]{32}$/;

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Handles the uploads in a folder. */
export function openUploads(folder: string): FileUploads {
  const sessions = new Map<string, Session>();

  /** The scope is part of the name, so that an id is of no use in another scope, after a restart too. */
  function pathOf(scope: string, id: string): string {
    const bound = createHash('sha256').update(scope).digest('hex').slice(0, 32);
    return join(folder, `${bound}-${id}`);
  }

  async function sizeOf(path: string): Promise<number | undefined> {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async function discard(path: string): Promise<boolean> {
    try {
      await unlink(path);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    } finally {
      sessions.delete(path);
    }
  }

  /** Has the upload to itself while `work` runs. */
  async function exclusively<T>(
    scope: string,
    id: string,
    work: (path: string, session: Session) => Promise<T>,
  ): Promise<T> {
    if (!idShape.test(id)) throw new WharfingerError('UPLOAD_UNKNOWN');
    const path = pathOf(scope, id);
    const known = sessions.get(path);
    if (known?.busy) throw new WharfingerError('UPLOAD_BUSY');
    const session: Session = known ?? { busy: true, size: 0 };
    session.busy = true;
    sessions.set(path, session);
    try {
      if (!known) {
        const size = await sizeOf(path);
        if (size === undefined) {
          sessions.delete(path);
          throw new WharfingerError('UPLOAD_UNKNOWN');
        }
        session.size = size;
      }
      return await work(path, session);
    } catch (error) {
      if (!hasCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) throw error;
      // What was received gives its room back: clients that meet a full disk begin again.
      await discard(path);
      throw new WharfingerError('STORAGE_FULL', { cause: error });
    } finally {
      session.busy = false;
    }
  }

  /** The hash of what is in the file: the one that ran along, or the file read again. */
  async function hashOf(path: string, session: Session, algorithm: DigestAlgorithm): Promise<Hash> {
    if (session.hash?.algorithm === algorithm) return session.hash.running.copy();
    const running = startDigest(algorithm);
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(session.size, 1024 * 1024)));
      for (let at = 0; at < session.size;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) throw new Error(`upload ${path} ended at byte ${at} of ${session.size}`);
        running.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
    session.hash = { algorithm, running };
    return running.copy();
  }

  async function verify(path: string, session: Session, expected: Digest): Promise<void> {
    const algorithm = digestAlgorithm(expected);
    const digest = finishDigest(await hashOf(path, session, algorithm), algorithm);
    if (digest === expected) return;
    await discard(path);
    throw new WharfingerError('BLOB_DIGEST_MISMATCH', { what: `expected ${expected}, received ${digest}` });
  }

  async function syncData(path: string): Promise<void> {
    const file = await open(path, 'r+');
    try {
      await file.datasync();
    } catch (error) {
      // After a failed sync the kernel may call the lost pages clean: a second try would succeed without them.
      await discard(path);
      throw error;
    } finally {
      await file.close();
    }
  }

  return {
    async create(scope) {
      const id = randomBytes(16).toString('hex');
      const path = pathOf(scope, id);
      try {
        await (await open(path, 'wx', 0o600)).close();
        sessions.set(path, { busy: false, size: 0 });
      } catch (error) {
        if (hasCode(error, 'ENOSPC', 'EDQUOT')) throw new WharfingerError('STORAGE_FULL', { cause: error });
        throw error;
      }
      return id;
    },

    async status(scope, id) {
      const size = idShape.test(id) ? await sizeOf(pathOf(scope, id)) : undefined;
      return size === undefined ? undefined : { size };
    },

    append: (scope, id, source, { offset, algorithm = 'sha256' } = {}) =>
      exclusively(scope, id, async (path, session) => {
        if (offset !== undefined && offset !== session.size) {
          throw new WharfingerError('UPLOAD_OUT_OF_ORDER', { what: `it ended at byte ${session.size}` });
        }
        if (session.size === 0) session.hash = { algorithm, running: startDigest(algorithm) };
        const file = await open(path, 'r+');
        try {
          const written = await writeBehind(file, session.size, source, session.hash?.running);
          session.size += written.bytes;
          if (written.fileError !== undefined) {
            // The hash has run ahead of the file.
            delete session.hash;
            throw written.fileError;
          }
          // A client that went away mid-way may go on where it ended: what came is a prefix of what it sends.
          if (written.sourceError !== undefined) throw written.sourceError;
        } finally {
          await file.close();
        }
        return session.size;
      }),

    check: (scope, id, expected) =>
      exclusively(scope, id, async (path, session) => {
        await verify(path, session, expected);
        return session.size;
      }),

    finish: (scope, id, expected, take) =>
      exclusively(scope, id, async (path, session) => {
        await verify(path, session, expected);
        await syncData(path);
        await take(path);
        sessions.delete(path);
        return session.size;
      }),

    async abort(scope, id) {
      if (!idShape.test(id) || (await sizeOf(pathOf(scope, id))) === undefined) return false;
      return exclusively(scope, id, discard);
    },

    async sweep(before) {
      let count = 0;
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        if (!found || found.mtime >= before || sessions.get(path)?.busy) continue;
        sessions.set(path, { busy: true, size: found.size });
        if (await discard(path)) count += 1;
      }
      return count;
    },
  };
}
