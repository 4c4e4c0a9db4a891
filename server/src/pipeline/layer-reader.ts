import { defaultLimits, type LayerLimits } from '@wharfinger/lib/inspect/limits';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { Config } from '../config/schema.ts';
import { extractInProcess } from '../inspection/extract-process.ts';
import { packLayers, type LayerInput } from '../inspection/inspect-process.ts';
import type { FileExtractor } from './image-files.ts';
import type { LayerReader } from './inspect.ts';

/** Reads layers from a blob store in a process of its own: from their files where there are files, else from a stream. */
export function createLayerReader(storage: BlobStore, settings: Config['inspection']): LayerReader {
  const limits = limitsOf(settings);
  return (layers, signal) =>
    packLayers(
      layers.map(({ descriptor, location }) => ({
        digest: descriptor.digest,
        source: sourceOf(storage, location),
      })),
      limits,
      { memory: settings.memory, signal },
    );
}

/** Gives files of layers from a blob store, by processes of their own; each has the time that taking a layer apart has. */
export function createFileExtractor(storage: BlobStore, settings: Config['inspection']): FileExtractor {
  return ({ digest, location }, wanted) =>
    extractInProcess({ digest, source: sourceOf(storage, location) }, wanted, limitsOf(settings), {
      memory: settings.memory,
      signal: AbortSignal.timeout(settings.time),
    });
}

function limitsOf({ time }: Config['inspection']): LayerLimits {
  return { ...defaultLimits, seconds: time / 1000 };
}

function sourceOf(storage: BlobStore, location: string): LayerInput['source'] {
  return storage.fileOf
    ? { path: storage.fileOf(location) }
    : { stream: () => streamBlob(storage, location) };
}

async function* streamBlob(storage: BlobStore, location: string): AsyncGenerator<Uint8Array> {
  const reader = await storage.open(location);
  try {
    yield* reader.stream();
  } finally {
    await reader.close();
  }
}
