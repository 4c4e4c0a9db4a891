import type { Command } from 'commander';
import { inspectLayers } from '../inspection/inspect-process.ts';
import { chooseStyle, type Style } from './display.ts';
import type { ExitCode } from './exit-codes.ts';
import { showProgress, type Progress } from './progress.ts';

/** Options that every command has. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly color: boolean;
  readonly plainHttp?: boolean;
}

/** Takes layers apart, each in its turn. */
export type InspectLayers = typeof inspectLayers;

/** What a command works with: where it writes, and what surrounds it. */
export interface Session {
  readonly json: boolean;
  readonly style: Style;
  readonly environment: NodeJS.ProcessEnv;
  /** true: speak HTTP without TLS to every registry; else only to this machine */
  readonly plainHttp: boolean;
  now(): Date;
  /** The result, on standard output: `value` as JSON for scripts, the text for people. */
  result(value: unknown, text: () => string): void;
  /** A remark for people, on standard error; not written with --json. */
  note(text: string): void;
  progress(): Progress;
  /** takes layers apart, in a limited process */
  readonly inspectLayers: InspectLayers;
}

/** Where the program runs; the real one is made in main.ts. */
export interface Surroundings {
  readonly output: NodeJS.WriteStream;
  readonly error: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
  /** absent: in a limited process for each image */
  readonly inspectLayers?: InspectLayers;
  /** absent: that of the machine */
  readonly now?: () => Date;
}

/** Makes the session for one command. */
export function openSession(surroundings: Surroundings, options: GlobalOptions): Session {
  const { output, error, environment } = surroundings;
  const json = options.json === true;
  return {
    json,
    style: chooseStyle(output, environment, options.color),
    environment,
    plainHttp: options.plainHttp === true,
    now: surroundings.now ?? (() => new Date()),
    result(value, text) {
      output.write(json ? `${JSON.stringify(value, undefined, 2)}\n` : `${text()}\n`.replace(/^\n$/, ''));
    },
    note(text) {
      if (!json) error.write(`${text}\n`);
    },
    progress: () => showProgress(error, !json, () => performance.now()),
    inspectLayers: surroundings.inspectLayers ?? inspectLayers,
  };
}

/**
 * Turns the work of a command into an action of commander: arguments first, then the options together with the global
 * ones. The exit code that the work gives becomes that of the process. What commander passes is what the command
 * declared, so the work says the types.
 */
export type Run = (
  work: (session: Session, options: never, ...given: never[]) => Promise<ExitCode>,
) => (...given: unknown[]) => Promise<void>;

/** The `Run` of a program in these surroundings. */
export function makeRun(surroundings: Surroundings, finish: (code: ExitCode) => void): Run {
  return (work) =>
    async (...given) => {
      const options = (given.at(-1) as Command).optsWithGlobals<GlobalOptions>();
      const session = openSession(surroundings, options);
      finish(await work(session, options as never, ...(given.slice(0, -2) as never[])));
    };
}
