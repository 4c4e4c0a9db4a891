import type { Catalog, Change } from '@wharfinger/lib/catalog/catalog';
import { describeCatalogContract } from '@wharfinger/lib/catalog/catalog.contract';
import { openMemoryCatalog } from '@wharfinger/lib/catalog/memory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyCatalog, testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createCachingCatalog } from './caching-catalog.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const [sqlite] = testDatabases;
let opened: TestDatabase;
beforeAll(async () => {
  opened = await sqlite!.open();
});
afterAll(() => opened.close());

describeCatalogContract('the catalog on SQLite, cached', async () => {
  await emptyCatalog(opened.db);
  return { catalog: createCachingCatalog(createSqlCatalog(opened.db), 1 << 20), close: async () => {} };
});

const change: Change = { by: 'alice', at: new Date(0) };
const repository = 'a';

/** An index with nothing in it, told apart by its annotation. */
function document(name: string) {
  const mediaType = mediaTypes.ociIndex;
  const fields = { schemaVersion: 2, mediaType, manifests: [], annotations: { name } };
  const bytes = Buffer.from(JSON.stringify(fields));
  return { bytes, digest: digestOf(bytes), manifest: parseManifest(bytes, mediaType) };
}

const put = (catalog: Catalog, name: string, tags: string[]): Promise<void> =>
  catalog.putManifest({ repository, ...document(name), tags, missing: [], ...change });

/** A catalog that counts the questions it is asked, and may be made to wait before and after its work. */
function observed(inner: Catalog) {
  const asked: string[] = [];
  const hold = { before: async (_method: string) => {}, after: async (_method: string) => {} };
  const catalog = new Proxy(inner, {
    get(target, method: keyof Catalog) {
      return async (...args: unknown[]) => {
        asked.push(method);
        await hold.before(method);
        const work = target[method] as (...args: unknown[]) => Promise<unknown>;
        const answer = await work(...args);
        await hold.after(method);
        return answer;
      };
    },
    ownKeys: (target) => Reflect.ownKeys(target),
  });
  // A spread of a proxy asks for each key, and so gives the functions above.
  return { catalog: { ...catalog }, asked, hold };
}

test('what was asked once is answered from memory', async () => {
  const { catalog: inner, asked } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 1 << 20);
  await put(catalog, 'x', ['v1']);
  const blob = digestOf('blob');
  await catalog.linkBlob({ repository, digest: blob, size: 4, location: 'l', ...change });
  const ask = async () => [
    await catalog.resolveTag(repository, 'v1'),
    (await catalog.getManifest(repository, document('x').digest))?.bytes,
    (await catalog.findBlob(repository, blob))?.location,
    await catalog.repositoryExists(repository),
  ];
  const first = await ask();
  expect(first).toEqual([document('x').digest, document('x').bytes, 'l', true]);
  asked.length = 0;
  expect(await ask()).toEqual(first);
  expect(asked).toEqual([]);
});

test('what is not there is asked for each time, and many who ask at once share one question', async () => {
  const { catalog: inner, asked } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 1 << 20);
  await Promise.all(Array.from({ length: 10 }, () => catalog.resolveTag(repository, 'v1')));
  expect(asked).toEqual(['resolveTag']);
  await catalog.resolveTag(repository, 'v1');
  expect(asked).toEqual(['resolveTag', 'resolveTag']);
});

test('memory is bounded, and a large manifest does not drive out the others', async () => {
  const { catalog: inner, asked } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 16_000);
  const large = 'x'.repeat(10_000);
  for (const name of ['small', large]) {
    await put(catalog, name, []);
    await catalog.getManifest(repository, document(name).digest);
  }
  asked.length = 0;
  await catalog.getManifest(repository, document('small').digest);
  expect(asked).toEqual([]);
  await catalog.getManifest(repository, document(large).digest);
  expect(asked).toEqual(['getManifest']);
  for (let n = 0; n < 100; n += 1) await catalog.resolveTag(repository, `t${n}`);
  const names = Array.from({ length: 100 }, (_, n) => `n${n}`);
  for (const name of names) {
    await put(catalog, name, [name]);
    await catalog.resolveTag(repository, name);
  }
  asked.length = 0;
  for (const name of names) await catalog.resolveTag(repository, name);
  expect(asked.length).toBeGreaterThan(50);
});

test('a read that began before a write does not bring the old answer back', async () => {
  const { catalog: inner, hold } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 1 << 20);
  await put(catalog, 'old', ['v1']);
  const slow = Promise.withResolvers<void>();
  hold.after = async (method) => (method === 'resolveTag' ? slow.promise : undefined);
  const early = catalog.resolveTag(repository, 'v1');
  await put(catalog, 'new', ['v1']);
  slow.resolve();
  expect(await early).toBe(document('old').digest);
  expect(await catalog.resolveTag(repository, 'v1')).toBe(document('new').digest);
});

test('a read during a write is not kept', async () => {
  const { catalog: inner, hold } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 1 << 20);
  await put(catalog, 'old', ['v1']);
  const slow = Promise.withResolvers<void>();
  hold.before = async (method) => (method === 'putManifest' ? slow.promise : undefined);
  const writing = put(catalog, 'new', ['v1']);
  expect(await catalog.resolveTag(repository, 'v1')).toBe(document('old').digest);
  slow.resolve();
  await writing;
  expect(await catalog.resolveTag(repository, 'v1')).toBe(document('new').digest);
});

test('a tag read while its manifest is being deleted is gone afterwards', async () => {
  const { catalog: inner, hold } = observed(openMemoryCatalog());
  const catalog = createCachingCatalog(inner, 1 << 20);
  await put(catalog, 'x', ['v1']);
  await catalog.resolveTag(repository, 'v1');
  const slow = Promise.withResolvers<void>();
  hold.before = async (method) => (method === 'deleteManifest' ? slow.promise : undefined);
  const deleting = catalog.deleteManifest(repository, document('x').digest, change);
  expect(await catalog.resolveTag(repository, 'v1')).toBe(document('x').digest);
  slow.resolve();
  await deleting;
  expect(await catalog.resolveTag(repository, 'v1')).toBeUndefined();
  expect(await catalog.getManifest(repository, document('x').digest)).toBeUndefined();
});

test('a write that fails leaves what was there', async () => {
  const catalog = createCachingCatalog(openMemoryCatalog(), 1 << 20);
  await put(catalog, 'x', ['v1']);
  const immutable = () => true;
  const refused = catalog.putManifest({
    repository,
    ...document('y'),
    tags: ['v1'],
    missing: [],
    ...change,
    immutable,
  });
  await expect(refused).rejects.toThrow('immutable');
  expect(await catalog.resolveTag(repository, 'v1')).toBe(document('x').digest);
});

test('under many readers nobody sees a tag go back, and who wrote sees his own', async () => {
  await emptyCatalog(opened.db);
  const catalog = createCachingCatalog(createSqlCatalog(opened.db), 1 << 20);
  const order = Array.from({ length: 60 }, (_, n) => document(`n${n}`).digest);
  await put(catalog, 'n0', ['v1']);
  const written = new AbortController();
  const read = async (): Promise<number> =>
    order.indexOf((await catalog.resolveTag(repository, 'v1')) as Digest);
  const readers = Array.from({ length: 8 }, async () => {
    const seen: number[] = [];
    while (!written.signal.aborted) {
      seen.push(await read());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    return seen.length;
  });
  for (let n = 1; n < order.length; n += 1) {
    await put(catalog, `n${n}`, ['v1']);
    expect(await read()).toBe(n);
  }
  written.abort();
  const counts = await Promise.all(readers);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});
