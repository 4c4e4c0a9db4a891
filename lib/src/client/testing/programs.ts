import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const searched = [process.env['WHARFINGER_TEST_TOOLS'], ...(process.env['PATH'] ?? '').split(delimiter)];
const execute = promisify(execFile);

function find(name: string): string | undefined {
  return searched
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** For `describe.skipIf`: true where a program is missing on a user's machine; in CI nothing may be missing. */
export function lacks(...names: readonly string[]): boolean {
  const missing = names.filter((name) => find(name) === undefined);
  if (missing.length === 0) return false;
  const reason = `not on PATH or in WHARFINGER_TEST_TOOLS: ${missing.join(', ')}`;
  if (process.env['CI'] !== undefined) throw new Error(`this suite must run in CI: ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}

/** The path of a program that `lacks` found to be there. */
export function program(name: string): string {
  const path = find(name);
  if (path === undefined) throw new Error(`${name} is missing`);
  return path;
}

/** Runs a program to its end; what it printed. Rejects where it fails. */
export async function run(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await execute(program(name), [...args], {
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
