import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const helper = join(import.meta.dirname, 'thread-environment.ts');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wharfinger-threads-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Whether a thread of a process that keeps its code compiled keeps its own there too. */
function threadKeeps(options: string): string {
  const program = `
    import { enableCompileCache } from 'node:module';
    import { Worker } from 'node:worker_threads';
    import { threadEnvironment } from ${JSON.stringify(helper)};
    enableCompileCache(${JSON.stringify(folder)});
    const thread = 'console.log(require("node:module").getCompileCacheDir() ?? "nowhere")';
    new Worker(thread, { eval: true, execArgv: [], ${options} });
  `;
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env,
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  return run.stdout.trim();
}

test('threads keep their code compiled where their process does', () => {
  expect(threadKeeps('env: threadEnvironment()').startsWith(folder)).toBe(true);
});

test('without being told they do not', () => {
  expect(threadKeeps('')).toBe('nowhere');
});
