import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType, isNonDistributable } from '../oci/media-types.ts';
import { evidenceTagsOf } from '../oci/evidence-tags.ts';
import { isTag } from '../oci/reference.ts';
import { pushBlob, type BlobOutcome } from './blobs.ts';
import type { ContentSource } from './content-source.ts';
import { headManifest, pushManifest } from './manifests.ts';
import { pushReferrer } from './referrers.ts';
import type { RegistrySession } from './registry-session.ts';

/** Where a copy goes. */
export interface CopyTarget {
  readonly session: RegistrySession;
  readonly repository: string;
}

export interface CopyOptions {
  /** also everything that refers to what is copied: signatures, attestations, SBOMs, and what refers to those */
  readonly referrers: boolean;
  /** tag to set at the target; absent: the reference itself if it is a tag, else none */
  readonly tag?: string;
  /** repository of the target's registry that has the blobs already: they are mounted */
  readonly mountFrom?: string;
}

/** What a copy came to. */
export interface Copied {
  readonly digest: Digest;
  /** manifests that were pushed or found there, referrers and children included */
  readonly manifests: number;
  readonly blobs: Readonly<Record<BlobOutcome, number>>;
}

interface Run extends CopyTarget {
  readonly from: ContentSource;
  readonly options: CopyOptions;
  readonly done: Set<Digest>;
  readonly blobs: Record<BlobOutcome, number>;
}

/** Nested deeper than any index or chain of referrers. */
const maxDepth = 16;

/**
 * Copies an image or index with all its parts, byte for byte. Children of an index that the source does not have are left
 * out if the target takes the index so. Parts go first, the tag last: the target never shows an image that is not whole.
 *
 * @param reference tag or digest at the source
 * @throws WharfingerError MANIFEST_UNKNOWN, MANIFEST_INVALID, BLOB_UNKNOWN, BLOB_DIGEST_MISMATCH, SIZE_INVALID, REMOTE_FAILED
 */
export async function copyImage(
  from: ContentSource,
  to: CopyTarget,
  reference: string,
  options: CopyOptions,
): Promise<Copied> {
  const run: Run = { ...to, from, options, done: new Set(), blobs: { present: 0, mounted: 0, pushed: 0 } };
  const fetched = await from.manifest(reference);
  if (fetched === undefined) {
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${from.name} has no ${reference}` });
  }
  await copyManifest(run, fetched, 0);
  const tag = options.tag ?? (isTag(reference) ? reference : undefined);
  if (tag !== undefined) await pushManifest(run.session, run.repository, tag, fetched);
  return { digest: fetched.digest, manifests: run.done.size, blobs: run.blobs };
}

async function copyManifest(run: Run, fetched: FetchedManifest, depth: number): Promise<void> {
  if (run.done.has(fetched.digest)) return;
  if (depth > maxDepth) {
    throw new WharfingerError('MANIFEST_INVALID', { what: `nested deeper than ${maxDepth} levels` });
  }
  run.done.add(fetched.digest);
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  await copyParts(run, manifest, depth);
  if (manifest.subject !== undefined) await pushReferrer(run.session, run.repository, fetched);
  else if ((await headManifest(run.session, run.repository, fetched.digest)) === undefined) {
    await pushManifest(run.session, run.repository, fetched.digest, fetched);
  }
  if (run.options.referrers) await copyReferrers(run, fetched.digest, depth);
}

async function copyParts(run: Run, manifest: Manifest, depth: number): Promise<void> {
  if (manifest.kind === 'manifest') {
    for (const part of [manifest.config, ...manifest.layers]) {
      if (!isNonDistributable(part.mediaType)) await copyBlob(run, part);
    }
    return;
  }
  for (const child of manifest.manifests) {
    if (!isManifestType(child.mediaType) && !isIndexType(child.mediaType)) {
      await copyBlob(run, child);
      continue;
    }
    const fetched = await run.from.manifest(child.digest);
    if (fetched !== undefined) await copyManifest(run, fetched, depth + 1);
  }
}

async function copyBlob(run: Run, part: Descriptor): Promise<void> {
  const open = () => run.from.open(part);
  const outcome = await pushBlob(run.session, run.repository, part, open, run.options.mountFrom);
  run.blobs[outcome] += 1;
}

async function copyReferrers(run: Run, subject: Digest, depth: number): Promise<void> {
  for (const { digest } of await run.from.referrers(subject)) {
    const fetched = await run.from.manifest(digest);
    if (fetched !== undefined) await copyManifest(run, fetched, depth + 1);
  }
  for (const tag of evidenceTagsOf(subject)) {
    const fetched = await run.from.manifest(tag);
    if (fetched === undefined) continue;
    await copyManifest(run, fetched, depth + 1);
    await pushManifest(run.session, run.repository, tag, fetched);
  }
}
