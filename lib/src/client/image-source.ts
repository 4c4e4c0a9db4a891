import { WharfingerError } from '../errors.ts';
import { formatPlatform, type Descriptor, type Platform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource, FetchedManifest } from '../oci/evidence-source.ts';
import { parseManifest, type ImageIndex, type ImageManifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType } from '../oci/media-types.ts';
import type { ContentSource } from './content-source.ts';
import { collect } from './verified-stream.ts';

/** One image of one platform, wherever it lies. Close it. */
export interface ImageSource {
  /** what was asked for, in full */
  readonly name: string;
  readonly digest: Digest;
  /**
   * `stored`: the digest under which registries know the image. `made`: an archive of docker save has no manifest; the one
   * made here from its parts has this digest, which no registry need know.
   */
  readonly digestOrigin: 'stored' | 'made';
  readonly mediaType: string;
  readonly manifestBytes: Uint8Array;
  readonly manifest: ImageManifest;
  /** the index that it was chosen from, the outermost one; signatures may be attached to that */
  readonly index?: Digest;
  /** the config document, checked */
  config(): Promise<Uint8Array>;
  /** lowest first; each is checked against digest and size while it is read */
  readonly layers: ReadonlyArray<{ readonly descriptor: Descriptor; open(): AsyncIterable<Uint8Array> }>;
  /** where signatures are looked for; undefined: an archive of docker save cannot carry any */
  readonly evidence: EvidenceSource | undefined;
  close(): Promise<void>;
}

/** Larger image configurations are not read. */
const configLimit = 8 * 1024 * 1024;

/** Indexes nested deeper are not followed. */
const maxDepth = 4;

/**
 * Finds the image of a platform: the manifest itself, or the child of an index. Children that are not there (a sparse index)
 * and those that are no images (attestations of BuildKit) are passed over.
 *
 * @param platform os/architecture[/variant]
 * @throws WharfingerError MANIFEST_UNKNOWN, naming the platforms that there are; MANIFEST_INVALID; what the source throws
 */
export async function chooseImage(
  content: ContentSource,
  fetched: FetchedManifest,
  platform: string,
): Promise<Omit<ImageSource, 'name' | 'close' | 'digestOrigin'>> {
  const parsed = parseManifest(fetched.bytes, fetched.mediaType);
  if (parsed.kind === 'index') {
    const search: Search = { content, platform, seen: new Set(), absent: false };
    const chosen = await findChild(search, parsed, 0);
    if (chosen === undefined) throw noPlatform(search, fetched.digest);
    return { ...imageOf(content, chosen.fetched, chosen.manifest), index: fetched.digest };
  }
  return imageOf(content, fetched, parsed);
}

function imageOf(
  content: ContentSource,
  fetched: FetchedManifest,
  manifest: ImageManifest,
): Omit<ImageSource, 'name' | 'close' | 'digestOrigin'> {
  return {
    digest: fetched.digest,
    mediaType: fetched.mediaType,
    manifestBytes: fetched.bytes,
    manifest,
    config: () => readConfig(content, manifest.config),
    layers: manifest.layers.map((descriptor) => ({ descriptor, open: () => content.open(descriptor) })),
    evidence: content,
  };
}

/** Reads an image's config, bounded. */
async function readConfig(content: ContentSource, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > configLimit) {
    throw new WharfingerError('SIZE_INVALID', {
      what: `${content.name}: the config is ${descriptor.size} bytes, more than the ${configLimit} that are read`,
      remedy: 'the image is not one that engines accept; build it again',
    });
  }
  return collect(content.open(descriptor));
}

interface Search {
  readonly content: ContentSource;
  readonly platform: string;
  /** platforms that there are */
  readonly seen: Set<string>;
  /** an image of the platform is listed, but it is not there */
  absent: boolean;
}

async function findChild(
  search: Search,
  index: ImageIndex,
  depth: number,
): Promise<{ fetched: FetchedManifest; manifest: ImageManifest } | undefined> {
  for (const child of index.manifests) {
    if (isAttestation(child)) continue;
    if (isManifestType(child.mediaType)) {
      const childPlatform = child.platform ?? (await platformOfConfig(search.content, child));
      if (childPlatform === undefined) continue;
      search.seen.add(formatPlatform(childPlatform));
      if (!matches(childPlatform, search.platform)) continue;
    } else if (!isIndexType(child.mediaType) || depth === maxDepth) continue;
    const fetched = await search.content.manifest(child.digest);
    if (fetched === undefined) {
      search.absent ||= isManifestType(child.mediaType);
      continue;
    }
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    if (manifest.kind === 'manifest') return { fetched, manifest };
    const found = await findChild(search, manifest, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** BuildKit attaches attestations as children for no platform. */
function isAttestation(child: Descriptor): boolean {
  return (
    child.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (child.platform?.os === 'unknown' && child.platform.architecture === 'unknown')
  );
}

/** An index need not say what its children are for; their configs do. */
async function platformOfConfig(content: ContentSource, child: Descriptor): Promise<Platform | undefined> {
  const fetched = await content.manifest(child.digest);
  if (fetched === undefined) return undefined;
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (manifest.kind !== 'manifest') return undefined;
  try {
    const config: Partial<Platform> | null = JSON.parse(
      Buffer.from(await readConfig(content, manifest.config)).toString('utf8'),
    );
    const { os, architecture, variant } = config ?? {};
    if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
    return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A platform asked for without variant takes any. */
function matches(platform: Platform, wanted: string): boolean {
  const formatted = formatPlatform(platform);
  return formatted === wanted || formatted.startsWith(`${wanted}/`);
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
