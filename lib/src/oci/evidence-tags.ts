import { isDigest, type Digest } from './digest.ts';
import type { Manifest } from './manifest.ts';
import { isTag } from './reference.ts';

/** Endings of the tags that cosign 2 keeps signatures, attestations and SBOMs under. */
const endings = ['sig', 'att', 'sbom'];

/** The tags that cosign 2 keeps evidence of an image under, in the image's repository: `sha256-<hex>.sig` and others. */
export function evidenceTagsOf(subject: Digest): string[] {
  return endings.map((ending) => `${subject.replace(':', '-')}.${ending}`).filter(isTag);
}

/**
 * What is kept under a tag is about this image: `sha256-<hex>.sig` is cosign's, `sha256-<hex>` the list of referrers of clients
 * that know registries without one. undefined: it is a tag like any other.
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const digest = tag.replace(/\.[a-z]+$/, '').replace('-', ':');
  return isDigest(digest) ? digest : undefined;
}

/**
 * True if everything that one manifest carries, as layers or children, is carried by the next one as well. Annotations count:
 * in them stand the signatures of cosign 2, whose payloads are often the same.
 */
export function holdsAllOf(next: Manifest, before: Manifest): boolean {
  const held = new Set(carriedBy(next));
  return carriedBy(before).every((one) => held.has(one));
}

function carriedBy(manifest: Manifest): string[] {
  const parts = manifest.kind === 'index' ? manifest.manifests : manifest.layers;
  return parts.map(({ digest, annotations = {} }) =>
    JSON.stringify([digest, Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))]),
  );
}
