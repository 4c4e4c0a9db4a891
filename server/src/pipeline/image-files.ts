import { WharfingerError } from '@wharfinger/lib/errors';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import type { FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import { mostEntries, type FilePage, type FileQuery } from '@wharfinger/lib/inspect/look/file-entry';
import { layersOf, type LookQuestion } from '@wharfinger/lib/inspect/look/look';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest, type ImageManifest } from '@wharfinger/lib/oci/manifest';
import type { FileLooker, PackedLayers } from '../inspection/look-process.ts';
import { getImage } from '../stores/images.ts';
import { getLayerInventory } from '../stores/layer-inventories.ts';
import type { Placed } from '../stores/repositories.ts';
import type { PipelineParts } from './parts.ts';

/** The files of images, from what was found in their layers when they were pushed. */
export interface ImageFileStore {
  /** @throws WharfingerError MANIFEST_UNKNOWN, FILE_UNKNOWN, INPUT_INVALID, UNAVAILABLE where it was not taken apart yet */
  list(place: Placed, query: FileQuery): Promise<FilePage>;
  /** How the files of two images differ. @throws WharfingerError MANIFEST_UNKNOWN, INPUT_INVALID, UNAVAILABLE */
  compare(before: Placed, after: Placed, listed: number): Promise<FileChanges>;
}

type Parts = Pick<PipelineParts, 'db' | 'catalog'>;

export function createImageFiles(parts: Parts, looker: FileLooker): ImageFileStore {
  return {
    async list(place, query) {
      const question = { kind: 'list', image: await manifestOf(parts, place), query } as const;
      return looker.list(question, packedLayers(parts, question));
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
  if (!(await getImage(db, digest, inventoryFormat))) {
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
