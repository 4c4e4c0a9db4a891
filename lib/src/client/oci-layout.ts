import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestHex, digestOf, isDigest, type Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { effectiveArtifactType, parseManifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType, mediaTypes } from '../oci/media-types.ts';
import type { ContentSource } from './content-source.ts';
import { readSmall, unreadable, type FileSet } from './file-set.ts';
import { manifestLimit } from './manifests.ts';
import { referrersTag } from './referrers.ts';
import { verifiedStream } from './verified-stream.ts';

/** Annotations of a layout's index that name an image: the specification's, and containerd's, which docker save writes too. */
const nameAnnotations = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];

/** More entries than layouts have; each that is a manifest is read to find referrers. */
const mostEntries = 10_000;

/** An OCI layout to read from. */
export interface LayoutContent extends ContentSource {
  /** what its index lists */
  readonly entries: readonly Descriptor[];
}

/** True if these files are an OCI image layout. */
export async function isLayout(files: FileSet): Promise<boolean> {
  return (await files.size('oci-layout')) !== undefined && (await files.size('index.json')) !== undefined;
}

/**
 * Reads an OCI image layout (image specification, image-layout.md). References are digests, or names as its index gives them.
 * @throws WharfingerError ARCHIVE_INVALID, MANIFEST_INVALID
 */
export async function layoutContent(files: FileSet): Promise<LayoutContent> {
  const version: unknown = parseJson(files, 'oci-layout', await readSmall(files, 'oci-layout', 4096));
  if (typeof version !== 'object' || version === null || !('imageLayoutVersion' in version)) {
    throw unreadable(files.name, 'oci-layout does not say which version it is of');
  }
  if (version.imageLayoutVersion !== '1.0.0') {
    throw unreadable(
      files.name,
      `it is a layout of version ${String(version.imageLayoutVersion)}, not 1.0.0`,
    );
  }
  const index = parseManifest(await readSmall(files, 'index.json', manifestLimit), mediaTypes.ociIndex);
  const entries = index.kind === 'index' ? index.manifests : [];
  if (entries.length > mostEntries) throw unreadable(files.name, `it lists more than ${mostEntries} images`);
  return {
    name: files.name,
    entries,
    manifest: async (reference) => {
      const entry = isDigest(reference) ? undefined : entryNamed(entries, reference);
      const digest = isDigest(reference) ? reference : entry?.digest;
      return digest === undefined ? undefined : readManifest(files, digest, entry?.mediaType);
    },
    referrers: (subject) => findReferrers(files, entries, subject),
    blob: (descriptor, limit) => readSmallBlob(files, descriptor, limit),
    open: (content) => openBlob(files, content),
  };
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

async function* openBlob(
  files: FileSet,
  content: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const path = blobPath(content.digest);
  if ((await files.size(path)) === undefined) {
    throw new WharfingerError('BLOB_UNKNOWN', {
      what: `${files.name} has no ${content.digest}`,
      remedy: 'save the image again, whole',
    });
  }
  yield* verifiedStream(files.open(path), content, files.name);
}

/** The entry of this name: as it stands, or as the tag at the end of a full reference. */
function entryNamed(entries: readonly Descriptor[], name: string): Descriptor | undefined {
  const named = (test: (text: string) => boolean) =>
    entries.find(({ annotations }) =>
      nameAnnotations.some((key) => annotations?.[key] !== undefined && test(annotations[key])),
    );
  return named((text) => text === name) ?? named((text) => text.endsWith(`:${name}`));
}

async function readManifest(
  files: FileSet,
  digest: Digest,
  listedAs: string | undefined,
): Promise<FetchedManifest | undefined> {
  const path = blobPath(digest);
  if ((await files.size(path)) === undefined) return undefined;
  const bytes = await readSmall(files, path, manifestLimit);
  requireUndamaged(files, digest, bytes);
  return { digest, mediaType: listedAs ?? mediaTypeOf(files, path, bytes), bytes };
}

async function readSmallBlob(
  files: FileSet,
  { digest, size }: Descriptor,
  limit: number,
): Promise<Uint8Array | undefined> {
  const path = blobPath(digest);
  const actual = await files.size(path);
  if (actual === undefined) return undefined;
  if (actual > limit) {
    throw new WharfingerError('SIZE_INVALID', {
      what: `${files.name}: ${digest} is ${actual} bytes, more than the ${limit} that are read`,
    });
  }
  const bytes = await readSmall(files, path, limit);
  requireUndamaged(files, digest, bytes);
  if (bytes.length === size) return bytes;
  throw new WharfingerError('SIZE_INVALID', {
    what: `${files.name}: ${digest} should be ${size} bytes, is ${bytes.length}`,
  });
}

/**
 * A file that is not what its name says is nobody's statement about an image: the layout cannot be read, whatever it was read for.
 * What a descriptor says wrongly of a file that is whole is another matter.
 */
function requireUndamaged(files: FileSet, digest: Digest, bytes: Uint8Array): void {
  const measured = digestOf(bytes, digestAlgorithm(digest));
  if (measured === digest) return;
  throw new WharfingerError('ARCHIVE_INVALID', {
    what: `${files.name}: ${blobPath(digest)} is damaged or was changed: its digest is ${measured}`,
    remedy: 'save the image again',
  });
}

/** A layout keeps no media type beside a blob: what the document declares, or else has the fields of. */
function mediaTypeOf(files: FileSet, path: string, bytes: Buffer): string {
  const parsed: unknown = parseJson(files, path, bytes);
  if (typeof parsed !== 'object' || parsed === null) throw unreadable(files.name, `${path} is no manifest`);
  if ('mediaType' in parsed && typeof parsed.mediaType === 'string') return parsed.mediaType;
  return 'manifests' in parsed ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function parseJson(files: FileSet, path: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw unreadable(files.name, `${path} is not valid JSON`, error);
  }
}

/** Manifests of the layout's index with this subject, and what an index under the fallback name lists. */
async function findReferrers(
  files: FileSet,
  entries: readonly Descriptor[],
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for (const entry of entries) {
    if (!isManifestType(entry.mediaType) && !isIndexType(entry.mediaType)) continue;
    const fetched = await readManifest(files, entry.digest, entry.mediaType);
    if (fetched === undefined) continue;
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    if (manifest.subject?.digest === subject) {
      const artifactType = effectiveArtifactType(manifest);
      found.set(entry.digest, { ...entry, ...(artifactType === undefined ? {} : { artifactType }) });
    }
    const isFallback = entry.annotations?.[nameAnnotations[0]!] === referrersTag(subject);
    if (isFallback && manifest.kind === 'index') {
      for (const listed of manifest.manifests) found.set(listed.digest, listed);
    }
  }
  return [...found.values()];
}
