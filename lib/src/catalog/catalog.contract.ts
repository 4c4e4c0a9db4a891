import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { addBlob, addImage, byAlice, codeOf, imageFields, moment, putOf } from './catalog.fixtures.ts';
import type { Catalog } from './catalog.ts';
import { describeTagContract } from './tag.contract.ts';

/** What a contract suite works on; `close` releases it. */
export interface OpenCatalog {
  readonly catalog: Catalog;
  close(): Promise<void>;
}

/**
 * What every Catalog must do. Run it for each implementation.
 *
 * @param name title of the suite
 * @param open opens an empty catalog; called before each test
 */
export function describeCatalogContract(name: string, open: () => Promise<OpenCatalog>): void {
  describe(`catalog contract: ${name}`, () => {
    let opened: OpenCatalog;
    let catalog: Catalog;
    beforeEach(async () => {
      opened = await open();
      catalog = opened.catalog;
    });
    afterEach(() => opened.close());

    describe('blobs', () => {
      test('belong to the repositories that link them', async () => {
        const digest = await addBlob(catalog, 'team/app', 'abc');
        expect(await catalog.findBlob('team/app', digest)).toEqual({
          digest,
          size: 3,
          location: 'at/abc',
          pushedBy: 'alice',
          pushedAt: moment(0),
        });
        expect(await catalog.findBlob('team/other', digest)).toBeUndefined();
        expect(await catalog.findBlobAnywhere(digest)).toMatchObject({ size: 3, location: 'at/abc' });
        expect(await catalog.findBlobAnywhere(digestOf('none'))).toBeUndefined();
      });

      test('are stored once: a second location is not used, and the record says so', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        const again = { digest, size: 3, location: 'second', by: 'bob', at: moment(9) };
        const record = await catalog.linkBlob({ ...again, repository: 'b' });
        expect(record).toEqual({ digest, size: 3, location: 'at/abc', pushedBy: 'bob', pushedAt: moment(9) });
        expect((await catalog.linkBlob({ ...again, repository: 'a' })).location).toBe('at/abc');
        expect(await catalog.findBlob('a', digest)).toMatchObject({ pushedBy: 'bob', pushedAt: moment(9) });
      });

      test('linked by many at once lie at one location', async () => {
        const digest = digestOf('abc');
        const links = Array.from({ length: 8 }, (_, at) =>
          catalog.linkBlob({ repository: `r${at % 2}`, digest, size: 3, location: `l${at}`, ...byAlice(at) }),
        );
        const locations = new Set((await Promise.all(links)).map((record) => record.location));
        expect(locations.size).toBe(1);
        expect(locations).toContain((await catalog.findBlobAnywhere(digest))?.location);
      });

      test('pushed without a name are anonymous', async () => {
        const digest = digestOf('abc');
        await catalog.linkBlob({ repository: 'a', digest, size: 3, location: 'l', by: null, at: moment(1) });
        expect(await catalog.findBlob('a', digest)).toMatchObject({ pushedBy: null, pushedAt: moment(1) });
      });

      test('know where they are linked, up to a limit', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        await addBlob(catalog, 'b', 'abc');
        await addBlob(catalog, 'c', 'other');
        expect((await catalog.repositoriesWithBlob(digest, 10)).sort()).toEqual(['a', 'b']);
        expect(await catalog.repositoriesWithBlob(digest, 1)).toHaveLength(1);
        expect(await catalog.repositoriesWithBlob(digestOf('none'), 10)).toEqual([]);
      });

      test('larger than 4 GiB and of sha512 are kept as they are', async () => {
        const digest = digestOf('big', 'sha512');
        const size = 2 ** 40 + 7;
        await catalog.linkBlob({ repository: 'a', digest, size, location: 'l', ...byAlice(0) });
        expect(await catalog.findBlob('a', digest)).toMatchObject({ digest, size });
      });
    });

    describe('blobs that are stored already', () => {
      test('are linked by a mount, which gives others no right to read back', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        const link = { repository: 'b', digest, by: 'bob', at: moment(5), received: false };
        const expected = { digest, size: 3, location: 'at/abc', pushedBy: null, pushedAt: moment(5) };
        expect(await catalog.linkKnownBlob(link)).toEqual(expected);
        expect(await catalog.findBlob('b', digest)).toEqual(expected);
      });

      test('are linked by a mount of who sent them, which gives the right to read back no longer', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        const link = {
          repository: 'b',
          digest,
          by: 'alice',
          at: moment(5),
          received: false,
          sentAt: moment(0),
        };
        const expected = { digest, size: 3, location: 'at/abc', pushedBy: 'alice', pushedAt: moment(0) };
        expect(await catalog.linkKnownBlob(link)).toEqual(expected);
        expect(await catalog.findBlob('b', digest)).toEqual(expected);
      });

      test('mounted where they are already keep who sent them', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        await catalog.linkKnownBlob({ repository: 'a', digest, by: 'bob', at: moment(5), received: false });
        expect(await catalog.findBlob('a', digest)).toMatchObject({ pushedBy: 'alice', pushedAt: moment(0) });
      });

      test('and were sent once more renew who sent them', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        await catalog.linkKnownBlob({ repository: 'a', digest, by: 'bob', at: moment(5), received: true });
        expect(await catalog.findBlob('a', digest)).toMatchObject({ pushedBy: 'bob', pushedAt: moment(5) });
      });

      test('are not invented, nor is a repository for them', async () => {
        const link = { repository: 'a', digest: digestOf('none'), received: true, ...byAlice(0) };
        expect(await catalog.linkKnownBlob(link)).toBeUndefined();
        expect(await catalog.repositoryExists('a')).toBe(false);
      });
    });

    describe('removing blobs', () => {
      test('takes them out of one repository only', async () => {
        const digest = await addBlob(catalog, 'a', 'abc');
        await addBlob(catalog, 'b', 'abc');
        expect(await catalog.unlinkBlob('a', digest, byAlice(1))).toBe(true);
        expect(await catalog.unlinkBlob('a', digest, byAlice(2))).toBe(false);
        expect(await catalog.unlinkBlob('nowhere', digest, byAlice(2))).toBe(false);
        expect(await catalog.findBlob('a', digest)).toBeUndefined();
        expect(await catalog.findBlob('b', digest)).toBeDefined();
        expect(await catalog.repositoriesWithBlob(digest, 10)).toEqual(['b']);
        expect(await catalog.repositoryExists('a')).toBe(true);
      });

      test('is refused while a manifest of the repository refers to them', async () => {
        const image = await addImage(catalog, 'a', 'x');
        const layer = digestOf('layer of x');
        const unlink = () => catalog.unlinkBlob('a', layer, byAlice(1));
        expect(await codeOf(unlink)).toBe('BLOB_IN_USE');
        expect(await catalog.findBlob('a', layer)).toBeDefined();
        await catalog.deleteManifest('a', image, byAlice(2));
        expect(await unlink()).toBe(true);
      });
    });

    describe('manifests', () => {
      test('come back byte by byte', async () => {
        await addBlob(catalog, 'a', 'c');
        const put = putOf('a', imageFields('c'));
        await catalog.putManifest(put);
        const record = await catalog.getManifest('a', put.digest);
        expect(record).toMatchObject({
          digest: put.digest,
          mediaType: mediaTypes.ociManifest,
          pushedBy: 'alice',
          pushedAt: moment(0),
        });
        expect(Buffer.from(record!.bytes).equals(put.bytes)).toBe(true);
        expect(await catalog.getManifest('b', put.digest)).toBeUndefined();
      });

      test('stored again renew who pushed them', async () => {
        await addBlob(catalog, 'a', 'c');
        const put = putOf('a', imageFields('c'), { tags: ['v1'] });
        await catalog.putManifest(put);
        await catalog.putManifest({ ...put, by: 'bob', at: moment(7) });
        expect(await catalog.getManifest('a', put.digest)).toMatchObject({
          pushedBy: 'bob',
          pushedAt: moment(7),
        });
        expect(await catalog.tagHistory('a', 'v1', 10)).toHaveLength(1);
      });

      test('with a part that is not there are refused, with nothing of them left', async () => {
        await addBlob(catalog, 'b', 'layer');
        await addBlob(catalog, 'a', 'config');
        const put = putOf('a', imageFields('config', 'layer'), { tags: ['v1'] });
        expect(await codeOf(() => catalog.putManifest(put))).toBe('MANIFEST_BLOB_UNKNOWN');
        expect(await catalog.getManifest('a', put.digest)).toBeUndefined();
        expect(await catalog.resolveTag('a', 'v1')).toBeUndefined();
        const parent = putOf('a', {
          manifests: [{ mediaType: mediaTypes.ociManifest, digest: put.digest, size: put.bytes.length }],
        });
        expect(await codeOf(() => catalog.putManifest(parent))).toBe('MANIFEST_BLOB_UNKNOWN');
      });

      test('are taken where what they miss was named', async () => {
        const put = putOf('a', imageFields('config', 'layer'));
        await catalog.putManifest({ ...put, missing: [digestOf('config'), digestOf('layer')] });
        expect(await catalog.getManifest('a', put.digest)).toBeDefined();
        expect(await catalog.repositoryExists('a')).toBe(true);
      });

      test('need neither their subject nor non-distributable layers', async () => {
        await addBlob(catalog, 'a', 'c');
        const absent = { digest: digestOf('none'), size: 4 };
        const layer = { mediaType: mediaTypes.dockerForeignLayerGzip, ...absent };
        const subject = { mediaType: mediaTypes.ociManifest, ...absent };
        const put = putOf('a', { ...imageFields('c'), layers: [layer], subject });
        await catalog.putManifest(put);
        expect(await catalog.getManifest('a', put.digest)).toBeDefined();
      });

      test('are removed with the tags that point to them', async () => {
        const image = await addImage(catalog, 'a', 'x', { tags: ['v1', 'v2'] });
        const other = await addImage(catalog, 'a', 'y', { tags: ['v3'] });
        expect(await catalog.deleteManifest('a', image, byAlice(1))).toBe(true);
        expect(await catalog.deleteManifest('a', image, byAlice(2))).toBe(false);
        expect(await catalog.getManifest('a', image)).toBeUndefined();
        expect(await catalog.listTags('a', { limit: 10 })).toEqual(['v3']);
        expect(await catalog.resolveTag('a', 'v3')).toBe(other);
        expect((await catalog.tagHistory('a', 'v1', 1))[0]).toEqual({
          tag: 'v1',
          from: image,
          to: null,
          ...byAlice(1),
        });
      });

      test('tell the sizes of parts that are there, and only of those', async () => {
        const image = await addImage(catalog, 'a', 'x');
        const layer = digestOf('layer of x');
        await addBlob(catalog, 'b', 'elsewhere');
        const asked = [layer, digestOf('elsewhere'), digestOf('none')];
        const sizes = await catalog.partSizes('a', { blobs: asked, manifests: [image, layer] });
        expect([...sizes.blobs]).toEqual([[layer, 'layer of x'.length]]);
        const { bytes } = (await catalog.getManifest('a', image))!;
        expect([...sizes.manifests]).toEqual([[image, bytes.length]]);
        const none = await catalog.partSizes('none', { blobs: asked, manifests: [] });
        expect(none.blobs.size + none.manifests.size).toBe(0);
      });

      test('know who refers to what', async () => {
        const image = await addImage(catalog, 'a', 'x');
        const { bytes } = (await catalog.getManifest('a', image))!;
        const child = { mediaType: mediaTypes.ociManifest, digest: image, size: bytes.length };
        const parent = putOf('a', { manifests: [child], subject: child });
        await catalog.putManifest(parent);
        const empty = putOf('a', { manifests: [], subject: child });
        await catalog.putManifest(empty);
        expect(await catalog.manifestsReferringTo('a', digestOf('layer of x'))).toEqual([image]);
        expect(await catalog.manifestsReferringTo('a', digestOf('config of x'))).toEqual([image]);
        expect(await catalog.manifestsReferringTo('a', image)).toEqual([parent.digest]);
        expect(await catalog.manifestsReferringTo('b', image)).toEqual([]);
      });
    });

    test('an index of blobs, as BuildKit writes for its caches, refers to blobs', async () => {
      const layer = await addBlob(catalog, 'a', 'layer');
      const child = { mediaType: mediaTypes.ociLayerGzip, digest: layer, size: 5 };
      const cache = putOf('a', { manifests: [child] });
      await catalog.putManifest(cache);
      expect(await catalog.manifestsReferringTo('a', layer)).toEqual([cache.digest]);
      expect(await codeOf(() => catalog.unlinkBlob('a', layer, byAlice(1)))).toBe('BLOB_IN_USE');
    });

    describe('referrers', () => {
      const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf('subject'), size: 7 };

      test('are listed by time, as descriptors with type and annotations, also without the subject', async () => {
        await addBlob(catalog, 'a', 'c');
        const late = putOf(
          'a',
          { ...imageFields('c'), subject, artifactType: 'application/x', annotations: { k: 'v' } },
          byAlice(9),
        );
        const early = putOf('a', { ...imageFields('c'), subject }, byAlice(3));
        const index = putOf('a', { manifests: [], subject }, byAlice(5));
        for (const put of [late, early, index]) await catalog.putManifest(put);
        expect(await catalog.referrers('a', subject.digest)).toEqual([
          {
            descriptor: {
              mediaType: mediaTypes.ociManifest,
              digest: early.digest,
              size: early.bytes.length,
              artifactType: mediaTypes.ociConfig,
            },
          },
          { descriptor: { mediaType: mediaTypes.ociIndex, digest: index.digest, size: index.bytes.length } },
          {
            descriptor: {
              mediaType: mediaTypes.ociManifest,
              digest: late.digest,
              size: late.bytes.length,
              artifactType: 'application/x',
              annotations: { k: 'v' },
            },
          },
        ]);
        expect(await catalog.referrers('b', subject.digest)).toEqual([]);
      });

      test('leave the list when they are deleted', async () => {
        await addBlob(catalog, 'a', 'c');
        const put = putOf('a', { ...imageFields('c'), subject });
        await catalog.putManifest(put);
        await catalog.deleteManifest('a', put.digest, byAlice(1));
        expect(await catalog.referrers('a', subject.digest)).toEqual([]);
      });
    });

    describeTagContract(() => catalog);
  });
}
