import { WharfingerError } from '../errors.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { remoteContent, type ContentSource } from './content-source.ts';
import { dockerArchive } from './docker-archive.ts';
import { folderFiles, type FileSet } from './file-set.ts';
import { locateImage } from './image-location.ts';
import { chooseImage, type ImageSource } from './image-source.ts';
import { isLayout, layoutContent, type LayoutContent } from './oci-layout.ts';
import { openArchive, type UnpackOptions } from './open-archive.ts';
import type { RegistrySession } from './registry-session.ts';

export interface OpenOptions extends UnpackOptions {
  /** os/architecture[/variant] to choose from an index */
  readonly platform: string;
  /** how a registry is spoken to: made for each image, closed with it */
  readonly session: (registry: string) => RegistrySession;
}

/**
 * Opens an image wherever it lies: in a registry, an OCI layout folder, or an archive of docker save or OCI form. What the text
 * may be: `locateImage`.
 *
 * @throws WharfingerError REFERENCE_INVALID, MANIFEST_UNKNOWN, MANIFEST_INVALID, ARCHIVE_INVALID, REMOTE_FAILED, SIZE_INVALID,
 * BLOB_DIGEST_MISMATCH
 */
export async function openImage(text: string, options: OpenOptions): Promise<ImageSource> {
  const location = await locateImage(text);
  if (location.kind === 'registry') return openRemote(location.reference, options);
  const { path, reference } = location;
  const files = location.kind === 'folder' ? folderFiles(path) : await openArchive(path, options);
  try {
    return await openFiles(files, reference, options);
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function openRemote(reference: Reference, options: OpenOptions): Promise<ImageSource> {
  const session = options.session(reference.registry);
  try {
    const content = remoteContent(session, reference.repository);
    const opened = await openContent(content, reference.digest ?? reference.tag ?? 'latest', options);
    return {
      ...opened,
      name: formatReference(reference),
      digestOrigin: 'stored',
      contentOf: (repository) => remoteContent(session, repository),
      close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function openFiles(
  files: FileSet,
  reference: string | undefined,
  options: OpenOptions,
): Promise<ImageSource> {
  const name = reference === undefined ? files.name : `${files.name}:${reference}`;
  const close = () => files.close();
  if (await isLayout(files)) {
    const content = await layoutContent(files);
    const opened = await openContent(content, reference ?? onlyEntry(content), options);
    // a layout does not know repositories: what belongs to an image lies in it as well
    return { ...opened, name, digestOrigin: 'stored', contentOf: () => content, close };
  }
  const { content, digest } = await dockerArchive(files, reference);
  const opened = await openContent(content, digest, options);
  return { ...opened, name, digestOrigin: 'made', evidence: undefined, close };
}

async function openContent(content: ContentSource, reference: string, options: OpenOptions) {
  const fetched = await content.manifest(reference);
  if (fetched === undefined) {
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${content.name} has no ${reference}` });
  }
  return chooseImage(content, fetched, options.platform);
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
