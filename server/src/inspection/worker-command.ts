import { createRequire } from 'node:module';
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

/**
 * The command that takes layers apart, that gives a file of one, that composes an image, or that looks into its files: Node.js with its permission model, which leaves it
 * neither network nor child processes nor files but its own code. A shell sets the limits of processor time and data and
 * becomes it.
 */
export function workerCommand(
  task: { readonly inspect: WorkerRequest } | { readonly extract: ExtractRequest } | 'compose' | 'look',
  limits: ProcessLimits,
): { file: string; args: readonly string[] } {
  const [program, request] =
    typeof task === 'string'
      ? [`${task}-entry`]
      : 'inspect' in task
        ? ['worker-entry', task.inspect]
        : ['extract-entry', task.extract];
  const entry = require.resolve(`@wharfinger/lib/inspect/${program}`);
  const source = dirname(dirname(entry));
  const readable = [source, join(dirname(source), 'package.json'), ...libraries.map(folderOf(entry))];
  const heap = Math.floor((limits.memory * 0.6) / 1024 ** 2);
  const args = [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${heap}`,
    // Collected often, since what passes is garbage at once: less memory for little time.
    '--max-semi-space-size=1',
    '--disable-warning=ExperimentalWarning',
    entry,
    ...(request === undefined ? [] : [JSON.stringify(request)]),
  ];
  if (process.platform === 'win32') return { file: process.execPath, args };
  const soft = Math.ceil(limits.cpuSeconds);
  // The kernel's own bound, far above what is watched: for what grows faster than the watch looks. The runtime reserves
  // some hundred megabytes that it does not use.
  const data = Math.ceil((limits.memory * 2) / 1024) + 1024 ** 2;
  const script = `ulimit -c 0; ulimit -d ${data}; ulimit -S -t ${soft}; ulimit -H -t ${soft + 5}; exec "$@"`;
  return { file: '/bin/sh', args: ['-c', script, 'sh', process.execPath, ...args] };
}
