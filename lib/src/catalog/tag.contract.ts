import { describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import type { Catalog } from './catalog.ts';
import { addImage, byAlice, codeOf, imageFields, moment, putOf } from './catalog.fixtures.ts';

/** The part of the catalog contract that is about tags and lists of names; describeCatalogContract runs it. */
export function describeTagContract(catalogOf: () => Catalog): void {
  describe('tags', () => {
    test('point to what was pushed last, and remember where they pointed', async () => {
      const catalog = catalogOf();
      const first = await addImage(catalog, 'a', 'x', { tags: ['v1', 'latest'], ...byAlice(1) });
      const second = await addImage(catalog, 'a', 'y', { tags: ['latest'], by: null, at: moment(2) });
      expect(await catalog.resolveTag('a', 'v1')).toBe(first);
      expect(await catalog.resolveTag('a', 'latest')).toBe(second);
      expect(await catalog.resolveTag('a', 'none')).toBeUndefined();
      expect(await catalog.resolveTag('b', 'v1')).toBeUndefined();
      const history = [
        { tag: 'latest', from: first, to: second, by: null, at: moment(2) },
        { tag: 'latest', from: null, to: first, ...byAlice(1) },
      ];
      expect(await catalog.tagHistory('a', 'latest', 10)).toEqual(history);
      expect(await catalog.tagHistory('a', 'latest', 1)).toEqual(history.slice(0, 1));
      expect(await catalog.tagHistory('a', 'none', 10)).toEqual([]);
    });

    test('differ by case', async () => {
      const catalog = catalogOf();
      const upper = await addImage(catalog, 'a', 'x', { tags: ['V1'] });
      const lower = await addImage(catalog, 'a', 'y', { tags: ['v1'] });
      expect(await catalog.resolveTag('a', 'V1')).toBe(upper);
      expect(await catalog.resolveTag('a', 'v1')).toBe(lower);
    });

    test('are known by the manifest that they point to', async () => {
      const catalog = catalogOf();
      const first = await addImage(catalog, 'a', 'x', { tags: ['v1', 'latest', 'V1'] });
      const second = await addImage(catalog, 'a', 'y', { tags: ['latest'] });
      expect(await catalog.tagsOf('a', first)).toEqual(['V1', 'v1']);
      expect(await catalog.tagsOf('a', second)).toEqual(['latest']);
      expect(await catalog.tagsOf('b', first)).toEqual([]);
    });

    test('are deleted without their manifest, and keep their history', async () => {
      const catalog = catalogOf();
      const image = await addImage(catalog, 'a', 'x', { tags: ['v1'] });
      expect(await catalog.deleteTag('a', 'v1', { by: 'bob', at: moment(4) })).toBe(true);
      expect(await catalog.deleteTag('a', 'v1', byAlice(5))).toBe(false);
      expect(await catalog.deleteTag('none', 'v1', byAlice(5))).toBe(false);
      expect(await catalog.resolveTag('a', 'v1')).toBeUndefined();
      expect(await catalog.getManifest('a', image)).toBeDefined();
      expect(await catalog.tagHistory('a', 'v1', 10)).toEqual([
        { tag: 'v1', from: image, to: null, by: 'bob', at: moment(4) },
        { tag: 'v1', from: null, to: image, ...byAlice(0) },
      ]);
    });

    test('move back to a manifest that is there, which stays as its publisher left it', async () => {
      const catalog = catalogOf();
      const first = await addImage(catalog, 'a', 'x', { tags: ['v1'], ...byAlice(1) });
      const second = await addImage(catalog, 'a', 'y', { tags: ['v1'], ...byAlice(2) });
      const back = { repository: 'a', tag: 'v1', to: first, by: 'bob', at: moment(3) };
      await catalog.moveTag(back);
      expect(await catalog.resolveTag('a', 'v1')).toBe(first);
      expect(await catalog.tagHistory('a', 'v1', 1)).toEqual([
        { tag: 'v1', from: second, to: first, by: 'bob', at: moment(3) },
      ]);
      expect(await catalog.getManifest('a', first)).toMatchObject({ pushedBy: 'alice', pushedAt: moment(1) });
      const elsewhere = { ...back, to: second, immutable: () => true };
      expect(await codeOf(() => catalog.moveTag(elsewhere))).toBe('TAG_IMMUTABLE');
      const nowhere = { ...back, to: digestOf('nowhere') };
      expect(await codeOf(() => catalog.moveTag(nowhere))).toBe('MANIFEST_UNKNOWN');
      expect(await catalog.resolveTag('a', 'v1')).toBe(first);
    });

    test('that are immutable do not move, and nothing of the push remains', async () => {
      const catalog = catalogOf();
      const immutable = (tag: string) => tag.startsWith('v');
      const first = await addImage(catalog, 'a', 'x', { tags: ['v1'], immutable });
      const move = () => addImage(catalog, 'a', 'y', { tags: ['latest', 'v1'], immutable });
      expect(await codeOf(move)).toBe('TAG_IMMUTABLE');
      expect(await catalog.resolveTag('a', 'v1')).toBe(first);
      expect(await catalog.resolveTag('a', 'latest')).toBeUndefined();
      const refused = putOf('a', imageFields('config of y', 'layer of y'));
      expect(await catalog.getManifest('a', refused.digest)).toBeUndefined();
      expect(await addImage(catalog, 'a', 'x', { tags: ['v1'], immutable })).toBe(first);
    });

    test('pushed by many at once all arrive; one tag ends at one of them with an unbroken history', async () => {
      const catalog = catalogOf();
      const names = Array.from({ length: 12 }, (_, at) => `image ${at}`);
      const pushes = names.map((name, at) =>
        addImage(catalog, 'a', name, { tags: ['latest', `t${at}`], ...byAlice(at) }),
      );
      const digests = await Promise.all(pushes);
      expect(await catalog.listTags('a', { limit: 100 })).toHaveLength(13);
      const history = await catalog.tagHistory('a', 'latest', 100);
      expect(history[0]?.to).toBe(await catalog.resolveTag('a', 'latest'));
      expect(new Set(history.map((move) => move.to))).toEqual(new Set(digests));
      expect(history.map((move) => move.from)).toEqual([...history.slice(1).map((move) => move.to), null]);
    });
  });

  describe('lists', () => {
    test('of tags are in byte order, page by page', async () => {
      const catalog = catalogOf();
      await addImage(catalog, 'a', 'x', { tags: ['b', 'B', 'a-1', 'a.1', 'a', '_z', '10', '9', 'b1'] });
      await addImage(catalog, 'ab', 'x', { tags: ['other'] });
      const all = ['10', '9', 'B', '_z', 'a', 'a-1', 'a.1', 'b', 'b1'];
      expect(await catalog.listTags('a', { limit: 100 })).toEqual(all);
      expect(await catalog.listTags('a', { limit: 3 })).toEqual(all.slice(0, 3));
      expect(await catalog.listTags('a', { limit: 3, last: 'B' })).toEqual(all.slice(3, 6));
      expect(await catalog.listTags('a', { limit: 3, last: 'a-' })).toEqual(all.slice(5, 8));
      expect(await catalog.listTags('a', { limit: 3, last: 'zz' })).toEqual([]);
      expect(await catalog.listTags('a', { limit: 0 })).toEqual([]);
    });

    test('of tags are empty where a repository has none, and undefined where there is no repository', async () => {
      const catalog = catalogOf();
      await addImage(catalog, 'a', 'x');
      expect(await catalog.listTags('a', { limit: 10 })).toEqual([]);
      expect(await catalog.listTags('b', { limit: 10 })).toBeUndefined();
    });

    test('of repositories are in byte order, page by page', async () => {
      const catalog = catalogOf();
      for (const name of ['b/c', 'b', 'a-1/x', 'a/x', 'a0', 'a']) await addImage(catalog, name, 'x');
      const all = ['a', 'a-1/x', 'a/x', 'a0', 'b', 'b/c'];
      expect(await catalog.listRepositories({ limit: 100 })).toEqual(all);
      expect(await catalog.listRepositories({ limit: 2, last: 'a' })).toEqual(all.slice(1, 3));
      expect(await catalog.listRepositories({ limit: 2, last: 'b/c' })).toEqual([]);
    });

    test('know a repository from its first blob on, and keep it when it is emptied', async () => {
      const catalog = catalogOf();
      expect(await catalog.repositoryExists('a')).toBe(false);
      const link = { repository: 'a', digest: digestOf('x'), size: 1, location: 'l', ...byAlice(0) };
      await catalog.linkBlob(link);
      expect(await catalog.repositoryExists('a')).toBe(true);
      await catalog.unlinkBlob('a', link.digest, byAlice(1));
      expect(await catalog.repositoryExists('a')).toBe(true);
      expect(await catalog.listRepositories({ limit: 10 })).toEqual(['a']);
    });
  });
}
