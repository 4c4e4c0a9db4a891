import type { Digest } from '@wharfinger/lib/oci/digest';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import type { Db } from '../db/schema.ts';
import type { LayerFiles } from '../inspection/layer-files.ts';
import { digestBytes } from '../stores/image-layers.ts';
import { getLayerInventory } from '../stores/layer-inventories.ts';
import { contentsOfImages } from '../stores/layer-search.ts';
import type { FileCandidates } from './find-images.ts';

/** A file that was looked for, where it is. */
export interface FoundFile {
  /** digest of the layer's blob */
  readonly layer: Digest;
  /** inside the layer, escaped for display; a later layer may hide it */
  readonly path: string;
}

/** Where an image has the file that was asked for. */
export interface FilesOfImage {
  readonly files: readonly FoundFile[];
  /** how many more there are; absent: none */
  readonly moreFiles?: number;
  /** that the file is there was told from the beginning of its digest only, in these layers or in some of them */
  readonly unconfirmed?: true;
}

/** Layers that are read again for one answer, each in some hundredths of a second. */
const mostLayers = 32;
const mostFiles = 20;

type LayerPaths = Awaited<ReturnType<LayerFiles['paths']>>;

/**
 * Where images have a file, by their keys. What layers contain is read again, as far as there is time: an image whose layers have
 * other files that begin with the same digits has no place in the answer.
 */
export async function filesOfImages(
  db: Db,
  layerFiles: LayerFiles,
  imageIds: readonly number[],
  { digest, layers }: FileCandidates,
): Promise<Map<number, FilesOfImage>> {
  const contents = await contentsOfImages(db, imageIds);
  const layersOf = (imageId: number): Digest[] =>
    [...new Set(contents.get(imageId))].flatMap((content) => layers.get(content) ?? []);
  const wanted = new Set(imageIds.flatMap(layersOf));
  const known = await pathsInLayers(db, layerFiles, [...wanted].slice(0, mostLayers), digest);
  const found = new Map<number, FilesOfImage>();
  for (const imageId of imageIds) {
    const files: FoundFile[] = [];
    let [more, unread] = [0, 0];
    for (const layer of layersOf(imageId)) {
      const paths = known.get(layer);
      if (!paths) {
        unread += 1;
        continue;
      }
      const room = mostFiles - files.length;
      files.push(...paths.paths.slice(0, room).map((path) => ({ layer, path })));
      more += paths.more + Math.max(0, paths.paths.length - room);
    }
    if (files.length > 0 || unread > 0)
      found.set(imageId, {
        files,
        ...(more > 0 && { moreFiles: more }),
        ...(unread > 0 && { unconfirmed: true }),
      });
  }
  return found;
}

/** Where the file is in each of the layers. While one inventory is looked through the next one is fetched: they may be long. */
async function pathsInLayers(
  db: Db,
  layerFiles: LayerFiles,
  layers: readonly Digest[],
  digest: Digest,
): Promise<Map<Digest, LayerPaths>> {
  const wanted = digestBytes(digest);
  const fetched = async (layer: Digest | undefined) =>
    layer && (await getLayerInventory(db, layer, inventoryFormat));
  const known = new Map<Digest, LayerPaths>();
  let packed = await fetched(layers[0]);
  for (const [index, layer] of layers.entries()) {
    const looked = packed && layerFiles.paths(packed, wanted, mostFiles);
    const [paths, next] = await Promise.all([looked, fetched(layers[index + 1])]);
    known.set(layer, paths);
    packed = next;
  }
  return known;
}
