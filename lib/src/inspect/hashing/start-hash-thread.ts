import { Worker } from 'node:worker_threads';
import type { HashedLayer, HashLane, HashWork } from './chunk-hasher.ts';
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
  /** chunks of one memory, of which more is to come: it is given away with all of them */
  let held: HashWork[] = [];
  /** Whoever gave the memory may yet write to it. */
  const copyHeld = (): void => {
    for (const work of held) {
      const chunk = Uint8Array.from(work.chunk);
      post([{ ...work, chunk }], [chunk.buffer]);
    }
    held = [];
  };
  return () => ({
    take(work, lent) {
      const { buffer, byteOffset, byteLength } = work.chunk;
      pending += byteLength;
      if (held.length > 0 && (lent || held[0]!.chunk.buffer !== buffer)) copyHeld();
      held.push(work);
      if (lent) return copyHeld();
      if (byteOffset + byteLength < buffer.byteLength) return;
      post(held, [buffer as ArrayBuffer]);
      held = [];
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
        copyHeld();
        post('finish');
      });
    },
  });
}
