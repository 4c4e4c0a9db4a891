import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const main = join(import.meta.dirname, '../main.ts');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wharfinger-start-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts a server and tells what was loaded until it serves: packages, and modules of the runtime. */
function loadedAtStart(): { packages: string[]; runtime: string[] } {
  const program = `
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
        if (name) packages.add(name);
        return next(url, context);
      },
    });
    const { main } = await import(${JSON.stringify(main)});
    await main();
    const told = JSON.stringify({ packages: [...packages], runtime: process.moduleLoadList });
    process.stdout.write(told + '\\n', () => process.exit());
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: {
      ...process.env,
      WHARFINGER_DATA: folder,
      WHARFINGER_LISTEN: '127.0.0.1:0',
      WHARFINGER_ADMIN_PASSWORD: 'not-a-secret-here',
    },
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  // the log comes out when it comes out, also afterwards
  const told = run.stdout.split('\n').find((line) => line.startsWith('{"packages":'));
  return JSON.parse(told!) as { packages: string[]; runtime: string[] };
}

test('what a server does not need to serve is not loaded at its start', () => {
  const { packages, runtime } = loadedAtStart();
  expect(packages).toEqual(expect.arrayContaining(['fastify', 'kysely', 'zod']));
  const rare = ['ajv', 'asn1js', 'cborg', 'fast-uri', 'pg', 'pkijs', 'undici', '@sigstore/verify'];
  expect(packages.filter((name) => rare.includes(name))).toEqual([]);
  // Node's own fetch, which an import of node:http would load
  expect(runtime.filter((name) => name.includes('internal/http'))).not.toEqual([]);
  expect(runtime.filter((name) => name.includes('deps/undici'))).toEqual([]);
}, 180_000);
