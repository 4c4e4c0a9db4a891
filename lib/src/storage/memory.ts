import { randomUUID } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import type { BlobReader, BlobStore } from './blob-store.ts';

interface Upload {
  readonly scope: string;
  bytes: Buffer[];
  size: number;
  writtenAt: number;
  busy: boolean;
}

function readerOf(bytes: Buffer): BlobReader {
  return {
    size: bytes.length,
    async read(target, position) {
      return bytes.copy(target, 0, position);
    },
    async *stream(start = 0, end = bytes.length) {
      if (start < end) yield bytes.subarray(start, end);
    },
    close: async () => undefined,
  };
}

/** The last moment that a Date can hold. */
const endOfTime = new Date(8.64e15);

/**
 * A store that lies in memory and ends with the process: for tests and for small things.
 *
 * @param now the time, for the age of uploads and blobs; without it nothing here grows old, so no upload is ever swept
 */
export function openMemoryBlobStore(now: () => Date = () => endOfTime): BlobStore {
  const uploads = new Map<string, Upload>();
  const blobs = new Map<string, { bytes: Buffer; storedAt: Date }>();

  function find(scope: string, id: string): Upload {
    const upload = uploads.get(id);
    if (upload?.scope !== scope) throw new WharfingerError('UPLOAD_UNKNOWN');
    return upload;
  }

  function idle(scope: string, id: string): Upload {
    const upload = find(scope, id);
    if (upload.busy) throw new WharfingerError('UPLOAD_BUSY');
    return upload;
  }

  function checked(scope: string, id: string, expected: Digest): Buffer {
    const upload = idle(scope, id);
    const bytes = Buffer.concat(upload.bytes);
    const digest = digestOf(bytes, digestAlgorithm(expected));
    if (digest !== expected) {
      uploads.delete(id);
      throw new WharfingerError('BLOB_DIGEST_MISMATCH', { what: `expected ${expected}, received ${digest}` });
    }
    return bytes;
  }

  return {
    async createUpload(scope) {
      const id = randomUUID();
      uploads.set(id, { scope, bytes: [], size: 0, writtenAt: now().getTime(), busy: false });
      return id;
    },

    async uploadStatus(scope, id) {
      const upload = uploads.get(id);
      return upload?.scope === scope ? { size: upload.size } : undefined;
    },

    async append(scope, id, source, { offset } = {}) {
      const upload = idle(scope, id);
      if (offset !== undefined && offset !== upload.size) {
        throw new WharfingerError('UPLOAD_OUT_OF_ORDER', { what: `it ended at byte ${upload.size}` });
      }
      upload.busy = true;
      try {
        for await (const piece of source) {
          upload.bytes.push(Buffer.from(piece));
          upload.size += piece.length;
        }
      } finally {
        upload.busy = false;
        upload.writtenAt = now().getTime();
      }
      return upload.size;
    },

    async check(scope, id, expected) {
      return checked(scope, id, expected).length;
    },

    async commit(scope, id, expected) {
      const bytes = checked(scope, id, expected);
      uploads.delete(id);
      const location = randomUUID();
      blobs.set(location, { bytes, storedAt: now() });
      return { digest: expected, size: bytes.length, location };
    },

    async abort(scope, id) {
      return uploads.get(id)?.scope === scope && idle(scope, id) !== undefined && uploads.delete(id);
    },

    async sweepUploads(before) {
      let count = 0;
      for (const [id, upload] of uploads) {
        if (!upload.busy && upload.writtenAt < before.getTime() && uploads.delete(id)) count += 1;
      }
      return count;
    },

    async open(location) {
      const blob = blobs.get(location);
      if (!blob) throw new WharfingerError('BLOB_UNKNOWN', { what: 'its bytes are gone' });
      return readerOf(blob.bytes);
    },

    async remove(location) {
      blobs.delete(location);
    },

    async *locations() {
      for (const [location, { storedAt }] of blobs) yield { location, storedAt };
    },
  };
}
