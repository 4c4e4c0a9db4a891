import { Worker } from 'node:worker_threads';
import type { HashedLayer, HashLane } from './chunk-hasher.ts';
import type { HashMessage } from './hash-thread.ts';

/** Bytes that the thread may have before it. */
const mostPending = 2 * 1024 ** 2;

/** Megabytes of the thread's own heap: chunks are not in it. */
const heap = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1 };

/** Starts a thread that hashes one layer after the other; each call of what is returned begins one. Where it fails, the process does. */
export function startHashThread(): () => HashLane {
  const body = import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js';
  const thread = new Worker(new URL(body, import.meta.url), { resourceLimits: heap });
  let pending = 0;
  let hasRoom: (() => void) | undefined;
  let isDone: ((layer: HashedLayer) => void) | undefined;
  thread.on('message', (answer: number | HashedLayer) => {
    if (typeof answer !== 'number') return isDone?.(answer);
    pending -= answer;
    if (pending <= mostPending) hasRoom?.();
  });
  const post = (message: HashMessage, given: ArrayBuffer[] = []): void => thread.postMessage(message, given);
  return () => ({
    take({ chunk, steps, copies }, lent) {
      // What follows in the same memory is yet to come.
      const isLast = chunk.byteOffset + chunk.byteLength === chunk.buffer.byteLength;
      const bytes = isLast && !lent ? chunk : Uint8Array.from(chunk);
      pending += bytes.length;
      post({ chunk: bytes, steps, copies }, [bytes.buffer as ArrayBuffer]);
    },
    get busy() {
      return pending > mostPending;
    },
    async rest() {
      if (pending > mostPending) await new Promise<void>((resolve) => (hasRoom = resolve));
    },
    finish() {
      return new Promise((resolve) => {
        isDone = resolve;
        post('finish');
      });
    },
  });
}
