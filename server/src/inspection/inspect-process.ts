import { spawn, type ChildProcess } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import type { LayerInventory, ProblemCode } from '@wharfinger/lib/inspect/inventory';
import { defaultLimits, type LayerLimits } from '@wharfinger/lib/inspect/limits';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { FrameError, readFrames } from './frames.ts';
import { parseAnswer } from './inventory-schema.ts';
import { watchMemory } from './resident-size.ts';
import { workerCommand } from './worker-command.ts';

/** A layer to take apart: a file, which is handed to the process as it is, or bytes, which are piped into it. */
export interface LayerInput {
  readonly digest: Digest;
  readonly source: { readonly path: string } | { readonly stream: () => AsyncIterable<Uint8Array> };
}

export interface InspectOptions {
  /** resident bytes of the process; 512 MiB where nothing is given */
  readonly memory?: number;
  /** bytes of the longest inventory; 256 MiB where nothing is given */
  readonly answer?: number;
  readonly signal?: AbortSignal;
}

/** Why a process ended before it had answered. */
interface Failure {
  readonly code: ProblemCode;
  readonly message: string;
}

const MiB = 1024 ** 2;

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
  let done = 0;
  while (done < inputs.length) {
    options.signal?.throwIfAborted();
    const run = await WorkerRun.start(inputs.slice(done, done + batch), limits, options);
    let failure: Failure | undefined;
    try {
      for (const input of run.inputs) {
        const answer = await run.next(input.digest);
        failure = 'code' in answer ? answer : undefined;
        if (failure !== undefined) break;
        done += 1;
        yield answer as LayerInventory;
      }
    } finally {
      await run.end();
    }
    if (failure === undefined) continue;
    options.signal?.throwIfAborted();
    run.throwSourceError();
    yield unread(inputs[done]!.digest, failure);
    done += 1;
  }
}

/** What is known of a layer whose reading failed: that it may hold anything, a file system included. */
function unread(digest: Digest, failure: Failure): LayerInventory {
  return {
    format: 1,
    digest,
    content: 'filesystem',
    compression: 'none',
    size: 0,
    entries: 0,
    complete: false,
    problems: [{ ...failure, hides: true }],
    tree: { paths: [], types: '', links: {} },
    records: [],
  };
}

/** One process with the layers it was given. */
class WorkerRun {
  readonly inputs: readonly LayerInput[];
  readonly #child: ChildProcess;
  readonly #frames: AsyncGenerator<Buffer>;
  readonly #exited: Promise<void>;
  readonly #limits: LayerLimits;
  readonly #stopWatching: () => void;
  readonly #cleanUp: () => void;
  #failure: Failure | undefined;
  #sourceError: unknown;
  #errors = '';

  static async start(
    inputs: readonly LayerInput[],
    limits: LayerLimits,
    options: InspectOptions,
  ): Promise<WorkerRun> {
    const files: FileHandle[] = [];
    try {
      for (const { source } of inputs) if ('path' in source) files.push(await open(source.path));
      return new WorkerRun(inputs, files, limits, options);
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
    this.#limits = limits;
    const memory = options.memory ?? 512 * MiB;
    const layers = inputs.map(({ digest }, index) => ({ fd: 3 + index, digest }));
    const command = workerCommand({ layers, limits }, { memory, cpuSeconds: limits.seconds * inputs.length });
    const handles = files.values();
    const sources = inputs.map(({ source }) => ('path' in source ? handles.next().value!.fd : 'pipe'));
    this.#child = spawn(command.file, command.args, {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe', ...sources],
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.once('error', (error) => {
        this.#fail('crashed', `the process could not be started: ${error.message}`);
        resolve();
      });
    });
    this.#frames = readFrames(this.#child.stdout as Readable, options.answer ?? 256 * MiB);
    this.#child.stderr!.setEncoding('latin1').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4096);
    });
    for (const stream of this.#child.stdio) stream?.on('error', () => {});
    const { pid } = this.#child;
    const tooMuch = (): void =>
      this.#fail('out-of-memory', `reading it takes more than ${memory} bytes of memory`);
    this.#stopWatching = pid === undefined ? () => {} : watchMemory(pid, memory, tooMuch);
    const abort = (): void => void this.#child.kill('SIGKILL');
    options.signal?.addEventListener('abort', abort);
    this.#cleanUp = () => options.signal?.removeEventListener('abort', abort);
    void this.#feed();
  }

  /** Pipes the sources that are no files, one after the other, as the process reads them. */
  async #feed(): Promise<void> {
    for (const [index, { source }] of this.inputs.entries()) {
      if ('path' in source) continue;
      const failing = this.#watchSource(source.stream());
      // The process may end before it has read all, which the exit tells.
      await pipeline(failing, this.#child.stdio[3 + index] as Writable).catch(() => {});
    }
  }

  async *#watchSource(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      this.#sourceError = error;
      this.#fail('crashed', 'its bytes could not be read');
      throw error;
    }
  }

  #fail(code: ProblemCode, message: string): void {
    this.#failure ??= { code, message };
    this.#child.kill('SIGKILL');
  }

  /** The next inventory, or why there is none. */
  async next(digest: Digest): Promise<LayerInventory | Failure> {
    const { seconds } = this.#limits;
    const late = (): void => this.#fail('timeout', `reading it takes more than ${seconds} seconds`);
    const timer = setTimeout(late, seconds * 1000);
    try {
      const frame = await this.#frames.next();
      const answer = frame.done === true ? undefined : parseAnswer(frame.value, digest);
      if (answer !== undefined) return answer;
      if (frame.done !== true) this.#fail('crashed', 'the process gave an answer that is no inventory');
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // A process that was killed breaks off as well; then the reason is known.
      if (this.#child.exitCode === null && this.#child.signalCode === null && this.#failure === undefined) {
        this.#fail('crashed', `the process gave ${error.message}`);
      }
    } finally {
      clearTimeout(timer);
    }
    await this.#exited;
    return this.#failure ?? this.#reasonOfExit();
  }

  #reasonOfExit(): Failure {
    const { exitCode, signalCode } = this.#child;
    if (signalCode === 'SIGXCPU')
      return { code: 'timeout', message: 'reading it takes too much processor time' };
    if (/heap out of memory|Allocation failed|ERR_MEMORY_ALLOCATION_FAILED/.test(this.#errors)) {
      return { code: 'out-of-memory', message: 'reading it takes more memory than a layer may' };
    }
    return { code: 'crashed', message: `the process ended with ${signalCode ?? `code ${exitCode}`}` };
  }

  /** Kills the process if it is still there, and waits until it is gone. */
  async end(): Promise<void> {
    this.#cleanUp();
    this.#stopWatching();
    this.#child.kill('SIGKILL');
    for (const stream of this.#child.stdio) stream?.destroy();
    await this.#exited;
  }

  /** @throws what a source threw, which says nothing about its layer */
  throwSourceError(): void {
    if (this.#sourceError !== undefined) throw this.#sourceError;
  }
}
