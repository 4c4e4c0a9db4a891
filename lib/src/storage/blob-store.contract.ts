import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isWharfingerError, type ErrorCode } from '../errors.ts';
import { digestOf } from '../oci/digest.ts';
import type { BlobStore, StoredBlob } from './blob-store.ts';

/** What the contract suite works on. */
export interface OpenBlobStore {
  readonly store: BlobStore;
  /** the same store as another process would find it; absent where nothing outlives the process */
  reopen?(): Promise<BlobStore>;
  close(): Promise<void>;
}

/** Pieces as an upload sends them. */
export async function* piecesOf(...pieces: Array<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

/** The code that a promise fails with. */
export async function failureOf(work: Promise<unknown>): Promise<ErrorCode | 'no failure'> {
  try {
    await work;
  } catch (error) {
    if (isWharfingerError(error)) return error.code;
    throw error;
  }
  return 'no failure';
}

/** Bytes that do not repeat soon. */
export function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 42;
  for (let at = 0; at < size; at += 1) {
    state = (state * 1103515245 + 12345) % 2147483648;
    bytes[at] = state >> 16;
  }
  return bytes;
}

async function storeBytes(store: BlobStore, bytes: string | Uint8Array): Promise<StoredBlob> {
  const id = await store.createUpload('a');
  await store.append('a', id, piecesOf(bytes));
  return store.commit('a', id, digestOf(bytes));
}

async function readBack(store: BlobStore, location: string, start?: number, end?: number): Promise<Buffer> {
  const reader = await store.open(location);
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of reader.stream(start, end)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  } finally {
    await reader.close();
  }
}

async function locationsOf(store: BlobStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { location } of store.locations()) found.push(location);
  return found;
}

/**
 * What every BlobStore must do. Run it for each implementation.
 *
 * @param name title of the suite
 * @param open opens an empty store; called before each test
 */
