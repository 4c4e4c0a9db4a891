import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folder of client binaries that Debian does not have; .ci/tools fills it. */
const built = process.env['WHARFINGER_TEST_TOOLS'];

if (built !== undefined && !(process.env['PATH'] ?? '').split(delimiter).includes(built)) {
  process.env['PATH'] = `${built}${delimiter}${process.env['PATH'] ?? ''}`;
}

/**
 * For `describe.skipIf`: true, with the reason on the screen, where a program is missing on a user's machine.
 * @throws Error under CI, where nothing may be skipped
 */
export function lacksTools(names: readonly string[]): boolean {
  const missing = names.filter((name) => !isOnPath(name));
  return missing.length > 0 && lacks(`not on PATH or in WHARFINGER_TEST_TOOLS: ${missing.join(', ')}`);
}

/** The same for suites that need root: container engines, mounts, debootstrap. */
export function lacksRoot(): boolean {
  return process.getuid?.() !== 0 && lacks('needs root');
}

/** The same for suites that read an environment variable naming a file or folder. */
export function lacksPath(variable: string): boolean {
  const path = process.env[variable];
  return (path === undefined || !existsSync(path)) && lacks(`${variable} names nothing that exists`);
}

/** Runs a program to its end and returns what it printed. */
export function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function lacks(reason: string): true {
  if (process.env['CI'] !== undefined) throw new Error(`this suite must run in CI: ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}
