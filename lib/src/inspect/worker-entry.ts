import { createReadStream } from 'node:fs';
import { isDigest, type Digest } from '../oci/digest.ts';
import { frameOf } from './frames.ts';
import { giveUpRights } from './give-up-rights.ts';
import { hashHere } from './hashing/chunk-hasher.ts';
import { startHashThread } from './hashing/start-hash-thread.ts';
import { isFields } from './json-fields.ts';
import { limitsFrom, type LayerLimits } from './limits.ts';
import { packInventory } from './packed-json.ts';

/**
 * Program of the inspection process: reads layers from file descriptors that it was started with, one after the other,
 * and writes the packed inventory of each to standard output as a frame. Its only argument is a WorkerRequest. It opens nothing, so that it needs no right to read files but its own code, and ends when
 * standard input closes: with the process that watches it.
 */
export interface WorkerRequest {
  readonly layers: ReadonlyArray<{ readonly fd: number; readonly digest: Digest }>;
  readonly limits: LayerLimits;
}

function parseRequest(text: string | undefined): WorkerRequest {
  const request: unknown = JSON.parse(text ?? '');
  if (!isFields(request) || !Array.isArray(request['layers'])) throw new TypeError('not a request');
  const layers = request['layers'].map((layer: unknown) => {
    if (!isFields(layer) || typeof layer['fd'] !== 'number' || !isDigest(layer['digest'])) {
      throw new TypeError('not a layer');
    }
    return { fd: layer['fd'], digest: layer['digest'] };
  });
  return { layers, limits: limitsFrom(request['limits']) };
}

async function send(answer: unknown): Promise<void> {
  const frame = frameOf(packInventory(answer));
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(frame, (error) => (error ? reject(error) : resolve()));
  });
}

// Started before rights are given up, of which this is one; without it, all is done in one thread.
const startLane = process.permission?.has('worker') ? startHashThread() : hashHere;
// Most of the program, which is loaded while the thread starts.
const { readLayer } = await import('./layer.ts');
giveUpRights();
process.stdin.on('end', () => process.exit(3)).resume();
const { layers, limits } = parseRequest(process.argv[2]);
for (const { fd, digest } of layers) {
  const bytes: AsyncIterable<Buffer> = createReadStream('', { fd, highWaterMark: 1024 * 1024 });
  await send(await readLayer({ digest, bytes }, limits, undefined, startLane()));
}
process.exit(0);
