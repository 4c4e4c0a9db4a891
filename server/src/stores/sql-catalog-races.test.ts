import { isWharfingerError } from '@wharfinger/lib/errors';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { addBlob, addImage, byAlice, imageFields, putOf } from '@wharfinger/lib/catalog/catalog.fixtures';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import type { CatalogChange } from './catalog-change.ts';
import { getSetting, putSetting } from './settings.ts';
import { createSqlCatalog } from './sql-catalog.ts';

/** Runs all at once; failures with a code of ours are answers, others are not. */
async function race(works: Array<Promise<unknown>>): Promise<unknown[]> {
  return Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        if (isWharfingerError(error)) return error.code;
        throw error;
      }),
    ),
  );
}

describe.each(testDatabases)('the catalog under races on $name', (kind) => {
  let opened: TestDatabase;
  let catalog: Catalog;
  beforeEach(async () => {
    opened = await kind.open();
    catalog = createSqlCatalog(opened.db);
  });
  afterEach(() => opened.close());

  test('a blob is deleted or a manifest is put on it, never both', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 25; round += 1) {
      await addBlob(catalog, 'a', `c${round}`);
      const put = putOf('a', imageFields(`c${round}`));
      const blob = digestOf(`c${round}`);
      const works = [() => catalog.putManifest(put), () => catalog.unlinkBlob('a', blob, byAlice(1))];
      if (round % 2 === 1) works.reverse();
      await race(works.map((work) => work()));
      const hasManifest = (await catalog.getManifest('a', put.digest)) !== undefined;
      const hasBlob = (await catalog.findBlob('a', blob)) !== undefined;
      expect(hasBlob).toBe(hasManifest);
      outcomes.add(String(hasManifest));
    }
    expect(outcomes.size).toBeGreaterThan(0);
  });

  test('a manifest is deleted or pushed with a tag: no tag points to what is not there', async () => {
    let left = 0;
    for (let round = 0; round < 25; round += 1) {
      const digest = await addImage(catalog, 'a', 'x', { tags: ['v1'] });
      await race([
        addImage(catalog, 'a', 'x', { tags: ['v1', 'v2'] }),
        catalog.deleteManifest('a', digest, byAlice(1)),
        catalog.moveTag({ repository: 'a', tag: 'v3', to: digest, ...byAlice(2) }),
      ]);
      for (const tag of (await catalog.listTags('a', { limit: 10 }))!) {
        const target = await catalog.resolveTag('a', tag);
        expect(await catalog.getManifest('a', target!)).toBeDefined();
        left += 1;
      }
    }
    expect(left).toBeGreaterThan(0);
  });

  test('many push the same tags in any order, and all succeed', async () => {
    const tags = ['a', 'b', 'c', 'd', 'e'];
    const pushes = Array.from({ length: 16 }, (_, n) =>
      addImage(catalog, 'a', `image ${n}`, { tags: n % 2 === 0 ? tags : tags.toReversed() }),
    );
    const digests = await Promise.all(pushes);
    const now = await Promise.all(tags.map((tag) => catalog.resolveTag('a', tag)));
    // Each push moved all its tags or none: they all point to the last one.
    expect(new Set(now).size).toBe(1);
    expect(digests).toContain(now[0]);
  });

  test('an immutable tag that many set at once is set by one', async () => {
    const immutable = () => true;
    const pushes = Array.from({ length: 8 }, (_, n) =>
      addImage(catalog, 'a', `image ${n}`, { tags: ['v1'], immutable }),
    );
    const answers = await race(pushes);
    expect(answers.filter((answer) => answer === 'TAG_IMMUTABLE')).toHaveLength(7);
    expect(answers).toContain(await catalog.resolveTag('a', 'v1'));
    expect(await catalog.tagHistory('a', 'v1', 10)).toHaveLength(1);
  });

  test('many make one repository with one push each', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `image ${n}`);
    await Promise.all(
      names.map((name) => addImage(catalog, 'new/one', name, { tags: [name.replace(' ', '')] })),
    );
    expect(await catalog.listRepositories({ limit: 10 })).toEqual(['new/one']);
    expect(await catalog.listTags('new/one', { limit: 100 })).toHaveLength(12);
  });
});

describe.each(testDatabases)('what follows from a change on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  test('is told of each, in the same transaction', async () => {
    const changes: CatalogChange[] = [];
    const catalog = createSqlCatalog(opened.db, {
      onChange: async (trx, change) => {
        changes.push(change);
        await putSetting(trx, 'last', change.kind);
      },
    });
    const first = await addImage(catalog, 'a', 'x', { tags: ['v1'] });
    const second = await addImage(catalog, 'a', 'y', { tags: ['v1', 'v2'] });
    expect(await getSetting(opened.db, 'last')).toBe('manifest-put');
    await catalog.moveTag({ repository: 'a', tag: 'v1', to: first, ...byAlice(3) });
    await catalog.deleteTag('a', 'v1', byAlice(4));
    await catalog.deleteManifest('a', second, byAlice(5));
    await catalog.unlinkBlob('a', digestOf('layer of y'), byAlice(6));
    const told = changes.filter((change) => change.kind !== 'blob-linked');
    expect(told).toMatchObject([
      {
        kind: 'manifest-put',
        repository: 'a',
        digest: first,
        added: true,
        moved: [{ tag: 'v1', from: null }],
      },
      {
        kind: 'manifest-put',
        digest: second,
        moved: [
          { tag: 'v1', from: first },
          { tag: 'v2', from: null },
        ],
      },
      { kind: 'tag-moved', tag: 'v1', from: second, to: first },
      { kind: 'tag-deleted', tag: 'v1', digest: first },
      { kind: 'manifest-deleted', digest: second, tags: ['v2'] },
      { kind: 'blob-unlinked', digest: digestOf('layer of y'), by: 'alice' },
    ]);
    expect(changes.filter((change) => change.kind === 'blob-linked')).toHaveLength(4);
  });

  test('is not told of what changes nothing', async () => {
    const changes: string[] = [];
    const catalog = createSqlCatalog(opened.db, {
      onChange: async (_trx, change) => void changes.push(change.kind),
    });
    await catalog.deleteTag('a', 'v1', byAlice(0));
    await catalog.deleteManifest('a', digestOf('x'), byAlice(0));
    await catalog.unlinkBlob('a', digestOf('x'), byAlice(0));
    const image = await addImage(catalog, 'a', 'x', { tags: ['v1'] });
    changes.length = 0;
    await catalog.moveTag({ repository: 'a', tag: 'v1', to: image, ...byAlice(1) });
    await catalog.unlinkBlob('a', digestOf('x'), byAlice(0));
    expect(changes).toEqual([]);
  });

  test('that fails undoes the change', async () => {
    const catalog = createSqlCatalog(opened.db, {
      onChange: async (_trx, change) => {
        if (change.kind === 'manifest-put') throw new Error('no job for you');
      },
    });
    await expect(addImage(catalog, 'a', 'x', { tags: ['v1'] })).rejects.toThrow('no job for you');
    expect(await catalog.resolveTag('a', 'v1')).toBeUndefined();
    expect(await catalog.listTags('a', { limit: 1 })).toEqual([]);
  });
});
