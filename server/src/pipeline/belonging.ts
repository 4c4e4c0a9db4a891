import type { Catalog, ManifestRecord } from '@wharfinger/lib/catalog/catalog';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { evidenceTagsOf } from '@wharfinger/lib/oci/evidence-tags';
import { parseManifest, requiredParts } from '@wharfinger/lib/oci/manifest';

/** Manifests that one image may bring along: children, and everything that refers to any of them. */
const maxManifests = 10_000;
/** Nested deeper than any index or chain of referrers. */
const maxDepth = 16;

/**
 * An image and what lies in it at any depth, where it is an index: each once, the image itself first.
 * @returns empty where the image is not there
 * @throws WharfingerError MANIFEST_INVALID where there is more of it than is looked at
 */
export async function partsOfImage(
  catalog: Catalog,
  repository: string,
  digest: Digest,
): Promise<ReadonlyMap<Digest, ManifestRecord>> {
  const found = new Map<Digest, ManifestRecord>();
  for (let level = [digest], depth = 0; level.length > 0; depth += 1) {
    const below: Digest[] = [];
    for (const one of level) {
      const record = found.has(one) ? undefined : await catalog.getManifest(repository, one);
      if (!record) continue; // an index may lack children, where the registry takes it so
      if (depth > maxDepth || found.size >= maxManifests) throw tooMuch(repository, digest);
      found.set(one, record);
      below.push(...childrenOf(record));
    }
    level = below;
  }
  return found;
}

/**
 * All manifests that belong to an image: what lies in it, and everything that refers to any of that and may come along. Each
 * comes after its children and after what speaks for it, so that where the image can be pulled, all that it needs is there.
 *
 * @param mayCome asked of each that only refers to the image: anybody who may push can say so of anything
 * @throws WharfingerError MANIFEST_INVALID where more belongs to it than is taken at once
 */
export async function belongingTo(
  catalog: Catalog,
  repository: string,
  digest: Digest,
  mayCome: (referrer: ManifestRecord) => Promise<boolean>,
): Promise<ReadonlyMap<Digest, ManifestRecord>> {
  const parts = await partsOfImage(catalog, repository, digest);
  const found = new Map<Digest, ManifestRecord>();
  const seen = new Set<Digest>();

  async function add(one: Digest, depth: number): Promise<void> {
    if (seen.has(one)) return;
    seen.add(one);
    if (depth > maxDepth || seen.size > maxManifests) throw tooMuch(repository, digest);
    const record = parts.get(one) ?? (await catalog.getManifest(repository, one));
    if (!record || (!parts.has(one) && !(await mayCome(record)))) return;
    const children = childrenOf(record);
    for (const next of [...children, ...(await evidenceOf(catalog, repository, one))])
      await add(next, depth + 1);
    // what lacks a child that may not come does not come either
    if (parts.has(one) || children.every((child) => found.has(child))) found.set(one, record);
  }

  await add(digest, 0);
  return found;
}

async function evidenceOf(catalog: Catalog, repository: string, digest: Digest): Promise<Digest[]> {
  const referrers = await catalog.referrers(repository, digest);
  const tagged = await Promise.all(evidenceTagsOf(digest).map((tag) => catalog.resolveTag(repository, tag)));
  return [
    ...referrers.map(({ descriptor }) => descriptor.digest),
    ...tagged.filter((one) => one !== undefined),
  ];
}

function childrenOf({ bytes, mediaType }: ManifestRecord): Digest[] {
  return requiredParts(parseManifest(bytes, mediaType)).manifests.map((child) => child.digest);
}

function tooMuch(repository: string, digest: Digest): WharfingerError {
  return new WharfingerError('MANIFEST_INVALID', {
    what: `more than ${maxManifests} manifests, or more than ${maxDepth} levels of them, belong to ${repository}@${digest}`,
  });
}
