import { spawn, type ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { BrokenOffError, FrameError, readFrames } from '@wharfinger/lib/inspect/frames';
import type { ProblemCode } from '@wharfinger/lib/inspect/inventory';
import { joinGroup, type ProcessGroup } from './process-group.ts';
import { watchMemory } from './resident-size.ts';
import type { WorkerCommand } from './worker-command.ts';

/** Why a process ended before it had answered. */
export interface Failure {
  readonly code: ProblemCode;
  readonly message: string;
}

/** What becomes of a process that handles hostile input. */
export interface Confinement {
  /** resident bytes of the process */
  readonly memory: number;
  /** seconds for each answer */
  readonly seconds: number;
  /** bytes of the longest answer */
  readonly answer: number;
  /** what it does, as the subject of a sentence: reading it */
  readonly task: string;
  readonly signal?: AbortSignal | undefined;
}

/** File descriptors from 3 on: numbers are handed on, `pipe` is written to. */
export type Sources = ReadonlyArray<number | 'pipe'>;

/** A process that may be killed by what it is given, and answers in frames. */
export class LimitedProcess {
  readonly child: ChildProcess;
  readonly #limits: Confinement;
  readonly #frames: AsyncGenerator<Buffer, undefined>;
  readonly #exited: Promise<void>;
  readonly #group: ProcessGroup | undefined;
  readonly #stopWatching: () => void;
  readonly #cleanUp: () => void;
  #failure: Failure | undefined;
  #errors = '';

  constructor(command: WorkerCommand, limits: Confinement, sources: Sources = []) {
    this.#limits = limits;
    const { memory, task, signal } = limits;
    this.child = spawn(command.file, command.args, {
      env: command.env,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe', ...sources],
    });
    this.#exited = new Promise((resolve) => {
      this.child.once('close', () => resolve());
      this.child.once('error', (error) => {
        this.fail('crashed', `the process could not be started: ${error.message}`);
        resolve();
      });
    });
    this.#frames = readFrames(this.child.stdout as Readable, limits.answer);
    this.child.stderr!.setEncoding('latin1').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4096);
    });
    for (const stream of this.child.stdio) stream?.on('error', () => {});
    const { pid } = this.child;
    const tooMuch = (): void =>
      this.fail('out-of-memory', `${task} takes more than ${memory} bytes of memory`);
    if (pid !== undefined) standBack(pid);
    this.#group = pid === undefined ? undefined : joinGroup(pid, memory);
    this.#stopWatching = pid === undefined ? () => {} : watchMemory(pid, memory, tooMuch);
    const abort = (): void => void this.child.kill('SIGKILL');
    signal?.addEventListener('abort', abort);
    // who aborted before it could be listened to is not told again
    if (signal?.aborted) abort();
    this.#cleanUp = () => signal?.removeEventListener('abort', abort);
  }

  /** Ends the process for this reason, unless there was one before. */
  fail(code: ProblemCode, message: string): void {
    this.#failure ??= { code, message };
    this.child.kill('SIGKILL');
  }

  /**
   * The next answer as `read` understands it, or why there is none.
   * @param read undefined: the answer is not what was agreed upon
   */
  async next<T extends object>(
    read: (answer: Buffer) => Promise<T | undefined>,
  ): Promise<{ readonly value: T } | { readonly failure: Failure }> {
    const { seconds, task } = this.#limits;
    const late = (): void => this.fail('timeout', `${task} takes more than ${seconds} seconds`);
    const timer = setTimeout(late, seconds * 1000);
    try {
      const answer = await this.#nextFrame();
      if (answer !== undefined) {
        clearTimeout(timer);
        const value = await read(answer);
        if (value !== undefined) return { value };
        this.fail('crashed', 'the process gave an answer that is no inventory');
        // what it sent behind that is not read, and its output does not end until it is or is given up
        await this.#frames.return(undefined);
      }
      // Its output is known to have ended before it is, and it may stay without one.
      await this.#exited;
    } finally {
      clearTimeout(timer);
    }
    return { failure: this.#failure ?? this.#reasonOfExit() };
  }

  /** The next answer as it was sent; undefined: it ended before it gave a whole one, or is ended for what it gave. */
  async #nextFrame(): Promise<Buffer | undefined> {
    try {
      return (await this.#frames.next()).value;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (!(error instanceof BrokenOffError)) this.fail('crashed', `the process gave ${error.message}`);
      return undefined;
    }
  }

  #reasonOfExit(): Failure {
    const { task } = this.#limits;
    const { exitCode, signalCode } = this.child;
    if (signalCode === 'SIGXCPU')
      return { code: 'timeout', message: `${task} takes too much processor time` };
    const isHeap = /heap out of memory|Allocation failed|ERR_MEMORY_ALLOCATION_FAILED/.test(this.#errors);
    if (isHeap || this.#group?.ranOut() === true) {
      return { code: 'out-of-memory', message: `${task} takes more memory than it may` };
    }
    return { code: 'crashed', message: `the process ended with ${signalCode ?? `code ${exitCode}`}` };
  }

  /** Kills the process if it is still there, and waits until it is gone. */
  async end(): Promise<void> {
    this.#cleanUp();
    this.#stopWatching();
    this.child.kill('SIGKILL');
    for (const stream of this.child.stdio) stream?.destroy();
    await this.#exited;
    this.#group?.remove();
  }
}

/** Pushes and pulls go first: who takes images apart has time. */
function standBack(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system knows no priorities: the work is done all the same.
  }
}
