import { WharfingerError } from '../errors.ts';
import { isAttestationChild } from '../oci/attestation-child.ts';
import { formatPlatform, type Descriptor, type Platform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource, FetchedManifest } from '../oci/evidence-source.ts';
import { parseManifest, type ImageIndex, type ImageManifest, type Manifest } from '../oci/manifest.ts';
import { isForPlatform } from '../oci/platform.ts';
import { isIndexType, isManifestType } from '../oci/media-types.ts';
import { configLimit } from './read-config.ts';

/** Where manifests and configurations are read. */
export interface IndexSource extends Pick<EvidenceSource, 'manifest' | 'blob'> {
  /** how errors name it */
  readonly name: string;
}

/** An index that is there, by its digest. */
export interface FetchedIndex {
  readonly digest: Digest;
  readonly manifest: ImageIndex;
}

/** What lies in an index: an image, or an index again. */
export interface IndexPart {
  readonly fetched: FetchedManifest;
  readonly manifest: Manifest;
  /** absent: neither the index nor the image's config says one */
  readonly platform?: Platform;
}

/** Indexes nested deeper are refused. */
const maxDepth = 4;

interface Search {
  readonly content: IndexSource;
  /** os/architecture[/variant]; absent: any */
  readonly platform: string | undefined;
  readonly found: Set<Digest>;
  /** platforms that there are */
  readonly seen: Set<string>;
  /** an image of the platform, or what could be one, is listed, but it is not there */
  absent: boolean;
}

/**
 * All that lies in an index, at any depth, each once: its images, and the indexes that lead to them. Which of two images for
 * one platform an engine takes is its own affair, so that all are named; that one of them is not there may be a lie, and is an error.
 * Otherwise what is not there (a sparse index) and what is for no platform (attestations of BuildKit) is passed over.
 *
 * @param platform os/architecture[/variant] of the images that are meant, with any variant where none is said; absent: all
 * @throws WharfingerError MANIFEST_UNKNOWN, naming the platforms that there are; MANIFEST_INVALID; what the source throws
 */
export async function partsOfIndex(
  content: IndexSource,
  index: FetchedIndex,
  platform?: string,
): Promise<IndexPart[]> {
  const search = startSearch(content, platform);
  const parts = await Array.fromAsync(partsOf(search, index.manifest, 0));
  if (platform !== undefined && (parts.length === 0 || search.absent)) throw noPlatform(search, index.digest);
  return parts;
}

/**
 * The first image for a platform in an index, in the order of the index.
 * @throws as `partsOfIndex` does
 */
export async function firstImageOf(
  content: IndexSource,
  index: FetchedIndex,
  platform: string,
): Promise<{ readonly fetched: FetchedManifest; readonly manifest: ImageManifest }> {
  const search = startSearch(content, platform);
  for await (const { fetched, manifest } of partsOf(search, index.manifest, 0))
    if (manifest.kind === 'manifest') return { fetched, manifest };
  throw noPlatform(search, index.digest);
}

function startSearch(content: IndexSource, platform: string | undefined): Search {
  return { content, platform, found: new Set(), seen: new Set(), absent: false };
}

async function* partsOf(search: Search, index: ImageIndex, depth: number): AsyncGenerator<IndexPart> {
  for (const child of index.manifests) {
    const isImage = isManifestType(child.mediaType);
    if ((!isImage && !isIndexType(child.mediaType)) || isAttestationChild(child)) continue;
    if (search.found.has(child.digest)) continue;
    const platform = child.platform ?? (isImage ? await platformOfConfig(search.content, child) : undefined);
    if (platform) search.seen.add(formatPlatform(platform));
    if (isImage && !isWanted(platform, search.platform)) {
      search.absent ||= platform === undefined && (await search.content.manifest(child.digest)) === undefined;
      continue;
    }
    const fetched = await search.content.manifest(child.digest);
    if (fetched === undefined) {
      search.absent = true;
      continue;
    }
    // what it is, not what it is said to be, decides
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    const part = { fetched, manifest, ...(platform && { platform }) };
    if (manifest.kind === 'manifest') {
      search.found.add(child.digest);
      yield part;
      continue;
    }
    if (depth === maxDepth)
      throw new WharfingerError('MANIFEST_INVALID', {
        what: `${search.content.name}: indexes lie in indexes deeper than the ${maxDepth} levels that are followed`,
      });
    let leads = search.platform === undefined;
    for await (const inner of partsOf(search, manifest, depth + 1)) {
      leads = true;
      yield inner;
    }
    if (leads && !search.found.has(child.digest)) {
      search.found.add(child.digest);
      yield part;
    }
  }
}

function isWanted(platform: Platform | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || (platform !== undefined && isForPlatform(formatPlatform(platform), wanted));
}

/** An index need not say what its children are for; their configs do. */
async function platformOfConfig(content: IndexSource, child: Descriptor): Promise<Platform | undefined> {
  const fetched = await content.manifest(child.digest);
  if (fetched === undefined) return undefined;
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (manifest.kind !== 'manifest') return undefined;
  try {
    const bytes = await content.blob(manifest.config, configLimit);
    if (bytes === undefined) return undefined;
    const config: Partial<Platform> | null = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const { os, architecture, variant } = config ?? {};
    if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
    return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function noPlatform({ content, platform, seen, absent }: Search, digest: Digest): WharfingerError {
  if (absent) {
    return new WharfingerError('MANIFEST_UNKNOWN', {
      what: `${content.name}: ${digest} lists an image for ${platform}, but it is not there`,
      remedy: 'the index is kept without some of its images; read this one where it came from',
    });
  }
  return new WharfingerError('MANIFEST_UNKNOWN', {
    what: `${content.name}: ${digest} has no image for ${platform}`,
    remedy:
      seen.size === 0
        ? 'it holds no images'
        : `choose one of its platforms: ${[...seen].slice(0, 50).join(', ')}`,
  });
}
