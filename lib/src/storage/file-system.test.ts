import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { describeBlobStoreContract, failureOf, noise, piecesOf } from './blob-store.contract.ts';
import type { BlobStore } from './blob-store.ts';
import { openFileSystemBlobStore } from './file-system.ts';

describeBlobStoreContract('file system', async () => {
  const root = await mkdtemp(join(tmpdir(), 'blobs-'));
  return {
    store: await openFileSystemBlobStore(join(root, 'deep', 'store')),
    reopen: () => openFileSystemBlobStore(join(root, 'deep', 'store')),
    close: () => rm(root, { recursive: true }),
  };
});

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

// A file system that is really full can only be made where one may be mounted: as root on Linux.
describe.skipIf(!mayMount)('a disk that is full (needs root on Linux, to mount a small one)', () => {
  let root: string;
  let store: BlobStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
    store = await openFileSystemBlobStore(root);
  });
  afterEach(async () => {
    execFileSync('umount', [root]);
    await rm(root, { recursive: true });
  });

  test('refuses, leaves nothing, and works again when there is room', async () => {
    const small = noise(1024 * 1024);
    const kept = await store.createUpload('a');
    await store.append('a', kept, piecesOf(small));
    const { location } = await store.commit('a', kept, digestOf(small));

    const big = noise(8 * 1024 * 1024);
    const id = await store.createUpload('a');
    const pieces = Array.from({ length: 128 }, (_, at) => big.subarray(at * 65536, (at + 1) * 65536));
    expect(await failureOf(store.append('a', id, piecesOf(...pieces)))).toBe('STORAGE_FULL');
    expect(await store.uploadStatus('a', id)).toBeUndefined();
    expect(await readdir(join(root, 'uploads'))).toEqual([]);
    expect(await failureOf(store.commit('a', id, digestOf(big)))).toBe('UPLOAD_UNKNOWN');

    const again = await store.createUpload('a');
    await store.append('a', again, piecesOf(small, small));
    const twice = Buffer.concat([small, small]);
    const stored = await store.commit('a', again, digestOf(twice));
    const found: string[] = [];
    for await (const entry of store.locations()) found.push(entry.location);
    expect(found.toSorted()).toEqual([location, stored.location].toSorted());
  });
});
