import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { parseManifest, type ImageManifest } from '../oci/manifest.ts';
import type { ContentSource } from './content-source.ts';
import { firstImageOf } from './index-parts.ts';
import { readConfig } from './read-config.ts';

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
  readonly evidence: ContentSource | undefined;
  /** Other repositories of the place that it lies in; absent: there are none, or nobody can tell. */
  readonly contentOf?: (repository: string) => ContentSource | undefined;
  close(): Promise<void>;
}

/**
 * Finds the image of a platform: the manifest itself, or the first of an index. Images that are not there (a sparse index)
 * and what is for no platform (attestations of BuildKit) are passed over.
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
    const index = { digest: fetched.digest, manifest: parsed };
    const first = await firstImageOf(content, index, platform);
    return { ...imageOf(content, first.fetched, first.manifest), index: fetched.digest };
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
