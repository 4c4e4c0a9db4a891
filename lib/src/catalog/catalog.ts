import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';

/**
 * What a registry knows of its repositories: which blobs and manifests are in each, where tags point and pointed, what
 * refers to what. Each method that changes something is one transaction, durable when its promise resolves.
 *
 * Every change names who makes it and when: time is never taken from a clock in here.
 */
export interface Catalog {
  // --- blobs ---

  /** The blob as this repository has it; undefined if it is not linked there. */
  findBlob(repository: string, digest: Digest): Promise<BlobRecord | undefined>;
  /** The blob if any repository has it: for deduplication and mounts. */
  findBlobAnywhere(digest: Digest): Promise<{ size: number; location: string } | undefined>;
  /** Repositories that link this blob, at most `limit`: for anonymous mounts. */
  repositoriesWithBlob(digest: Digest, limit: number): Promise<string[]>;
  /**
   * Links a blob into a repository, creating both if new. If the digest is stored already, the location given is not
   * used; the record returned names the one that is.
   */
  linkBlob(link: BlobLink): Promise<BlobRecord>;
  /** Removes a blob from a repository; false if it was not there. */
  unlinkBlob(repository: string, digest: Digest, change: Change): Promise<boolean>;

  // --- manifests ---

  /**
   * Stores a manifest, what it refers to, and moves the tags given, all or nothing. Storing one that is there already
   * renews who pushed it and when.
   * @throws WharfingerError TAG_IMMUTABLE
   */
  putManifest(put: ManifestPut): Promise<void>;
  getManifest(repository: string, digest: Digest): Promise<ManifestRecord | undefined>;
  /** Removes a manifest and every tag that points to it; false if it was not there. Its history stays. */
  deleteManifest(repository: string, digest: Digest, change: Change): Promise<boolean>;
  /** Those of `digests` that are not in the repository, as blob or manifest respectively. */
  missing(
    repository: string,
    digests: { blobs: readonly Digest[]; manifests: readonly Digest[] },
  ): Promise<Digest[]>;
  /** Manifests of the repository that refer to this digest as config, layer or child (not as subject). */
  manifestsReferringTo(repository: string, digest: Digest): Promise<Digest[]>;
  /** Manifests of the repository whose subject is this digest, oldest first, also when the subject is not there. */
  referrers(repository: string, subject: Digest): Promise<ReferrerRecord[]>;

  // --- tags ---

  resolveTag(repository: string, tag: string): Promise<Digest | undefined>;
  /** Tags in byte order after `last`, at most `limit`; undefined if there is no such repository. */
  listTags(repository: string, page: Page): Promise<string[] | undefined>;
  /** Removes a tag; false if it was not there. */
  deleteTag(repository: string, tag: string, change: Change): Promise<boolean>;
  /** Where a tag pointed, newest first; also of tags deleted since. */
  tagHistory(repository: string, tag: string, limit: number): Promise<TagMove[]>;

  // --- repositories ---

  repositoryExists(repository: string): Promise<boolean>;
  /** Names in byte order after `last`, at most `limit`. */
  listRepositories(page: Page): Promise<string[]>;
}

export interface Page {
  /** name to continue after */
  readonly last?: string;
  readonly limit: number;
}

/** Who changes something, and when. */
export interface Change {
  /** principal; null for anonymous */
  readonly by: string | null;
  readonly at: Date;
}

export interface BlobRecord {
  readonly digest: Digest;
  readonly size: number;
  readonly location: string;
  /** who linked it last, and when: publishers may read back for a while */
  readonly pushedBy: string | null;
  readonly pushedAt: Date;
}

export interface BlobLink extends Change {
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
  readonly location: string;
}

export interface ManifestPut extends Change {
  readonly repository: string;
  readonly digest: Digest;
  /** exactly what was sent, kept as it is */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly tags: readonly string[];
  /** parts that were not in the repository when it was pushed */
  readonly missing: readonly Digest[];
  /** true for a tag that must not be moved once it points somewhere */
  readonly immutable?: (tag: string) => boolean;
}

export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly pushedBy: string | null;
  readonly pushedAt: Date;
}

/** A manifest with a subject, as a referrers listing shows it. */
export interface ReferrerRecord {
  readonly descriptor: Descriptor;
}

export interface TagMove extends Change {
  readonly tag: string;
  /** null: the tag was new */
  readonly from: Digest | null;
  /** null: the tag was deleted */
  readonly to: Digest | null;
}
