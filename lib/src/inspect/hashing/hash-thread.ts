import { parentPort } from 'node:worker_threads';
import { giveUpRights } from '../give-up-rights.ts';
import { ChunkHasher, type HashedLayer, type HashWork } from './chunk-hasher.ts';

/** What the thread is told: work of the layer at hand, all in one memory, or that this was all of it. */
export type HashMessage = readonly HashWork[] | 'finish';

giveUpRights();
let hasher = new ChunkHasher();

function tell(answer: number | HashedLayer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
  parentPort?.postMessage(answer);
}

parentPort?.on('message', (message: HashMessage) => {
  if (message !== 'finish') {
    const length = message.reduce((sum, { chunk }) => sum + chunk.length, 0);
    for (const work of message) hasher.take(work);
    // Freed at once: else it stays until garbage is collected, which seldom is here.
    (message[0]?.chunk.buffer as ArrayBuffer | undefined)?.transfer(0);
    tell(length);
  } else {
    tell(hasher.finish());
    hasher = new ChunkHasher();
  }
});
