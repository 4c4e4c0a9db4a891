import { WharfingerError } from '../errors.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { remoteContent, type ContentSource } from './content-source.ts';
import { dockerArchive } from './docker-archive.ts';
import { folderFiles, type FileSet } from './file-set.ts';
import { locateImage } from './image-location.ts';
import { isLayout, layoutContent, type LayoutContent } from './oci-layout.ts';
import { openArchive, type UnpackOptions } from './open-archive.ts';
import type { RegistrySession } from './registry-session.ts';

export interface OpenContentOptions extends UnpackOptions {
  /** how a registry is spoken to: made for each image, closed with it */
  readonly session: (registry: string) => RegistrySession | Promise<RegistrySession>;
}

/** An image or index, and the place that it lies in. Close it. */
export interface OpenedContent {
  /** what was asked for, in full */
  readonly name: string;
  readonly content: ContentSource;
  readonly fetched: FetchedManifest;
  /**
   * `stored`: the digest under which registries know the image. `made`: an archive of docker save has no manifest; the one
   * made here from its parts has this digest, which no registry need know.
   */
  readonly digestOrigin: 'stored' | 'made';
  /** Other repositories of the place that it lies in; undefined: nobody can tell. */
  readonly contentOf: (repository: string) => ContentSource | undefined;
  readonly close: () => Promise<void>;
}

/**
 * Opens an image or index wherever it lies: in a registry, an OCI layout folder, or an archive of docker save or OCI form. What
 * the text may be: `locateImage`.
 *
 * @throws WharfingerError REFERENCE_INVALID, MANIFEST_UNKNOWN, MANIFEST_INVALID, ARCHIVE_INVALID, REMOTE_FAILED, SIZE_INVALID,
 * BLOB_DIGEST_MISMATCH
 */
export async function openContent(text: string, options: OpenContentOptions): Promise<OpenedContent> {
  const location = await locateImage(text);
  if (location.kind === 'registry') return openRemote(location.reference, options);
  const { path, reference } = location;
  const files = location.kind === 'folder' ? folderFiles(path) : await openArchive(path, options);
  try {
    return await openFiles(files, reference);
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function openRemote(reference: Reference, options: OpenContentOptions): Promise<OpenedContent> {
  const session = await options.session(reference.registry);
  try {
    const content = remoteContent(session, reference.repository);
    return {
      name: formatReference(reference),
      content,
      fetched: await fetchFrom(content, reference.digest ?? reference.tag ?? 'latest'),
      digestOrigin: 'stored',
      contentOf: (repository) => remoteContent(session, repository),
      close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function openFiles(files: FileSet, reference: string | undefined): Promise<OpenedContent> {
  const name = reference === undefined ? files.name : `${files.name}:${reference}`;
  const close = () => files.close();
  if (await isLayout(files)) {
    const content = await layoutContent(files);
    const fetched = await fetchFrom(content, reference ?? onlyEntry(content));
    // a layout does not know repositories: what belongs to an image lies in it as well
    return { name, content, fetched, digestOrigin: 'stored', contentOf: () => content, close };
  }
  const { content, digest } = await dockerArchive(files, reference);
  const fetched = await fetchFrom(content, digest);
  return { name, content, fetched, digestOrigin: 'made', contentOf: () => undefined, close };
}

async function fetchFrom(content: ContentSource, reference: string): Promise<FetchedManifest> {
  const fetched = await content.manifest(reference);
  if (fetched === undefined)
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${content.name} has no ${reference}` });
  return fetched;
}

function onlyEntry(content: LayoutContent): string {
  const digests = new Set(content.entries.map(({ digest }) => digest));
  const [only, ...more] = digests;
  if (only !== undefined && more.length === 0) return only;
  const names = content.entries.map(
    ({ annotations, digest }) => annotations?.['org.opencontainers.image.ref.name'] ?? digest,
  );
  throw new WharfingerError('MANIFEST_UNKNOWN', {
    what: `${content.name} holds ${digests.size} images`,
    remedy:
      names.length === 0
        ? 'save an image into it first'
        : `add one of their names after a colon: ${names.slice(0, 50).join(', ')}`,
  });
}
