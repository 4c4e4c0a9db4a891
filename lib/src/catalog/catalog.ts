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
  /**
   * Links a blob that some repository has into another, in one transaction, so that no collection of garbage comes
   * between. Undefined if nobody has it. A mount (`received` false) leaves `pushedBy` and `pushedAt` as they were; if
   * new they are `by` and `sentAt`, or null and now where he never sent these bytes: he gets no right to read back.
   */
  linkKnownBlob(link: KnownBlobLink): Promise<BlobRecord | undefined>;
  /**
   * Removes a blob from a repository; false if it was not there.
   * @throws WharfingerError BLOB_IN_USE if a manifest of the repository refers to it
   */
  unlinkBlob(repository: string, digest: Digest, change: Change): Promise<boolean>;

  // --- manifests ---

  /**
   * Stores a manifest, what it refers to, and moves the tags given, all or nothing. Storing one that is there already
   * renews who pushed it and when. A tag that points there already has not moved: nothing enters its history.
   * @throws WharfingerError TAG_IMMUTABLE; MANIFEST_BLOB_UNKNOWN if a part (`requiredParts`) that is not among `missing`
   *   is not in the repository at this moment: a deletion may have come between check and put
   */
  putManifest(put: ManifestPut): Promise<void>;
  getManifest(repository: string, digest: Digest): Promise<ManifestRecord | undefined>;
  /** Removes a manifest and every tag that points to it; false if it was not there. Its history stays. */
  deleteManifest(repository: string, digest: Digest, change: Change): Promise<boolean>;
  /** Sizes in bytes of those of the parts that are in the repository, as blob or manifest respectively; the rest is missing. */
  partSizes(
    repository: string,
    parts: { readonly blobs: readonly Digest[]; readonly manifests: readonly Digest[] },
  ): Promise<PartSizes>;
  /** Manifests of the repository that refer to this digest as config, layer or child (not as subject). */
  manifestsReferringTo(repository: string, digest: Digest): Promise<Digest[]>;
  /**
   * Manifests of the repository whose subject is this digest, by the time they were pushed, oldest first, then by digest;
   * also when the subject is not there. `describeReferrer` makes the descriptors.
   */
  referrers(repository: string, subject: Digest): Promise<ReferrerRecord[]>;

  // --- tags ---

  resolveTag(repository: string, tag: string): Promise<Digest | undefined>;
  /** Tags that point to this manifest, in byte order. */
  tagsOf(repository: string, digest: Digest): Promise<string[]>;
  /** Tags in byte order after `last`, at most `limit`; undefined if there is no such repository. */
  listTags(repository: string, page: Page): Promise<string[] | undefined>;
  /**
   * Points a tag to a manifest that is in the repository; who pushed that one, and when, stays as it is.
   * @throws WharfingerError MANIFEST_UNKNOWN, TAG_IMMUTABLE
   */
  moveTag(move: TagTarget): Promise<void>;
  /** Removes a tag; false if it was not there. */
  deleteTag(repository: string, tag: string, change: Change): Promise<boolean>;
  /** Where a tag pointed, newest first; also of tags deleted since. */
  tagHistory(repository: string, tag: string, limit: number): Promise<TagMove[]>;

  // --- repositories ---

  /** True from the first blob or manifest on, also when all has been deleted since. */
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
  /** who sent its bytes here last, null for anonymous and mounts, and when: publishers may read back for a while */
  readonly pushedBy: string | null;
  readonly pushedAt: Date;
}

/** Sizes in bytes by digest. */
export interface PartSizes {
  readonly blobs: ReadonlyMap<Digest, number>;
  readonly manifests: ReadonlyMap<Digest, number>;
}

export interface KnownBlobLink extends Change {
  readonly repository: string;
  readonly digest: Digest;
  /** true: `by` has just sent the very bytes; false: a mount */
  readonly received: boolean;
  /** for a mount: when `by` sent the bytes to the repository that they come from; absent: others did */
  readonly sentAt?: Date;
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

export interface TagTarget extends Change {
  readonly repository: string;
  readonly tag: string;
  readonly to: Digest;
  /** true for a tag that must not be moved once it points somewhere */
  readonly immutable?: (tag: string) => boolean;
}

export interface TagMove extends Change {
  readonly tag: string;
  /** null: the tag was new */
  readonly from: Digest | null;
  /** null: the tag was deleted */
  readonly to: Digest | null;
}
