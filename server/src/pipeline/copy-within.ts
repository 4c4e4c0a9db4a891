import type { Catalog, ManifestRecord } from '@wharfinger/lib/catalog/catalog';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { holdsAllOf, subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import { parseManifest, requiredParts, type Manifest } from '@wharfinger/lib/oci/manifest';

/** Who copies what, from where to where. */
export interface CopyWithin {
  readonly from: string;
  readonly to: string;
  readonly digest: Digest;
  /** the image and what comes with it, in the order in which it is copied */
  readonly manifests: ReadonlyMap<Digest, ManifestRecord>;
  /** moved last, when all the rest is there */
  readonly tags: readonly string[];
  readonly immutable: (tag: string) => boolean;
  readonly by: string;
  readonly at: Date;
}

/**
 * Copies an image from one repository of this registry into another, with what comes along. No bytes are moved. What was begun and
 * not ended lies there without the tags, and copying again completes it.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN; TAG_IMMUTABLE
 */
export async function copyWithin(catalog: Catalog, copy: CopyWithin): Promise<void> {
  const { from, digest, manifests } = copy;
  if (!manifests.has(digest)) throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${from}@${digest}` });
  for (const record of manifests.values()) {
    const own = await evidenceTags(catalog, copy, record);
    const tags = record.digest === digest ? [...own, ...copy.tags] : own;
    await copyManifest(catalog, copy, record, tags);
  }
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

/**
 * The tags that a manifest keeps evidence under about what is copied: nobody's tag about another image, and none under which
 * the target has something that would be lost.
 */
async function evidenceTags(
  catalog: Catalog,
  { from, to, manifests }: CopyWithin,
  record: ManifestRecord,
): Promise<string[]> {
  const tags: string[] = [];
  for (const tag of await catalog.tagsOf(from, record.digest)) {
    const subject = subjectOfTag(tag);
    if (subject === undefined || !manifests.has(subject)) continue;
    const there = await catalog.resolveTag(to, tag);
    const before = there && (await catalog.getManifest(to, there));
    if (!before || holdsAllOf(parsed(record), parsed(before))) tags.push(tag);
  }
  return tags;
}

function parsed({ bytes, mediaType }: ManifestRecord): Manifest {
  return parseManifest(bytes, mediaType);
}
