import { mkdirSync } from 'node:fs';
import { createRequire, getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import type { ExtractRequest } from '@wharfinger/lib/inspect/extract-entry';
import type { WorkerRequest } from '@wharfinger/lib/inspect/worker-entry';

const require = createRequire(import.meta.url);

/** What a process may use. */
export interface ProcessLimits {
  /** resident bytes */
  readonly memory: number;
  /** seconds of processor time */
  readonly cpuSeconds: number;
}

/** What the programs load besides their own code. */
const libraries = ['packageurl-js', 'spdx-exceptions', 'spdx-license-ids', 'yaml'];

/** The folder of a library, resolved from where it is used. */
function folderOf(entry: string): (library: string) => string {
  const { resolve } = createRequire(entry);
  return (library) => {
    const file = resolve(library);
    const end = file.lastIndexOf(join('node_modules', library)) + join('node_modules', library).length;
    return file.slice(0, end);
  };
}

/** Whether a process can give up rights that it has, as Node.js allows from 26.3 on. Else it is given none to give up. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const givesUpRights = major > 26 || (major === 26 && minor >= 3);

/** What a process is started with: a program, and all of its environment. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Where programs keep their code compiled, so that they start in a third of the time: a folder beside that in which this process keeps
 * its own. Undefined where this one keeps none, or where a process could not give up the right to write before it reads what it is given.
 */
function compiledCode(): string | undefined {
  const own = getCompileCacheDir();
  return own === undefined || !givesUpRights ? undefined : join(dirname(own), 'inspection');
}

/** The folder, made where it is not there. */
function madeFolder(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    // Then programs are compiled each time.
    return undefined;
  }
}

/**
 * The command that takes layers apart, that gives a file of one, that composes an image, or that looks into its files: Node.js with its permission model, which leaves it
 * neither network nor child processes nor files but its own code. A shell sets the limits of processor time and data and
 * becomes it.
 * @param cache folder in which programs keep their code compiled, where there is to be one; they may write to it until they read
 */
export function workerCommand(
  task: { readonly inspect: WorkerRequest } | { readonly extract: ExtractRequest } | 'compose' | 'look',
  limits: ProcessLimits,
  cache = compiledCode(),
): WorkerCommand {
  const compiled = madeFolder(cache);
  const [program, request] =
    typeof task === 'string'
      ? [`${task}-entry`]
      : 'inspect' in task
        ? ['worker-entry', task.inspect]
        : ['extract-entry', task.extract];
  const entry = require.resolve(`@wharfinger/lib/inspect/${program}`);
  const source = dirname(dirname(entry));
  const readable = [source, join(dirname(source), 'package.json'), ...libraries.map(folderOf(entry))];
  // Compiling the sources once more for a thread would cost more than it does.
  const mayStartThread = givesUpRights && (compiled !== undefined || entry.endsWith('.js'));
  const heap = Math.floor((limits.memory * 0.6) / 1024 ** 2);
  const args = [
    '--permission',
    ...[...readable, ...(compiled === undefined ? [] : [compiled])].map((path) => `--allow-fs-read=${path}`),
    ...(compiled === undefined ? [] : [`--allow-fs-write=${compiled}`]),
    ...(mayStartThread && program === 'worker-entry' ? ['--allow-worker'] : []),
    `--max-old-space-size=${heap}`,
    // What is freed at once counts as garbage until then, for which nothing needs to be searched.
    `--initial-old-space-size=${Math.floor(heap / 8)}`,
    // Collected often, since what passes is garbage at once; not so often that what is still in use is moved again and again.
    '--max-semi-space-size=4',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    entry,
    ...(request === undefined ? [] : [JSON.stringify(request)]),
  ];
  const env: WorkerCommand['env'] = compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };
  if (process.platform === 'win32') return { file: process.execPath, args, env };
  const soft = Math.ceil(limits.cpuSeconds);
  // The kernel's own bound, far above what is watched: for what grows faster than the watch looks. The runtime reserves
  // some hundred megabytes that it does not use.
  const data = Math.ceil((limits.memory * 2) / 1024) + 1024 ** 2;
  const script = `ulimit -c 0; ulimit -d ${data}; ulimit -S -t ${soft}; ulimit -H -t ${soft + 5}; exec "$@"`;
  return { file: '/bin/sh', args: ['-c', script, 'sh', process.execPath, ...args], env };
}
