import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { WharfingerError } from '@wharfinger/lib/errors';
import { frameOf } from '@wharfinger/lib/inspect/frames';
import type { FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import type { FilePage } from '@wharfinger/lib/inspect/look/file-entry';
import type { LookQuestion } from '@wharfinger/lib/inspect/look/look';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { LimitedProcess } from './limited-process.ts';
import { parseLook } from './look-schema.ts';
import { workerCommand } from './worker-command.ts';

/** Packed inventories of layers, fetched one by one as the process takes them. */
export type PackedLayers = () => AsyncIterable<readonly [digest: Digest, packed: Uint8Array]>;

/** Answers questions about the files of images from stored inventories. */
export interface FileLooker {
  /** @throws WharfingerError FILE_UNKNOWN, INPUT_INVALID, UNAVAILABLE */
  list(question: Extract<LookQuestion, { kind: 'list' }>, layers: PackedLayers): Promise<FilePage>;
  /** @throws WharfingerError UNAVAILABLE */
  compare(question: Extract<LookQuestion, { kind: 'compare' }>, layers: PackedLayers): Promise<FileChanges>;
}

/** Bytes of the longest answer: a page of entries with long paths. */
const longest = 16 * 1024 ** 2;

/** Processes that look at the same time, and questions that wait for one: people ask, and have time. */
const most = { running: 2, waiting: 32 };

/**
 * Looks in processes that are confined as those are that read layers.
 * @param limits resident bytes and seconds of each
 */
export function createFileLooker(limits: { readonly memory: number; readonly seconds: number }): FileLooker {
  let running = 0;
  const waiting: Array<() => void> = [];
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= most.running) {
      if (waiting.length >= most.waiting) throw unavailable('too many ask about files at the same time');
      // Who ends hands the place on.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return {
    list: (question, layers) => inTurn(async () => (await ask(question, layers, limits)) as FilePage),
    compare: (question, layers) => inTurn(async () => (await ask(question, layers, limits)) as FileChanges),
  };
}

async function ask(
  question: LookQuestion,
  layers: PackedLayers,
  { memory, seconds }: { readonly memory: number; readonly seconds: number },
): Promise<FilePage | FileChanges> {
  const run = new LimitedProcess(workerCommand('look', { memory, cpuSeconds: seconds }), {
    memory,
    seconds,
    answer: longest,
    task: 'looking at its files',
  });
  let sourceError: unknown;
  async function* request(): AsyncGenerator<Uint8Array> {
    yield frameOf(Buffer.from(JSON.stringify(question)));
    try {
      for await (const [digest, packed] of layers()) {
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
    const result = await run.next((bytes) => parseLook(bytes, question.kind, longest));
    if (sourceError !== undefined) throw sourceError;
    if ('failure' in result) throw unavailable(result.failure.message);
    const { value } = result;
    if ('answer' in value) return value.answer;
    throw new WharfingerError(value.refused.code, { what: value.refused.what });
  } finally {
    await run.end();
  }
}

function unavailable(what: string): WharfingerError {
  return new WharfingerError('UNAVAILABLE', { what, remedy: 'ask again later, or for less' });
}
