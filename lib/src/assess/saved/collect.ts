import type { ContentSource } from '../../client/content-source.ts';
import type { EvidenceItem } from '../../custody/report.ts';
import { WharfingerError } from '../../errors.ts';
import { isAttestationChild } from '../../oci/attestation-child.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { FetchedManifest } from '../../oci/evidence-source.ts';
import { parseManifest, type Manifest } from '../../oci/manifest.ts';
import { isIndexType, isManifestType, isNonDistributable } from '../../oci/media-types.ts';
import { evidenceTagsOf } from '../../oci/evidence-tags.ts';
import type { SavedEntry } from './format.ts';

/** Everything that belongs to an image: what is small in memory, the rest by where it is read from. */
export interface Collected {
  /** what the layout lists, in order */
  readonly entries: readonly SavedEntry[];
  readonly manifests: ReadonlyMap<Digest, FetchedManifest>;
  readonly blobs: ReadonlyMap<Digest, { readonly descriptor: Descriptor; readonly from: ContentSource }>;
  readonly leftOut: readonly Digest[];
}

/** More manifests than an image with all that refers to it has. */
const mostManifests = 10_000;
/** Bytes of all of them, which are held in memory. */
const mostManifestBytes = 256 * 1024 * 1024;
const maxDepth = 16;

interface Run {
  readonly entries: Map<string, SavedEntry>;
  readonly manifests: Map<Digest, FetchedManifest>;
  readonly blobs: Map<Digest, { descriptor: Descriptor; from: ContentSource }>;
  readonly leftOut: Set<Digest>;
  /** images of an index that are meant; undefined: all */
  readonly wanted: ReadonlySet<Digest> | undefined;
  bytes: number;
}

/**
 * Collects an image with its parts, everything that refers to any of it, and what its chain of custody rests on: of the images
 * that it was built on the manifests, configurations and evidence, and of their layers those alone that were compressed anew since:
 * whether the content is the same has to be measured.
 *
 * @param wanted digests of the children of an index to take; undefined: all
 * @param ancestors as the chain of custody names them
 * @param contentOf a repository of the same registry
 * @throws WharfingerError MANIFEST_UNKNOWN where something is not there; MANIFEST_INVALID; SIZE_INVALID; what sources throw
 */
export async function collectImage(
  content: ContentSource,
  image: FetchedManifest,
  wanted: ReadonlySet<Digest> | undefined,
  ancestors: readonly EvidenceItem[],
  contentOf: (repository: string) => ContentSource,
): Promise<Collected> {
  const run: Run = {
    entries: new Map(),
    manifests: new Map(),
    blobs: new Map(),
    leftOut: new Set(),
    wanted,
    bytes: 0,
  };
  await addManifest(run, content, image, { layers: true }, 0);
  for (const { repository, digest, what } of ancestors) {
    if (what === 'config' || what === 'layer' || what === 'absent' || run.manifests.has(digest)) continue;
    const from = contentOf(repository);
    const fetched = await from.manifest(digest);
    if (!fetched)
      throw new WharfingerError('MANIFEST_UNKNOWN', {
        what: `${from.name} has no ${digest}, which the chain of custody rests on`,
      });
    const ancestor = what === 'manifest';
    await addManifest(run, from, fetched, { layers: !ancestor, ancestor }, 0);
  }
  for (const { repository, digest, what } of ancestors)
    if (what === 'layer') addLayer(run, contentOf(repository), digest);
  const entries = [...run.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return { entries, manifests: run.manifests, blobs: run.blobs, leftOut: [...run.leftOut].sort() };
}

interface How {
  readonly layers: boolean;
  readonly ancestor?: boolean;
  readonly name?: string;
}

async function addManifest(
  run: Run,
  from: ContentSource,
  fetched: FetchedManifest,
  how: How,
  depth: number,
): Promise<void> {
  const { digest, mediaType, bytes } = fetched;
  list(run, fetched, how);
  if (run.manifests.has(digest)) return;
  run.manifests.set(digest, fetched);
  run.bytes += bytes.length;
  if (depth > maxDepth || run.manifests.size > mostManifests || run.bytes > mostManifestBytes)
    throw new WharfingerError('SIZE_INVALID', {
      what: `more belongs to ${digest} than one archive takes: ${mostManifests} manifests, ${mostManifestBytes} bytes of them`,
      remedy: 'delete referrers that nobody needs, or save fewer platforms',
    });
  await addParts(run, from, parseManifest(bytes, mediaType), how, depth);
  await addReferrers(run, from, digest, depth);
}

/** A layer of an image that was collected without its layers. */
function addLayer(run: Run, from: ContentSource, digest: Digest): void {
  for (const { bytes, mediaType } of run.manifests.values()) {
    const manifest = parseManifest(bytes, mediaType);
    const layers = manifest.kind === 'manifest' ? manifest.layers : [];
    const descriptor = layers.find((layer) => layer.digest === digest);
    if (descriptor !== undefined) run.blobs.set(digest, { descriptor, from });
  }
}

function list(run: Run, { digest, mediaType, bytes }: FetchedManifest, { name, ancestor }: How): void {
  const key = `${digest} ${name ?? ''}`;
  if (run.entries.has(key)) return;
  run.entries.set(key, {
    digest,
    mediaType,
    size: bytes.length,
    ...(name === undefined ? {} : { name }),
    ...(ancestor === true ? { ancestor } : {}),
  });
}

async function addParts(
  run: Run,
  from: ContentSource,
  manifest: Manifest,
  how: How,
  depth: number,
): Promise<void> {
  if (manifest.kind === 'manifest') {
    for (const part of how.layers ? [manifest.config, ...manifest.layers] : [manifest.config])
      if (!isNonDistributable(part.mediaType)) run.blobs.set(part.digest, { descriptor: part, from });
    return;
  }
  for (const child of manifest.manifests) {
    if (!isManifestType(child.mediaType) && !isIndexType(child.mediaType)) {
      run.blobs.set(child.digest, { descriptor: child, from });
      continue;
    }
    const fetched = isWanted(run, child) ? await from.manifest(child.digest) : undefined;
    if (fetched) await addManifest(run, from, fetched, how, depth + 1);
    else run.leftOut.add(child.digest);
  }
}

/** Attestation manifests of builders come along with every choice. */
function isWanted({ wanted }: Run, child: Descriptor): boolean {
  return wanted === undefined || wanted.has(child.digest) || isAttestationChild(child);
}

async function addReferrers(run: Run, from: ContentSource, subject: Digest, depth: number): Promise<void> {
  for (const { digest } of await from.referrers(subject)) {
    const fetched = await from.manifest(digest);
    if (fetched) await addManifest(run, from, fetched, { layers: true }, depth + 1);
  }
  for (const name of evidenceTagsOf(subject)) {
    const fetched = await from.manifest(name);
    if (fetched) await addManifest(run, from, fetched, { layers: true, name }, depth + 1);
  }
}
