import { resolve } from 'node:path';
import { measureBy } from '@wharfinger/lib/assess/measured-layers';
import { attachToLayout } from '@wharfinger/lib/client/attach-to-layout';
import { remoteContent, type ContentSource } from '@wharfinger/lib/client/content-source';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { locateImage, type PathLocation } from '@wharfinger/lib/client/image-location';
import { chooseImage } from '@wharfinger/lib/client/image-source';
import { layoutContent, type LayoutContent } from '@wharfinger/lib/client/oci-layout';
import { openArchive } from '@wharfinger/lib/client/open-archive';
import { listTags } from '@wharfinger/lib/client/tags';
import { pushArtifact, type Artifact } from '@wharfinger/lib/client/referrers';
import type { ChainSource } from '@wharfinger/lib/custody/chain-source';
import type { CustodyImage } from '@wharfinger/lib/custody/custody-image';
import { fetchImage } from '@wharfinger/lib/custody/read-image';
import { verifiedChain } from '@wharfinger/lib/custody/verified-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { formatReference, isRepositoryName, type Reference } from '@wharfinger/lib/oci/reference';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { refusalReason } from '@wharfinger/lib/signing/refusal';
import { inspectLayers } from '../../../inspection/inspect-process.ts';
import { ownPlatform } from '../../image-options.ts';
import { registrySession } from '../../remote-image.ts';
import type { Session } from '../../session.ts';

/** An image, and the place that it and everything below it lie in. Close it. */
export interface OpenChain {
  /** how people call it */
  readonly name: string;
  /** the registry, folder or archive that it lies in */
  readonly place: string;
  /** the repository as whose image it is taken */
  readonly repository: string;
  /** the manifest or index that was asked for */
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly kind: 'manifest' | 'index';
  content(repository: string): ContentSource;
  /** Tags of its repository; absent: nobody can tell which those are. */
  readonly tags?: () => AsyncIterable<string>;
  /** Puts evidence next to images of this repository. */
  attach(repository: string, artifact: Artifact): Promise<void>;
  close(): Promise<void>;
}

/** Options of the commands that look an image up. */
export interface PlaceOptions {
  readonly as?: string;
  readonly platform?: string;
}

/**
 * Opens an image in a registry, in an OCI layout folder, or in an OCI archive.
 *
 * @param one true: of an index, the image of the platform that is asked for, else of that for this machine
 * @throws WharfingerError USAGE: in a layout nobody can tell which repository is meant; what opening an image has
 */
export async function openChain(
  text: string,
  { as, platform }: PlaceOptions,
  session: Session,
  one: boolean,
): Promise<OpenChain> {
  const location = await locateImage(text);
  const opened =
    location.kind === 'registry'
      ? await openRemote(location.reference, session)
      : await openFiles(text, location, as);
  try {
    const fetched = await opened.content(opened.repository).manifest(opened.reference);
    if (fetched === undefined) {
      throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${opened.name} is not there` });
    }
    const whole = parseManifest(fetched.bytes, fetched.mediaType);
    const chooses = whole.kind === 'index' && (one || platform !== undefined);
    const chosen = chooses
      ? await chooseImage(opened.content(opened.repository), fetched, platform ?? ownPlatform)
      : undefined;
    const subject =
      chosen === undefined
        ? { mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.bytes.length }
        : { mediaType: chosen.mediaType, digest: chosen.digest, size: chosen.manifestBytes.length };
    return { ...opened, subject, kind: chosen === undefined ? whole.kind : 'manifest' };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Opened = Omit<OpenChain, 'subject' | 'kind'> & { readonly reference: string };

async function openRemote(reference: Reference, session: Session): Promise<Opened> {
  const registry = await registrySession(reference.registry, session);
  return {
    name: formatReference(reference),
    place: reference.registry,
    repository: reference.repository,
    reference: reference.digest ?? reference.tag ?? 'latest',
    content: (repository) => remoteContent(registry, repository),
    tags: () => listTags(registry, reference.repository),
    attach: (repository, artifact) => pushArtifact(registry, repository, artifact),
    close: () => registry.close(),
  };
}

async function openFiles(text: string, location: PathLocation, as: string | undefined): Promise<Opened> {
  const { kind, path } = location;
  if (as === undefined || !isRepositoryName(as)) {
    throw new WharfingerError('USAGE', {
      what:
        as === undefined
          ? `nothing in ${path} says which repository the image is of`
          : `${JSON.stringify(as)} is not the name of a repository`,
      remedy: 'name it with --as: statements count in one repository alone',
    });
  }
  const files = kind === 'folder' ? folderFiles(path) : await openArchive(path);
  try {
    const content = await layoutContent(files);
    return {
      name: text,
      place: resolve(path),
      repository: as,
      reference: location.reference ?? onlyImage(content),
      content: () => content,
      async attach(_repository, artifact) {
        if (kind === 'folder') return attachToLayout(path, artifact);
        throw new WharfingerError('USAGE', {
          what: `nothing can be added to the archive ${path}`,
          remedy: 'unpack it to a folder, or work on the image in its registry',
        });
      },
      close: () => files.close(),
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** The one image that has a name, or the one entry. */
function onlyImage({ name, entries }: LayoutContent): string {
  const named = entries.filter(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']);
  const digests = new Set((named.length === 0 ? entries : named).map(({ digest }) => digest));
  const [only, ...more] = digests;
  if (only !== undefined && more.length === 0) return only;
  throw new WharfingerError('MANIFEST_UNKNOWN', {
    what: `${name} holds ${digests.size} images`,
    remedy: 'add the name of one after a colon',
  });
}

/** The images of a chain that was opened, their evidence verified by this trust; layers that were compressed anew are measured. */
export function chainSource(chain: OpenChain, trust: TrustSet, now: Date): ChainSource {
  const measure = measureBy(
    (repository) => chain.content(repository),
    (layers) =>
      inspectLayers(
        layers.map((layer) => ({ digest: layer.descriptor.digest, source: { stream: () => layer.open() } })),
      ),
  );
  return verifiedChain((repository) => chain.content(repository), trust, now, measure);
}

/**
 * The image itself, read.
 * @throws WharfingerError MANIFEST_INVALID with the reason why no statement can be made about it
 */
export async function readImage(chain: OpenChain, source: ChainSource): Promise<CustodyImage> {
  const { repository, subject, name } = chain;
  try {
    return (await fetchImage(source, { repository, digest: subject.digest }))!;
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    throw new WharfingerError('MANIFEST_INVALID', { what: `${name}: ${reason}`, cause: error });
  }
}
