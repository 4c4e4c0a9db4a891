import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest, requiredParts, type Manifest } from '@wharfinger/lib/oci/manifest';
import type { Placed } from '../stores/repositories.ts';
import { readSmallBlob } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';

/** A manifest of a repository, and what of it is there. */
export interface StoredManifest extends Placed {
  readonly manifest: Manifest;
  /** bytes of the manifest itself */
  readonly size: number;
  /** parts that are not in the repository: config, layers, children */
  readonly missing: readonly Digest[];
  /** bytes of the config; undefined for an index, and where it is missing or too large to be one */
  readonly config?: Uint8Array;
}

/** Image configurations are a few kilobytes; histories of hundreds of layers make some hundred. */
const configLimit = 8 * 1024 * 1024;

/** Reads a manifest and its config; undefined: it is not in the repository. */
export async function loadImage(
  parts: PipelineParts,
  { repository, digest }: Placed,
): Promise<StoredManifest | undefined> {
  const record = await parts.catalog.getManifest(repository, digest);
  if (!record) return undefined;
  const manifest = parseManifest(record.bytes, record.mediaType);
  const size = record.bytes.length;
  const wanted = requiredParts(manifest);
  const blobs = wanted.blobs.map((part) => part.digest);
  const manifests = wanted.manifests.map((part) => part.digest);
  const sizes = await parts.catalog.partSizes(repository, { blobs, manifests });
  const missing = [...absent(blobs, sizes.blobs), ...absent(manifests, sizes.manifests)];
  const stored = { repository, digest, manifest, size, missing };
  if (manifest.kind === 'index') return stored;
  const config = await readConfig(parts, repository, manifest.config.digest);
  return { ...stored, ...(config && { config }) };
}

function absent(wanted: readonly Digest[], present: ReadonlyMap<Digest, number>): Digest[] {
  return [...new Set(wanted)].filter((digest) => !present.has(digest));
}

async function readConfig(
  parts: PipelineParts,
  repository: string,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const blob = await parts.catalog.findBlob(repository, digest);
  return blob && blob.size <= configLimit ? readSmallBlob(parts.storage, blob, configLimit) : undefined;
}
