import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { WharfingerError } from '@wharfinger/lib/errors';
import { frameOf } from '@wharfinger/lib/inspect/frames';
import type { FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import type { FilePage } from '@wharfinger/lib/inspect/look/file-entry';
import type { FilePlace } from '@wharfinger/lib/inspect/look/find-file';
import type { LookQuestion } from '@wharfinger/lib/inspect/look/look-question';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { LimitedProcess } from './limited-process.ts';
import { turnsFor, unavailable } from './turns.ts';
import { workerCommand } from './worker-command.ts';

/** Packed inventories of layers, fetched one by one as the process takes them. */
export type PackedLayers = () => AsyncIterable<readonly [digest: Digest, packed: Uint8Array]>;

/** Answers questions about the files of images from stored inventories. */
export interface FileLooker {
  /** @throws WharfingerError FILE_UNKNOWN, INPUT_INVALID, UNAVAILABLE */
  list(question: Extract<LookQuestion, { kind: 'list' }>, layers: PackedLayers): Promise<FilePage>;
  /** Where the content of a file stands. @throws WharfingerError FILE_UNKNOWN, INPUT_INVALID, UNAVAILABLE */
  find(question: Extract<LookQuestion, { kind: 'find' }>, layers: PackedLayers): Promise<FilePlace>;
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
  const turns = turnsFor(most);
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const leave = await turns.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return {
    list: (question, layers) => inTurn(async () => (await ask(question, layers, limits)) as FilePage),
    find: (question, layers) => inTurn(async () => (await ask(question, layers, limits)) as FilePlace),
    compare: (question, layers) => inTurn(async () => (await ask(question, layers, limits)) as FileChanges),
  };
}

async function ask(
  question: LookQuestion,
  layers: PackedLayers,
  { memory, seconds }: { readonly memory: number; readonly seconds: number },
): Promise<FilePage | FilePlace | FileChanges> {
  // What checks answers is loaded with the first question: it knows all that the process knows.
  const { parseLook } = await import('./look-schema.ts');
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
    const { code, what, remedy } = value.refused;
    throw new WharfingerError(code, { what, remedy });
  } finally {
    await run.end();
  }
}
