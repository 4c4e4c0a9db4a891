import type { Catalog, ManifestRecord } from '@wharfinger/lib/catalog/catalog';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest, requiredParts } from '@wharfinger/lib/oci/manifest';
import { isTag } from '@wharfinger/lib/oci/reference';

/** Who copies what, from where to where. */
export interface CopyWithin {
  readonly from: string;
  readonly to: string;
  readonly digest: Digest;
  /** moved last, when all the rest is there */
  readonly tags: readonly string[];
  readonly immutable: (tag: string) => boolean;
  readonly by: string;
  readonly at: Date;
}

/** Manifests that one image may bring along: children, and everything that refers to any of them. */
const maxManifests = 10_000;
/** Nested deeper than any index or chain of referrers. */
const maxDepth = 16;

/** Endings of the tags that cosign 2 keeps signatures, attestations and SBOMs under. */
const cosignTags = ['sig', 'att', 'sbom'];

/**
 * Copies an image from one repository of this registry into another, with its children and with everything that refers to
 * them. No bytes are moved. What was begun and not ended lies there without the tags, and copying again completes it.
 *
 * @returns how many manifests were copied
 * @throws WharfingerError MANIFEST_UNKNOWN; TAG_IMMUTABLE; MANIFEST_INVALID where more belongs to it than is copied at once
 */
export async function copyWithin(catalog: Catalog, copy: CopyWithin): Promise<number> {
  const found = new Map<Digest, ManifestRecord>();
  await collect(catalog, copy.from, copy.digest, found, 0);
  if (!found.has(copy.digest))
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${copy.from}@${copy.digest}` });
  for (const record of found.values()) {
    const own = await evidenceTags(catalog, copy.from, record.digest);
    const tags = record.digest === copy.digest ? [...own, ...copy.tags] : own;
    await copyManifest(catalog, copy, record, tags);
  }
  return found.size;
}

/**
 * Adds all manifests that belong to one: each after its children and after what speaks for it, so that where the image
 * can be pulled, all that it needs is there.
 */
async function collect(
  catalog: Catalog,
  repository: string,
  digest: Digest,
  found: Map<Digest, ManifestRecord>,
  depth: number,
): Promise<void> {
  if (found.has(digest)) return;
  const record = await catalog.getManifest(repository, digest);
  if (!record) return; // an index may lack children, where the registry takes it so
  if (depth > maxDepth || found.size >= maxManifests)
    throw new WharfingerError('MANIFEST_INVALID', {
      what: `more than ${maxManifests} manifests, or more than ${maxDepth} levels of them, belong to ${repository}@${digest}`,
    });
  const { manifests } = requiredParts(parseManifest(record.bytes, record.mediaType));
  const referrers = await catalog.referrers(repository, digest);
  const tagged = await Promise.all(cosignTagsOf(digest).map((tag) => catalog.resolveTag(repository, tag)));
  const parts = [...manifests, ...referrers.map(({ descriptor }) => descriptor)].map((part) => part.digest);
  for (const part of [...parts, ...tagged])
    if (part !== undefined) await collect(catalog, repository, part, found, depth + 1);
  found.set(digest, record);
}

async function copyManifest(
  catalog: Catalog,
  copy: CopyWithin,
  { digest, bytes, mediaType }: ManifestRecord,
  tags: readonly string[],
): Promise<void> {
  const { from, to, by, at, immutable } = copy;
  const manifest = parseManifest(bytes, mediaType);
  const required = requiredParts(manifest);
  const parts = {
    blobs: required.blobs.map((part) => part.digest),
    manifests: required.manifests.map((part) => part.digest),
  };
  for (const blob of parts.blobs) {
    // A blob that others have and this repository does not is none of its parts.
    if (await catalog.findBlob(from, blob))
      await catalog.linkKnownBlob({ repository: to, digest: blob, received: false, by, at });
  }
  const there = await catalog.partSizes(to, parts);
  const missing = [
    ...parts.blobs.filter((one) => !there.blobs.has(one)),
    ...parts.manifests.filter((one) => !there.manifests.has(one)),
  ];
  await catalog.putManifest({ repository: to, digest, bytes, manifest, tags, missing, immutable, by, at });
}

/** The tags under which cosign 2 would keep evidence, as far as they point to this very manifest. */
async function evidenceTags(catalog: Catalog, repository: string, digest: Digest): Promise<string[]> {
  const tags = await catalog.tagsOf(repository, digest);
  return tags.filter((tag) => /^sha(?:256|512)-[0-9a-f]+(?:\.(?:sig|att|sbom))?$/.test(tag));
}

function cosignTagsOf(digest: Digest): string[] {
  return cosignTags.map((ending) => `${digest.replace(':', '-')}.${ending}`).filter(isTag);
}