export function describeBlobStoreContract(name: string, open: () => Promise<OpenBlobStore>): void {
  describe(`blob store contract: ${name}`, () => {
    let opened: OpenBlobStore;
    let store: BlobStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    test('keeps what was sent in pieces', async () => {
      const id = await store.createUpload('a');
      expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(await store.uploadStatus('a', id)).toEqual({ size: 0 });
      expect(await store.append('a', id, piecesOf('one ', 'two '))).toBe(8);
      expect(await store.append('a', id, piecesOf('three'), { offset: 8 })).toBe(13);
      expect(await store.uploadStatus('a', id)).toEqual({ size: 13 });
      const stored = await store.commit('a', id, digestOf('one two three'));
      expect(stored).toMatchObject({ digest: digestOf('one two three'), size: 13 });
      expect((await readBack(store, stored.location)).toString()).toBe('one two three');
      expect(await store.uploadStatus('a', id)).toBeUndefined();
    });

    test('keeps an empty blob', async () => {
      const id = await store.createUpload('a');
      const stored = await store.commit('a', id, digestOf(''));
      expect(stored.size).toBe(0);
      expect(await readBack(store, stored.location)).toHaveLength(0);
      const reader = await store.open(stored.location);
      expect(reader.size).toBe(0);
      expect(await reader.read(Buffer.alloc(8), 0)).toBe(0);
      await reader.close();
    });

    test('keeps megabytes, sent in pieces of any size, and reads any part of them', async () => {
      const bytes = noise(5_000_011);
      const id = await store.createUpload('a');
      const pieces: Buffer[] = [];
      for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 300_007) {
        pieces.push(bytes.subarray(at, at + step));
      }
      await store.append('a', id, piecesOf(...pieces));
      const { location, size } = await store.commit('a', id, digestOf(bytes));
      expect(size).toBe(bytes.length);
      expect((await readBack(store, location)).equals(bytes)).toBe(true);
      const middle = bytes.subarray(1_234_567, 2_345_678);
      expect((await readBack(store, location, 1_234_567, 2_345_678)).equals(middle)).toBe(true);
      expect((await readBack(store, location, 4_999_990)).equals(bytes.subarray(4_999_990))).toBe(true);
      const reader = await store.open(location);
      expect(reader.size).toBe(size);
      const target = Buffer.alloc(100);
      const count = await reader.read(target, 4_999_911);
      expect(target.subarray(0, count).equals(bytes.subarray(4_999_911, 4_999_911 + count))).toBe(true);
      expect(count).toBeGreaterThan(0);
      expect(await reader.read(target, size)).toBe(0);
      await reader.close();
    });

    test('stores by sha512, announced or not', async () => {
      for (const algorithm of ['sha256', 'sha512'] as const) {
        const id = await store.createUpload('a');
        await store.append('a', id, piecesOf('abc'), { algorithm });
        const digest = digestOf('abc', 'sha512');
        expect(await store.commit('a', id, digest)).toMatchObject({ digest, size: 3 });
      }
    });

    test('gives every commit a location of its own, and forgets one that is removed', async () => {
      const first = await storeBytes(store, 'same');
      const second = await storeBytes(store, 'same');
      expect(first.location).not.toBe(second.location);
      await store.remove(first.location);
      await store.remove(first.location);
      expect(await failureOf(store.open(first.location))).toBe('BLOB_UNKNOWN');
      expect((await readBack(store, second.location)).toString()).toBe('same');
      expect(await locationsOf(store)).toEqual([second.location]);
    });

    test('refuses bytes of another digest, and ends that upload', async () => {
      const id = await store.createUpload('a');
      await store.append('a', id, piecesOf('these'));
      expect(await failureOf(store.commit('a', id, digestOf('those')))).toBe('BLOB_DIGEST_MISMATCH');
      expect(await store.uploadStatus('a', id)).toBeUndefined();
      expect(await locationsOf(store)).toEqual([]);
    });

    test('checks bytes without storing them', async () => {
      const id = await store.createUpload('a');
      await store.append('a', id, piecesOf('abc'));
      expect(await store.check('a', id, digestOf('abc'))).toBe(3);
      expect(await store.check('a', id, digestOf('abc', 'sha512'))).toBe(3);
      expect(await locationsOf(store)).toEqual([]);
      await store.append('a', id, piecesOf('def'));
      expect(await store.commit('a', id, digestOf('abcdef'))).toMatchObject({ size: 6 });
      const other = await store.createUpload('a');
      expect(await failureOf(store.check('a', other, digestOf('x')))).toBe('BLOB_DIGEST_MISMATCH');
      expect(await store.uploadStatus('a', other)).toBeUndefined();
    });

    test('refuses what does not begin where the upload ended, and goes on after that', async () => {
      const id = await store.createUpload('a');
      await store.append('a', id, piecesOf('abc'), { offset: 0 });
      for (const offset of [0, 2, 4]) {
        expect(await failureOf(store.append('a', id, piecesOf('x'), { offset }))).toBe('UPLOAD_OUT_OF_ORDER');
      }
      await store.append('a', id, piecesOf('d'), { offset: 3 });
      expect(await store.commit('a', id, digestOf('abcd'))).toMatchObject({ size: 4 });
    });

    test('keeps an upload in its scope', async () => {
      const id = await store.createUpload('a');
      expect(await store.uploadStatus('b', id)).toBeUndefined();
      expect(await failureOf(store.append('b', id, piecesOf('x')))).toBe('UPLOAD_UNKNOWN');
      expect(await failureOf(store.check('b', id, digestOf('')))).toBe('UPLOAD_UNKNOWN');
      expect(await failureOf(store.commit('b', id, digestOf('')))).toBe('UPLOAD_UNKNOWN');
      expect(await store.abort('b', id)).toBe(false);
      expect(await store.uploadStatus('a', id)).toEqual({ size: 0 });
    });

    test('knows no upload that it did not begin, whatever it is called', async () => {
      for (const id of ['none', '', '.', '..', '../x', 'a/b', '\0', 'x'.repeat(5000), '0'.repeat(32)]) {
        expect(await store.uploadStatus('a', id)).toBeUndefined();
        expect(await failureOf(store.append('a', id, piecesOf('x')))).toBe('UPLOAD_UNKNOWN');
        expect(await failureOf(store.commit('a', id, digestOf('')))).toBe('UPLOAD_UNKNOWN');
        expect(await store.abort('a', id)).toBe(false);
      }
    });

    test('opens no location that it did not give', async () => {
      for (const location of [
        'none',
        '',
        '..',
        '../x',
        'aa/../../x',
        '/etc/passwd',
        '\0',
        'x'.repeat(5000),
      ]) {
        expect(await failureOf(store.open(location))).toBe('BLOB_UNKNOWN');
      }
    });

    test('cancels an upload once', async () => {
      const id = await store.createUpload('a');
      await store.append('a', id, piecesOf('abc'));
      expect(await store.abort('a', id)).toBe(true);
      expect(await store.abort('a', id)).toBe(false);
      expect(await failureOf(store.append('a', id, piecesOf('x')))).toBe('UPLOAD_UNKNOWN');
    });

    test('lets one writer at a time into an upload', async () => {
      const id = await store.createUpload('a');
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let entered = (): void => undefined;
      const inside = new Promise<void>((resolve) => (entered = resolve));
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('ab');
        entered();
        await held;
        yield Buffer.from('c');
      }
      const first = store.append('a', id, slow());
      await inside;
      expect(await failureOf(store.append('a', id, piecesOf('x')))).toBe('UPLOAD_BUSY');
      expect(await failureOf(store.commit('a', id, digestOf('ab')))).toBe('UPLOAD_BUSY');
      expect(await failureOf(store.abort('a', id))).toBe('UPLOAD_BUSY');
      expect(await store.sweepUploads(new Date(Date.now() + 1_000_000))).toBe(0);
      release();
      expect(await first).toBe(3);
      expect(await store.commit('a', id, digestOf('abc'))).toMatchObject({ size: 3 });
    });

    test('keeps the prefix that came when a sender breaks off, and goes on from there', async () => {
      const id = await store.createUpload('a');
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('abc');
        throw new Error('went away');
      }
      await expect(store.append('a', id, broken())).rejects.toThrow('went away');
      const { size } = (await store.uploadStatus('a', id))!;
      expect([0, 3]).toContain(size);
      await store.append('a', id, piecesOf('abcdef'.slice(size)), { offset: size });
      expect(await store.commit('a', id, digestOf('abcdef'))).toMatchObject({ size: 6 });
    });

    test('sweeps uploads that nobody has written to since, and no others', async () => {
      const id = await store.createUpload('a');
      const stored = await storeBytes(store, 'kept');
      expect(await store.sweepUploads(new Date(Date.now() - 1_000_000))).toBe(0);
      expect(await store.uploadStatus('a', id)).toEqual({ size: 0 });
      expect(await store.sweepUploads(new Date(Date.now() + 1_000_000))).toBe(1);
      expect(await store.uploadStatus('a', id)).toBeUndefined();
      expect(await locationsOf(store)).toEqual([stored.location]);
    });

    test('stores many at once', async () => {
      const texts = Array.from({ length: 20 }, (_, at) => `blob ${at} `.repeat(at * 100));
      const stored = await Promise.all(texts.map((text) => storeBytes(store, text)));
      expect((await locationsOf(store)).toSorted()).toEqual(stored.map((blob) => blob.location).toSorted());
      for (const [at, { location }] of stored.entries()) {
        expect((await readBack(store, location)).toString()).toBe(texts[at]);
      }
    });

    test('goes on after a restart', async (context) => {
      if (!opened.reopen) context.skip('nothing of this store outlives its process');
      const stored = await storeBytes(store, 'before');
      const id = await store.createUpload('a');
      await store.append('a', id, piecesOf('one '));
      const next = await opened.reopen!();
      expect((await readBack(next, stored.location)).toString()).toBe('before');
      expect(await next.uploadStatus('a', id)).toEqual({ size: 4 });
      await next.append('a', id, piecesOf('two'), { offset: 4 });
      expect(await next.commit('a', id, digestOf('one two'))).toMatchObject({ size: 7 });
      const other = await store.createUpload('a');
      await store.append('a', other, piecesOf('alone'));
      expect(await (await opened.reopen!()).commit('a', other, digestOf('alone'))).toMatchObject({ size: 5 });
    });
  });
}
