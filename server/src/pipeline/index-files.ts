import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import type { Db } from '../db/schema.ts';
import type { LayerFiles } from '../inspection/layer-files.ts';
import type { JobRequest } from '../jobs/job.ts';
import {
  addLayers,
  dropUnused,
  layersToIndex,
  mergeSegments,
  type LayerKeys,
} from '../stores/file-index/segments.ts';
import { getLayerInventory } from '../stores/layer-inventories.ts';

/** The kind of the job; a second one while the first waits is the same, and never do two run at a time. */
export const indexFilesJob = 'index-files';

/** Asks for the files of new layers to be made found. */
export const indexFilesRequest: JobRequest = { kind: indexFilesJob, key: '', namespace: '' };

/** Layers that become one segment at first, if they have no more files than this together. */
const most = { layers: 32, files: 1_000_000 };

/**
 * Makes the files of all layers found that were taken apart, and puts together what was found before. What an interruption leaves
 * is done the next time.
 */
export async function indexFiles(db: Db, files: LayerFiles, signal: AbortSignal): Promise<void> {
  await dropUnused(db, signal);
  for (;;) {
    const waiting = await layersToIndex(db, most.layers);
    const layers: LayerKeys[] = [];
    let count = 0;
    for (const digest of waiting) {
      signal.throwIfAborted();
      // Of another format: it is taken apart anew when its image is checked, and waits again then.
      const packed = await getLayerInventory(db, digest, inventoryFormat);
      const read = packed && (await files.keys(packed));
      layers.push({ digest, ...(read ?? { keys: new Float64Array(), complete: false }) });
      count += read?.keys.length ?? 0;
      if (count > most.files) break;
    }
    if (layers.length > 0) await addLayers(db, layers, signal);
    const merged = await mergeSegments(db, signal);
    if (layers.length === 0 && !merged) return;
  }
}
