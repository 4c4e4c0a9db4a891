import type { Digest } from '../oci/digest.ts';

/**
 * Where bytes lie. A store knows nothing of repositories, tags or rights.
 *
 * Life of a blob: `createUpload` → `append` (any number of times, also after a restart) → `commit`, which checks the
 * digest, makes the bytes durable and returns an opaque location. The catalog then maps digest → location in the
 * transaction that makes the blob visible; nobody derives a location from a digest. A location that the catalog does
 * not know is garbage and may be removed at any time.
 *
 * Uploads belong to a scope (the registry gives the repository's name): an upload id is of use within its scope alone.
 */
export interface BlobStore {
  /** Begins an upload and returns its id, a path component of [A-Za-z0-9_-]. */
  createUpload(scope: string): Promise<string>;

  /** How far an upload got; undefined if there is none of this id in this scope. */
  uploadStatus(scope: string, id: string): Promise<UploadStatus | undefined>;

  /**
   * Adds bytes at the end of an upload.
   * @param options.offset where the caller believes that the upload ends; must be so
   * @returns bytes received so far in all
   * @throws WharfingerError UPLOAD_UNKNOWN, UPLOAD_OUT_OF_ORDER, UPLOAD_BUSY, STORAGE_FULL
   */
  append(
    scope: string,
    id: string,
    source: AsyncIterable<Uint8Array>,
    options?: AppendOptions,
  ): Promise<number>;

  /**
   * Checks the digest of all bytes received without ending the upload or making anything durable: for bytes that are
   * stored already. A mismatch ends the upload.
   * @returns bytes received in all
   * @throws WharfingerError UPLOAD_UNKNOWN, UPLOAD_BUSY, BLOB_DIGEST_MISMATCH
   */
  check(scope: string, id: string, expected: Digest): Promise<number>;

  /**
   * Ends an upload: checks the digest of all bytes, makes them and their directory entry durable.
   * A mismatch ends the upload too.
   * @throws WharfingerError UPLOAD_UNKNOWN, UPLOAD_BUSY, BLOB_DIGEST_MISMATCH, STORAGE_FULL
   */
  commit(scope: string, id: string, expected: Digest): Promise<StoredBlob>;

  /** Cancels an upload; true if there was one. */
  abort(scope: string, id: string): Promise<boolean>;

  /** Removes uploads that nobody has written to since `before`; how many. */
  sweepUploads(before: Date): Promise<number>;

  /**
   * Opens stored bytes for reading.
   * @throws WharfingerError BLOB_UNKNOWN if the location is gone
   */
  open(location: string): Promise<BlobReader>;

  /** The file in which the bytes of a location lie, for a store that keeps them in files; no other store has this. */
  fileOf?(location: string): string;

  /** Removes the bytes at a location, if there are any. */
  remove(location: string): Promise<void>;

  /** Every location, with when it was stored: for the collection of garbage. */
  locations(): AsyncIterable<{ location: string; storedAt: Date }>;
}

export interface AppendOptions {
  readonly offset?: number;
  /** algorithm to hash with while the bytes pass; a commit with another one reads them again */
  readonly algorithm?: 'sha256' | 'sha512';
}

export interface UploadStatus {
  /** bytes received so far */
  readonly size: number;
}

export interface StoredBlob {
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
  readonly location: string;
}

/** Random access to one stored blob. Close it. */
export interface BlobReader {
  /** bytes */
  readonly size: number;
  /** Reads into `target` from `position`; returns how many bytes were read, 0 only at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Bytes `start` (inclusive) to `end` (exclusive), in pieces. */
  stream(start?: number, end?: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
