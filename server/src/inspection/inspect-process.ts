import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { inventoryFormat, type LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { emptyTree } from '@wharfinger/lib/inspect/layer-tree';
import { defaultLimits, type LayerLimits } from '@wharfinger/lib/inspect/limits';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseLayer } from './inventory-schema.ts';
import { LimitedProcess, type Failure } from './limited-process.ts';
import { workerCommand } from './worker-command.ts';

/** A layer to take apart: a file, which is handed to the process as it is, or bytes, which are piped into it. */
export interface LayerInput {
  readonly digest: Digest;
  readonly source: { readonly path: string } | { readonly stream: () => AsyncIterable<Uint8Array> };
}

export interface InspectOptions {
  /** resident bytes of the process; 512 MiB where nothing is given */
  readonly memory?: number;
  /** bytes of the longest inventory, packed where it stays packed; 256 MiB and 64 MiB where nothing is given */
  readonly answer?: number;
  readonly signal?: AbortSignal;
}

/** What a process said of a layer: its inventory, or why there is none. */
export interface LayerAnswer<T> {
  readonly digest: Digest;
  readonly answer: { readonly value: T } | { readonly failure: Failure };
}

const MiB = 1024 ** 2;

/** Resident bytes of a process where nothing else is given. */
export const defaultMemory = 512 * MiB;

const defaultAnswer = 256 * MiB;
const defaultPacked = 64 * MiB;

/** Layers that one process reads; each is an open file. */
const batch = 64;

/**
 * Takes layers apart in a process of its own, which has no network, no files and no children, and whose memory, time and
 * answers are limited. Yields one inventory for each input, in order. A layer that makes the process crash, exceed its
 * limits or answer nonsense gives an inventory that is incomplete and says why; the others are read by another process.
 *
 * @throws what opening or reading a source throws, and the reason of `options.signal`: then nothing is known
 */
export async function* inspectLayers(
  inputs: readonly LayerInput[],
  limits: LayerLimits = defaultLimits,
  options: InspectOptions = {},
): AsyncGenerator<LayerInventory> {
  const longest = options.answer ?? defaultAnswer;
  const read = (bytes: Buffer, digest: Digest) => parseLayer(bytes, digest, longest);
  for await (const { digest, answer } of readAnswers(inputs, limits, options, read)) {
    yield 'value' in answer ? answer.value : unreadLayer(digest, answer.failure);
  }
}

/**
 * As inspectLayers, but leaves inventories packed as the process gave them, unread: however long they are, this process
 * does no work for them. They are for processes that are confined like the one that made them.
 */
export function packLayers(
  inputs: readonly LayerInput[],
  limits: LayerLimits = defaultLimits,
  options: InspectOptions = {},
): AsyncGenerator<LayerAnswer<Uint8Array>> {
  return readAnswers(inputs, limits, { answer: defaultPacked, ...options }, async (bytes) => bytes);
}

/** What is known of a layer whose reading failed: that it may hold anything, a file system included. */
export function unreadLayer(digest: Digest, failure: Failure): LayerInventory {
  return {
    format: inventoryFormat,
    digest,
    content: 'filesystem',
    compression: 'none',
    size: 0,
    entries: 0,
    complete: false,
    problems: [{ ...failure, hides: true }],
    tree: emptyTree,
    records: [],
  };
}

/** @param read what an answer means; undefined: it is none */
async function* readAnswers<T extends object>(
  inputs: readonly LayerInput[],
  limits: LayerLimits,
  options: InspectOptions,
  read: (bytes: Buffer, digest: Digest) => Promise<T | undefined>,
): AsyncGenerator<LayerAnswer<T>> {
  let done = 0;
  while (done < inputs.length) {
    options.signal?.throwIfAborted();
    const run = await LayerRun.start(inputs.slice(done, done + batch), limits, options);
    let failure: Failure | undefined;
    try {
      for (const { digest } of run.inputs) {
        const answer = await run.process.next((bytes) => read(bytes, digest));
        failure = 'failure' in answer ? answer.failure : undefined;
        if (failure !== undefined) break;
        done += 1;
        yield { digest, answer };
      }
    } finally {
      await run.process.end();
    }
    if (failure === undefined) continue;
    options.signal?.throwIfAborted();
    run.throwSourceError();
    yield { digest: inputs[done]!.digest, answer: { failure } };
    done += 1;
  }
}

/** One process with the layers it was given. */
class LayerRun {
  readonly inputs: readonly LayerInput[];
  readonly process: LimitedProcess;
  #sourceError: unknown;

  static async start(
    inputs: readonly LayerInput[],
    limits: LayerLimits,
    options: InspectOptions,
  ): Promise<LayerRun> {
    const files: FileHandle[] = [];
    try {
      for (const { source } of inputs) if ('path' in source) files.push(await open(source.path));
      return new LayerRun(inputs, files, limits, options);
    } finally {
      // The process has its own by now.
      await Promise.all(files.map((file) => file.close()));
    }
  }

  private constructor(
    inputs: readonly LayerInput[],
    files: FileHandle[],
    limits: LayerLimits,
    options: InspectOptions,
  ) {
    this.inputs = inputs;
    const memory = options.memory ?? defaultMemory;
    const layers = inputs.map(({ digest }, index) => ({ fd: 3 + index, digest }));
    const command = workerCommand(
      { inspect: { layers, limits } },
      { memory, cpuSeconds: limits.seconds * inputs.length },
    );
    const handles = files.values();
    const sources = inputs.map(({ source }) => ('path' in source ? handles.next().value!.fd : 'pipe'));
    const { seconds } = limits;
    const { answer = defaultAnswer, signal } = options;
    this.process = new LimitedProcess(
      command,
      { memory, seconds, answer, task: 'reading it', signal },
      sources,
    );
    void this.#feed();
  }

  /** Pipes the sources that are no files, one after the other, as the process reads them. */
  async #feed(): Promise<void> {
    for (const [index, { source }] of this.inputs.entries()) {
      if ('path' in source) continue;
      const failing = this.#watchSource(source.stream());
      // The process may end before it has read all, which the exit tells.
      await pipeline(failing, this.process.child.stdio[3 + index] as Writable).catch(() => {});
    }
  }

  async *#watchSource(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      this.#sourceError = error;
      this.process.fail('crashed', 'its bytes could not be read');
      throw error;
    }
  }

  /** @throws what a source threw, which says nothing about its layer */
  throwSourceError(): void {
    if (this.#sourceError !== undefined) throw this.#sourceError;
  }
}
