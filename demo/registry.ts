import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Teams } from './custody.ts';

/** The launcher of wharf, in this checkout. */
export const launcher = join(import.meta.dirname, '../server/bin/wharf.js');

/** Passwords of this demonstration alone; the registry and they are gone when it ends. */
export const passwords = {
  admin: 'admin-of-the-demo',
  ci: 'ci-of-the-demo',
  release: 'release-of-the-demo',
  cluster: 'cluster-of-the-demo',
} as const;

export type User = keyof typeof passwords;

/** What takes a second alone may take very long on a busy machine. */
export const patienceMs = 180_000;

/** A registry in a process of its own, with nothing in it. */
export interface Registry {
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Who may do what, and that images of the harbour are held until they passed and are signed. Those of the ferry are made by
 * two teams.
 */
function configuration(keyFile: string, { layoutFile, keys }: Teams): object {
  const rights = (actions: readonly string[]) =>
    ['harbour/**', 'ferry/**'].map((repositories) => ({ repositories, actions }));
  return {
    users: [
      { name: 'ci', password: passwords.ci, rights: rights(['pull', 'push']) },
      { name: 'release', password: passwords.release, rights: rights(['pull', 'push', 'sign']) },
      { name: 'cluster', password: passwords.cluster, rights: rights(['pull']) },
    ],
    namespaces: [{ name: 'harbour', class: 'private', stage: 'production', official: true }],
    trust: [
      { repositories: 'harbour/**', keys: [{ name: 'release-team', file: keyFile }] },
      { repositories: 'ferry/**', keys },
    ],
    custody: [{ repositories: 'ferry/app', file: layoutFile }],
  };
}

/** Starts `wharf serve` in `folder`, on a free port of this machine. */
export async function startRegistry(folder: string, keyFile: string, teams: Teams): Promise<Registry> {
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'wharfinger.yaml');
  await writeFile(config, stringify(configuration(keyFile, teams)));
  const logFile = join(folder, 'server.log');
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    [launcher, 'serve', '--config', config, '--listen', '127.0.0.1:0', '--data', join(folder, 'data')],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        WHARFINGER_ADMIN_PASSWORD: passwords.admin,
      },
      stdio: ['ignore', log, log],
    },
  );
  const ended = once(child, 'exit');
  const deadline = performance.now() + patienceMs;
  let host: string | undefined;
  while ((host = addressIn(readFileSync(logFile, 'utf8'))) === undefined) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      child.kill();
      throw new Error(`the registry did not start:\n${readFileSync(logFile, 'utf8')}`);
    }
    await pause(50);
  }
  return {
    host,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Where it listens, which it says once it does: on a port that no other program took meanwhile. */
function addressIn(log: string): string | undefined {
  return /"address":"([^"]+)"/.exec(log)?.[1];
}
