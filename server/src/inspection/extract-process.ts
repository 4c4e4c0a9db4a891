import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { defaultLimits, type LayerLimits } from '@wharfinger/lib/inspect/limits';
import { extractMarks, type FileWanted } from '@wharfinger/lib/inspect/look/extract-file';
import { defaultMemory, type LayerInput } from './inspect-process.ts';
import { LimitedProcess } from './limited-process.ts';
import { unavailable } from './turns.ts';
import { workerCommand } from './worker-command.ts';

/** Bytes of one part of a file. */
const longestPart = 1024 ** 2;

export interface ExtractOptions {
  /** resident bytes of the process; as those that take layers apart where nothing is given */
  readonly memory?: number;
  /** ends it: for who takes the content no more, or too slowly */
  readonly signal?: AbortSignal;
}

/**
 * Gives the content of one file of a layer, read in a process that is confined as those are that take layers apart. Who got it to the
 * end has what was found in the layer; whatever else happens is thrown.
 *
 * @throws WharfingerError UNAVAILABLE; what reading the source throws
 */
export async function* extractInProcess(
  { digest, source }: LayerInput,
  wanted: FileWanted,
  limits: LayerLimits = defaultLimits,
  { memory = defaultMemory, signal }: ExtractOptions = {},
): AsyncGenerator<Buffer> {
  const file = 'path' in source ? await open(source.path) : undefined;
  let run: LimitedProcess;
  try {
    const { seconds } = limits;
    run = new LimitedProcess(
      workerCommand({ extract: { fd: 3, digest, wanted, limits } }, { memory, cpuSeconds: seconds }),
      { memory, seconds, answer: longestPart, task: 'reading the file', signal },
      [file?.fd ?? 'pipe'],
    );
  } finally {
    // The process has its own by now.
    await file?.close();
  }
  let sourceError: unknown;
  async function* watched(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* stream;
    } catch (error) {
      sourceError = error;
      run.fail('crashed', 'its layer could not be fetched');
      throw error;
    }
  }
  try {
    // The process ends before it has read all, as soon as it has the file.
    if ('stream' in source)
      void pipeline(watched(source.stream()), run.child.stdio[3] as Writable).catch(() => {});
    for (;;) {
      const answer = await run.next(async (bytes) => (bytes.length > 0 ? bytes : undefined));
      if (sourceError !== undefined) throw sourceError;
      if ('failure' in answer) throw unavailable(answer.failure.message);
      const [mark, part] = [answer.value[0], answer.value.subarray(1)];
      if (mark === extractMarks.whole) return;
      if (mark !== extractMarks.data) throw unavailable(part.toString('utf8').slice(0, 200));
      yield part;
    }
  } finally {
    await run.end();
  }
}
