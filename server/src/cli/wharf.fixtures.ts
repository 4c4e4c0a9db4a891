import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The launcher, as npm puts it on the PATH. */
export const launcher = join(import.meta.dirname, '../../bin/wharf.js');

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly error: string;
}

export interface RunOptions {
  readonly runtime?: string;
  readonly input?: string;
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs `wharf` as a process of its own, with no settings of whoever runs the tests. */
export async function wharf(given: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(options.runtime ?? process.execPath, [launcher, ...given], {
    cwd: options.folder,
    env: { PATH: process.env['PATH'], ...options.environment },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, error, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, output, error };
}

/** Gives a new folder to `use`, and removes it afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
