import type { Readable } from 'node:stream';
import { WharfingerError } from '@wharfinger/lib/errors';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import type { FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import { mostEntries, type FilePage, type FileQuery } from '@wharfinger/lib/inspect/look/file-entry';
import type { FileWanted } from '@wharfinger/lib/inspect/look/extract-file';
import type { ContentQuery, FilePlace } from '@wharfinger/lib/inspect/look/find-file';
import { layersOf, type LookQuestion } from '@wharfinger/lib/inspect/look/look-question';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest, type ImageManifest } from '@wharfinger/lib/oci/manifest';
import type { FileLooker, PackedLayers } from '../inspection/look-process.ts';
import { startedStream } from '../inspection/started-stream.ts';
import { turnsFor } from '../inspection/turns.ts';
import { getImage } from '../stores/images.ts';
import { getLayerInventory } from '../stores/layer-inventories.ts';
import type { Placed } from '../stores/repositories.ts';
import type { PipelineParts } from './parts.ts';

/** The files of images, from what was found in their layers when they were pushed. */
export interface ImageFileStore {
  /** @throws WharfingerError MANIFEST_UNKNOWN, FILE_UNKNOWN, INPUT_INVALID, UNAVAILABLE where it was not taken apart yet */
  list(place: Placed, query: FileQuery): Promise<FilePage>;
  /**
   * The content of one file. It is read whole, or destroyed.
   * @throws WharfingerError as `list`, INPUT_INVALID where it is no file; BLOB_UNKNOWN, UNAVAILABLE
   */
  content(place: Placed, query: ContentQuery): Promise<{ file: FilePlace; content: Readable }>;
  /** How the files of two images differ. @throws WharfingerError MANIFEST_UNKNOWN, INPUT_INVALID, UNAVAILABLE */
  compare(before: Placed, after: Placed, listed: number): Promise<FileChanges>;
}

/** Gives the content of one file of a layer: to the end, or throws. */
export type FileExtractor = (
  layer: { readonly digest: Digest; readonly location: string },
  wanted: FileWanted,
) => AsyncGenerator<Buffer>;

type Parts = Pick<PipelineParts, 'db' | 'catalog'>;

/** Files that are given at the same time, each by a process, and requests that wait for one. */
const most = { running: 4, waiting: 32 };

export function createImageFiles(parts: Parts, looker: FileLooker, extract: FileExtractor): ImageFileStore {
  const turns = turnsFor(most);
  return {
    async list(place, query) {
      const question = { kind: 'list', image: await manifestOf(parts, place), query } as const;
      return looker.list(question, packedLayers(parts, question));
    },
    async content(place, query) {
      const image = await manifestOf(parts, place);
      const question = { kind: 'find', image, query } as const;
      const file = await looker.find(question, packedLayers(parts, question));
      const { digest } = image.layers[file.layer]!;
      const blob = await parts.catalog.findBlob(place.repository, digest);
      if (!blob) throw new WharfingerError('BLOB_UNKNOWN', { what: `${place.repository}, ${digest}` });
      const leave = await turns.enter();
      return {
        file,
        content: await startedStream(extract({ digest, location: blob.location }, file), leave),
      };
    },
    async compare(before, after, listed) {
      const question = {
        kind: 'compare',
        before: await manifestOf(parts, before),
        after: await manifestOf(parts, after),
        listed: Math.min(listed, mostEntries),
      } as const;
      return looker.compare(question, packedLayers(parts, question));
    },
  };
}

async function manifestOf({ db, catalog }: Parts, { repository, digest }: Placed): Promise<ImageManifest> {
  const record = await catalog.getManifest(repository, digest);
  if (!record) throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${repository}, ${digest}` });
  const manifest = parseManifest(record.bytes, record.mediaType);
  if (manifest.kind === 'index') {
    throw new WharfingerError('INPUT_INVALID', {
      what: `${digest} is an index: it has no files of its own`,
      remedy: 'give the digest of one of its images',
    });
  }
  if (!(await getImage(db, digest, [inventoryFormat]))) {
    throw new WharfingerError('UNAVAILABLE', {
      what: `${digest} was not taken apart yet`,
      remedy: 'ask again in a moment',
    });
  }
  return manifest;
}

/** A layer whose reading failed has no inventory: the answer says that it is not complete. */
function packedLayers({ db }: Parts, question: LookQuestion): PackedLayers {
  return async function* () {
    for (const digest of layersOf(question) as readonly Digest[]) {
      const packed = await getLayerInventory(db, digest, inventoryFormat);
      if (packed) yield [digest, packed];
    }
  };
}
