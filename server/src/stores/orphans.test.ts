import { digestOf } from '@wharfinger/lib/oci/digest';
import type { BlobStore, StoredBlob } from '@wharfinger/lib/storage/blob-store';
import { openFileSystemBlobStore } from '@wharfinger/lib/storage/file-system';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { forgetUnlinkedBlobs, removeOrphans } from './orphans.ts';
import { createSqlCatalog } from './sql-catalog.ts';

describe.each(testDatabases)('garbage on $name', (kind) => {
  let opened: TestDatabase;
  let folder: string;
  let store: BlobStore;
  let start: number;
  beforeEach(async () => {
    start = Date.now();
    opened = await kind.open();
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-blobs-'));
    store = await openFileSystemBlobStore(folder);
  });
  afterEach(async () => {
    await opened.close();
    await rm(folder, { recursive: true });
  });

  const minutes = (count: number) => new Date(start + count * 60_000);
  const by = 'alice';

  async function storeText(text: string): Promise<StoredBlob> {
    const id = await store.createUpload('a');
    async function* bytes() {
      yield Buffer.from(text);
    }
    await store.append('a', id, bytes());
    return store.commit('a', id, digestOf(text));
  }

  async function present(): Promise<string[]> {
    const found: string[] = [];
    for await (const { location } of store.locations()) found.push(location);
    return found.toSorted();
  }

  test('is what the catalog does not know, once it is old enough', async () => {
    const catalog = createSqlCatalog(opened.db);
    const kept = await storeText('kept');
    await catalog.linkBlob({ repository: 'a', ...kept, by, at: minutes(0) });
    const orphan = await storeText('never linked');
    const again = await storeText('kept');
    await catalog.linkBlob({ repository: 'b', ...again, by, at: minutes(0) });
    expect(await removeOrphans(opened.db, store, minutes(-1))).toBe(0);
    expect(await present()).toEqual([kept.location, orphan.location, again.location].toSorted());
    expect(await removeOrphans(opened.db, store, minutes(1))).toBe(2);
    expect(await present()).toEqual([kept.location]);
    const reader = await store.open(kept.location);
    expect(reader.size).toBe(4);
    await reader.close();
  });

  test('is a blob that no repository has any more, after a while', async () => {
    const catalog = createSqlCatalog(opened.db);
    const blob = await storeText('x');
    for (const repository of ['a', 'b']) {
      await catalog.linkBlob({ repository, ...blob, by, at: minutes(0) });
    }
    await catalog.unlinkBlob('a', blob.digest, { by, at: minutes(1) });
    expect(await forgetUnlinkedBlobs(opened.db, minutes(100))).toBe(0);
    await catalog.unlinkBlob('b', blob.digest, { by, at: minutes(2) });
    expect(await forgetUnlinkedBlobs(opened.db, minutes(2))).toBe(0);
    expect(await catalog.findBlobAnywhere(blob.digest)).toBeDefined();
    expect(await forgetUnlinkedBlobs(opened.db, minutes(3))).toBe(1);
    expect(await catalog.findBlobAnywhere(blob.digest)).toBeUndefined();
    expect(await removeOrphans(opened.db, store, minutes(1))).toBe(1);
    expect(await present()).toEqual([]);
  });

  test('is not a blob that is linked again in time', async () => {
    const catalog = createSqlCatalog(opened.db);
    const blob = await storeText('x');
    const link = { repository: 'a', ...blob, by, at: minutes(0) };
    await catalog.linkBlob(link);
    await catalog.unlinkBlob('a', blob.digest, { by, at: minutes(1) });
    const known = { repository: 'b', digest: blob.digest, by, at: minutes(2), received: true };
    expect(await catalog.linkKnownBlob(known)).toMatchObject({ location: blob.location });
    expect(await forgetUnlinkedBlobs(opened.db, minutes(100))).toBe(0);
    expect(await removeOrphans(opened.db, store, minutes(100))).toBe(0);
  });

  test('goes beside pushes of the same bytes: what was linked is there', async () => {
    const catalog = createSqlCatalog(opened.db);
    const texts = ['x', 'y', 'z'];
    const linked = new Map<string, string>();
    const pushed = new AbortController();
    const collect = async (): Promise<void> => {
      do {
        await forgetUnlinkedBlobs(opened.db, minutes(1));
        await removeOrphans(opened.db, store, minutes(-1));
      } while (!pushed.signal.aborted);
    };
    const push = async (text: string, round: number): Promise<void> => {
      const repository = `r${round}`;
      const digest = digestOf(text);
      const at = minutes(0);
      const known = await catalog.linkKnownBlob({ repository, digest, received: true, by, at });
      const record = known ?? (await catalog.linkBlob({ repository, ...(await storeText(text)), by, at }));
      expect(await catalog.findBlob(repository, digest)).toEqual(record);
      linked.set(text, record.location);
      await catalog.unlinkBlob(repository, digest, { by, at: minutes(-5) });
    };
    const collecting = collect();
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(texts.map((text) => push(text, round)));
    }
    pushed.abort();
    await collecting;
    for (const [text, location] of linked) {
      const at = minutes(0);
      const last = { repository: 'last', digest: digestOf(text), received: true, by, at };
      const record = await catalog.linkKnownBlob(last);
      expect([location, undefined]).toContain(record?.location);
    }
  });
});
