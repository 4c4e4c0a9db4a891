import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { growingCache } from '../memory/growing-cache.ts';
import { cacheReads } from './read-cache.ts';

/** About what an entry costs besides the bytes of a manifest. */
const entryBytes = 400;
const maxGenerations = 100_000;

/**
 * Answers what every pull asks (tag → digest, manifest, blob, does the repository exist) from memory. For one process that
 * is the only writer of its database: all writes must go through the catalog that is returned, which forgets what they
 * change. Whoever asks after a write was acknowledged gets what it wrote.
 *
 * @param maxBytes bound of the memory used, roughly
 */
export function createCachingCatalog(inner: Catalog, maxBytes: number): Catalog {
  const cache = cacheReads(maxBytes);
  /**
   * Numbers that stand for the tags of a repository, until a manifest is deleted: that removes tags nobody has named. A
   * number is never used twice, so what was read under an old one is not found again.
   */
  const generations = growingCache<string, number>(maxGenerations);
  let lastGeneration = 0;

  function renewTags(repository: string): number {
    lastGeneration += 1;
    generations.set(repository, lastGeneration);
    return lastGeneration;
  }

  const tagKey = (repository: string, tag: string): string =>
    `${generations.get(repository) ?? renewTags(repository)}:${tag}`;
  const manifestKey = (repository: string, digest: string): string => `m${repository}@${digest}`;
  const blobKey = (repository: string, digest: string): string => `b${repository}@${digest}`;

  return {
    ...inner,

    findBlob: (repository, digest) =>
      cache.read(
        blobKey(repository, digest),
        () => inner.findBlob(repository, digest),
        () => entryBytes,
      ),
    getManifest: (repository, digest) =>
      cache.read(
        manifestKey(repository, digest),
        () => inner.getManifest(repository, digest),
        (record) => record.bytes.length + entryBytes,
      ),
    resolveTag: (repository, tag) =>
      cache.read(
        tagKey(repository, tag),
        () => inner.resolveTag(repository, tag),
        () => entryBytes,
      ),
    async repositoryExists(repository) {
      // A repository that exists does so for ever; one that does not is asked for each time.
      const load = async () => (await inner.repositoryExists(repository)) || undefined;
      return (await cache.read(`r${repository}`, load, () => entryBytes)) ?? false;
    },

    linkBlob: (link) => cache.write([blobKey(link.repository, link.digest)], () => inner.linkBlob(link)),
    linkKnownBlob: (link) =>
      cache.write([blobKey(link.repository, link.digest)], () => inner.linkKnownBlob(link)),
    unlinkBlob: (repository, digest, change) =>
      cache.write([blobKey(repository, digest)], () => inner.unlinkBlob(repository, digest, change)),

    putManifest: (put) =>
      cache.write(
        [manifestKey(put.repository, put.digest), ...put.tags.map((tag) => tagKey(put.repository, tag))],
        () => inner.putManifest(put),
      ),
    async deleteManifest(repository, digest, change) {
      try {
        return await cache.write([manifestKey(repository, digest)], () =>
          inner.deleteManifest(repository, digest, change),
        );
      } finally {
        renewTags(repository);
      }
    },
    moveTag: (move) => cache.write([tagKey(move.repository, move.tag)], () => inner.moveTag(move)),
    deleteTag: (repository, tag, change) =>
      cache.write([tagKey(repository, tag)], () => inner.deleteTag(repository, tag, change)),
  };
}
