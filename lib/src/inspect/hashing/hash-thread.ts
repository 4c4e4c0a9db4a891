import { parentPort } from 'node:worker_threads';
import { giveUpRights } from '../give-up-rights.ts';
import { ChunkHasher, type HashedLayer, type HashWork } from './chunk-hasher.ts';

/** What the thread is told: work of the layer at hand, or that this was all of it. */
export type HashMessage = HashWork | 'finish';

giveUpRights();
let hasher = new ChunkHasher();

function tell(answer: number | HashedLayer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
  parentPort?.postMessage(answer);
}

parentPort?.on('message', (message: HashMessage) => {
  if (message !== 'finish') {
    const { length } = message.chunk;
    hasher.take(message);
    // Freed at once: else it stays until garbage is collected, which seldom is here.
    (message.chunk.buffer as ArrayBuffer).transfer(0);
    tell(length);
  } else {
    tell(hasher.finish());
    hasher = new ChunkHasher();
  }
});
