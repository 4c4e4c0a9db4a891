import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { describeReferrer, requiredParts, type Manifest } from '../oci/manifest.ts';
import type { BlobRecord, Catalog, Change, ManifestPut, ManifestRecord, Page, TagMove } from './catalog.ts';

interface StoredManifest extends ManifestRecord {
  readonly manifest: Manifest;
}

interface Repository {
  readonly blobs: Map<Digest, BlobRecord>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  /** oldest first */
  readonly moves: TagMove[];
}

function byteOrder(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function page(names: Iterable<string>, { last, limit }: Page): string[] {
  return [...names]
    .filter((name) => last === undefined || name > last)
    .sort(byteOrder)
    .slice(0, limit);
}

function refersTo(manifest: Manifest, digest: Digest): boolean {
  const parts = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  return parts.some((part) => part.digest === digest);
}

/**
 * A catalog that lies in memory and ends with the process: for tests, and for those who embed the registry for an hour.
 */
export function openMemoryCatalog(): Catalog {
  const repositories = new Map<string, Repository>();
  const stored = new Map<Digest, { size: number; location: string }>();

  function create(name: string): Repository {
    let repository = repositories.get(name);
    if (!repository) {
      repository = { blobs: new Map(), manifests: new Map(), tags: new Map(), moves: [] };
      repositories.set(name, repository);
    }
    return repository;
  }

  function moveTag(repository: Repository, tag: string, to: Digest | null, { by, at }: Change): void {
    const from = repository.tags.get(tag) ?? null;
    if (from === to) return;
    if (to === null) repository.tags.delete(tag);
    else repository.tags.set(tag, to);
    repository.moves.push({ tag, from, to, by, at });
  }

  function refuseMissing(put: ManifestPut, repository: Repository | undefined): void {
    const parts = requiredParts(put.manifest);
    const excused = new Set(put.missing);
    const gone = [
      ...parts.blobs.filter(({ digest }) => !repository?.blobs.has(digest)),
      ...parts.manifests.filter(({ digest }) => !repository?.manifests.has(digest)),
    ].filter(({ digest }) => !excused.has(digest));
    if (gone.length > 0) {
      const digests = gone.map(({ digest }) => digest);
      throw new WharfingerError('MANIFEST_BLOB_UNKNOWN', { what: digests.join(', '), detail: { digests } });
    }
  }

  function refuseImmutable(
    put: Pick<ManifestPut, 'tags' | 'digest' | 'immutable'>,
    repository: Repository | undefined,
  ): void {
    for (const tag of put.tags) {
      const now = repository?.tags.get(tag);
      if (now !== undefined && now !== put.digest && put.immutable?.(tag)) {
        throw new WharfingerError('TAG_IMMUTABLE', {
          what: `${tag} points to ${now}`,
          detail: { tag, digest: now },
        });
      }
    }
  }

  return {
    async findBlob(repository, digest) {
      return repositories.get(repository)?.blobs.get(digest);
    },

    async findBlobAnywhere(digest) {
      return stored.get(digest);
    },

    async repositoriesWithBlob(digest, limit) {
      const names: string[] = [];
      for (const [name, { blobs }] of repositories) {
        if (names.length >= limit) break;
        if (blobs.has(digest)) names.push(name);
      }
      return names;
    },

    async linkBlob({ repository, digest, size, location, by, at }) {
      const known = stored.get(digest) ?? { size, location };
      stored.set(digest, known);
      const record: BlobRecord = { digest, ...known, pushedBy: by, pushedAt: at };
      create(repository).blobs.set(digest, record);
      return record;
    },

    async linkKnownBlob({ repository, digest, by, at, received, sentAt }) {
      const known = stored.get(digest);
      if (!known) return undefined;
      const { blobs } = create(repository);
      const before = blobs.get(digest);
      const record: BlobRecord = received
        ? { digest, ...known, pushedBy: by, pushedAt: at }
        : (before ?? { digest, ...known, pushedBy: sentAt ? by : null, pushedAt: sentAt ?? at });
      blobs.set(digest, record);
      return record;
    },

    async unlinkBlob(name, digest) {
      const repository = repositories.get(name);
      if (!repository?.blobs.has(digest)) return false;
      const users = [...repository.manifests.values()].filter(({ manifest }) => refersTo(manifest, digest));
      if (users.length > 0) {
        throw new WharfingerError('BLOB_IN_USE', { what: users.map((user) => user.digest).join(', ') });
      }
      return repository.blobs.delete(digest);
    },

    async putManifest(put) {
      const { digest, bytes, manifest, by, at } = put;
      refuseImmutable(put, repositories.get(put.repository));
      refuseMissing(put, repositories.get(put.repository));
      const repository = create(put.repository);
      const { mediaType } = manifest;
      repository.manifests.set(digest, { digest, mediaType, bytes, manifest, pushedBy: by, pushedAt: at });
      for (const tag of put.tags) moveTag(repository, tag, digest, { by, at });
    },

    async getManifest(repository, digest) {
      return repositories.get(repository)?.manifests.get(digest);
    },

    async deleteManifest(name, digest, change) {
      const repository = repositories.get(name);
      if (!repository?.manifests.delete(digest)) return false;
      for (const [tag, target] of repository.tags) {
        if (target === digest) moveTag(repository, tag, null, change);
      }
      return true;
    },

    async partSizes(name, parts) {
      const repository = repositories.get(name);
      const blobs = new Map<Digest, number>();
      const manifests = new Map<Digest, number>();
      for (const digest of parts.blobs) {
        const blob = repository?.blobs.get(digest);
        if (blob) blobs.set(digest, blob.size);
      }
      for (const digest of parts.manifests) {
        const manifest = repository?.manifests.get(digest);
        if (manifest) manifests.set(digest, manifest.bytes.length);
      }
      return { blobs, manifests };
    },

    async manifestsReferringTo(repository, digest) {
      const manifests = [...(repositories.get(repository)?.manifests.values() ?? [])];
      return manifests.filter(({ manifest }) => refersTo(manifest, digest)).map((record) => record.digest);
    },

    async referrers(repository, subject) {
      const manifests = [...(repositories.get(repository)?.manifests.values() ?? [])];
      return manifests
        .filter(({ manifest }) => manifest.subject?.digest === subject)
        .sort(
          (left, right) =>
            left.pushedAt.getTime() - right.pushedAt.getTime() || byteOrder(left.digest, right.digest),
        )
        .map(({ digest, bytes, manifest }) => ({
          descriptor: describeReferrer(digest, bytes.length, manifest),
        }));
    },

    async resolveTag(repository, tag) {
      return repositories.get(repository)?.tags.get(tag);
    },

    async tagsOf(repository, digest) {
      const tags = [...(repositories.get(repository)?.tags ?? [])];
      return tags
        .filter(([, target]) => target === digest)
        .map(([tag]) => tag)
        .sort(byteOrder);
    },

    async listTags(repository, wanted) {
      const tags = repositories.get(repository)?.tags;
      return tags && page(tags.keys(), wanted);
    },

    async moveTag({ repository: name, tag, to, immutable, by, at }) {
      const repository = repositories.get(name);
      if (!repository?.manifests.has(to)) throw new WharfingerError('MANIFEST_UNKNOWN', { what: to });
      refuseImmutable({ tags: [tag], digest: to, ...(immutable && { immutable }) }, repository);
      moveTag(repository, tag, to, { by, at });
    },

    async deleteTag(name, tag, change) {
      const repository = repositories.get(name);
      if (!repository?.tags.has(tag)) return false;
      moveTag(repository, tag, null, change);
      return true;
    },

    async tagHistory(repository, tag, limit) {
      const moves = repositories.get(repository)?.moves ?? [];
      return moves
        .filter((move) => move.tag === tag)
        .reverse()
        .slice(0, limit);
    },

    async repositoryExists(repository) {
      return repositories.has(repository);
    },

    async listRepositories(wanted) {
      return page(repositories.keys(), wanted);
    },
  };
}
