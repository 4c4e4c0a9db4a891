import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../memory/thread-environment.ts';
import type { LayerAnswer, LayerQuestion } from './layer-files-worker.ts';

/** What the inventory of a layer says of its files. */
export interface LayerFiles {
  /** The keys of its files, in order; undefined: it could not be read. */
  keys(packed: Uint8Array): Promise<{ keys: Float64Array; complete: boolean } | undefined>;
  /** Where a file of this SHA-256 is, `most` paths and how many more; undefined: it could not be read. */
  paths(
    packed: Uint8Array,
    sha256: Uint8Array,
    most: number,
  ): Promise<{ paths: readonly string[]; more: number } | undefined>;
  close(): Promise<void>;
}

/** The thread ends when it was asked nothing for so long. */
const idleMs = 10_000;

/** An inventory takes seconds at most. */
const longestMs = 60_000;

/** Megabytes that a thread may have: the longest inventories take about half. */
const heapMegabytes = 1024;

/**
 * Reads inventories in a thread, one at a time: they may be very long, and requests are not to wait for them. The thread is there
 * while it is used.
 */
export function createLayerFiles(): LayerFiles {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function start(): Worker {
    const body = import.meta.url.endsWith('.ts') ? './layer-files-worker.ts' : './layer-files-worker.js';
    const made = new Worker(new URL(body, import.meta.url), {
      execArgv: [],
      env: threadEnvironment(),
      name: 'files of layers',
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    made.unref();
    return made;
  }

  async function end(): Promise<void> {
    clearTimeout(idle);
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  async function ask(question: LayerQuestion): Promise<LayerAnswer> {
    clearTimeout(idle);
    const asked = (worker ??= start());
    const { promise, resolve } = Promise.withResolvers<LayerAnswer>();
    const failed = (failure: string) => () => resolve({ failure });
    const timer = setTimeout(failed('it took too long'), longestMs);
    const events = [
      ['message', resolve],
      ['error', (error: unknown) => resolve({ failure: String(error) })],
      ['exit', failed('the thread ended')],
    ] as const;
    for (const [name, listener] of events) asked.on(name, listener);
    // A small Buffer lies in a pool, and all of the pool would be sent with it.
    asked.postMessage({ ...question, packed: new Uint8Array(question.packed) }, []);
    const answer = await promise;
    clearTimeout(timer);
    for (const [name, listener] of events) asked.off(name, listener);
    if ('failure' in answer) await end();
    else idle = setTimeout(() => void inTurn(end), idleMs).unref();
    return answer;
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  return {
    async keys(packed) {
      const answer = await inTurn(() => ask({ packed }));
      return 'keys' in answer ? answer : undefined;
    },
    async paths(packed, sha256, most) {
      const answer = await inTurn(() => ask({ packed, find: { sha256: new Uint8Array(sha256), most } }));
      return 'paths' in answer ? answer : undefined;
    },
    close: () => inTurn(end),
  };
}
