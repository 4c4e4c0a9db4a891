import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import type { ComposeRequest } from '@wharfinger/lib/inspect/compose-entry';
import { frameOf } from '@wharfinger/lib/inspect/frames';
import { inventoryFormat, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { ImageManifest } from '@wharfinger/lib/oci/manifest';
import { parseImage } from './image-schema.ts';
import { LimitedProcess, type Failure } from './limited-process.ts';
import { workerCommand } from './worker-command.ts';

/** An image to compose: its manifest, its config where it is there, and the packed inventories of its layers. */
export interface ImageInput {
  readonly manifest: ImageManifest;
  readonly config: Uint8Array | undefined;
  /** fetched one by one as the process takes them */
  readonly layers: () => AsyncIterable<readonly [digest: Digest, packed: Uint8Array]>;
}

export interface ComposeLimits {
  /** resident bytes of the process */
  readonly memory: number;
  readonly seconds: number;
  /** bytes of the longest description of an image; 16 MiB (some 60,000 packages) where nothing is given: this process reads it */
  readonly answer?: number;
  readonly signal?: AbortSignal;
}

/** An image's inventory, and the same packed. `bytes` are left out where no process made them. */
export interface ComposedImage {
  readonly inventory: ImageInventory;
  readonly bytes?: Uint8Array;
}

/**
 * Has `composeImage` done by a process that is confined as the one that reads layers is. Where it crashes, exceeds its
 * limits or answers nonsense, the inventory is incomplete and says why.
 *
 * @throws what fetching the layers throws, and the reason of `limits.signal`: then nothing is known
 */
export async function composeInProcess(input: ImageInput, limits: ComposeLimits): Promise<ComposedImage> {
  const { memory, seconds, signal, answer = 16 * 1024 ** 2 } = limits;
  signal?.throwIfAborted();
  const run = new LimitedProcess(workerCommand('compose', { memory, cpuSeconds: seconds }), {
    memory,
    seconds,
    answer,
    task: 'composing it',
    signal,
  });
  let sourceError: unknown;
  async function* request(): AsyncGenerator<Uint8Array> {
    const { manifest, config } = input;
    const head: ComposeRequest = { manifest, config: config !== undefined, answer };
    yield frameOf(Buffer.from(JSON.stringify(head)));
    if (config) yield frameOf(config);
    try {
      for await (const [digest, packed] of input.layers()) {
        yield frameOf(Buffer.from(digest));
        yield frameOf(packed);
      }
    } catch (error) {
      sourceError = error;
      run.fail('crashed', 'its layers could not be fetched');
      throw error;
    }
  }
  try {
    // The process may end before it has read all, which the exit tells.
    void pipeline(request, run.child.stdin as Writable).catch(() => {});
    const result = await run.next(async (bytes) => parseImage(bytes, input.manifest, answer));
    signal?.throwIfAborted();
    if (sourceError !== undefined) throw sourceError;
    if ('value' in result) return result.value;
    return { inventory: unknownImage(input.manifest, result.failure) };
  } finally {
    await run.end();
  }
}

/** What is known of an image that could not be composed: that each of its layers may be a file system. */
function unknownImage({ layers }: ImageManifest, failure: Failure): ImageInventory {
  return {
    format: inventoryFormat,
    complete: false,
    packages: [],
    problems: [{ ...failure, hides: true }],
    layers: layers.map(({ digest }) => ({
      digest,
      content: 'filesystem',
      compression: 'none',
      size: 0,
      entries: 0,
    })),
  };
}
