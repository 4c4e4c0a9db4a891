import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { Config } from '../config/schema.ts';
import { packLayers, type LayerInput } from '../inspection/inspect-process.ts';
import type { LayerReader } from './inspect.ts';

/** Reads layers from a blob store in a process of its own: from their files where there are files, else from a stream. */
export function createLayerReader(storage: BlobStore, settings: Config['inspection']): LayerReader {
  const limits = { ...defaultLimits, seconds: settings.time / 1000 };
  const sourceOf = (location: string): LayerInput['source'] =>
    storage.fileOf ? { path: storage.fileOf(location) } : { stream: () => streamBlob(storage, location) };
  return (layers, signal) =>
    packLayers(
      layers.map(({ descriptor, location }) => ({ digest: descriptor.digest, source: sourceOf(location) })),
      limits,
      { memory: settings.memory, signal },
    );
}

async function* streamBlob(storage: BlobStore, location: string): AsyncGenerator<Uint8Array> {
  const reader = await storage.open(location);
  try {
    yield* reader.stream();
  } finally {
    await reader.close();
  }
}
