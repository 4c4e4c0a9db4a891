import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { program } from './programs.ts';

/** A registry for tests. Stop it. */
export interface RunningRegistry {
  /** host:port */
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Starts Debian's docker-registry, which knows no referrers, with an empty store on a free port; it serves when the promise
 * resolves.
 */
export async function startDockerRegistry(extra = ''): Promise<RunningRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}`,
    `http: {addr: ${host}}`,
    extra,
  ];
  await writeFile(join(folder, 'config.yml'), config.join('\n'));
  const child = spawn(program('docker-registry'), ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  for (let tries = 0; !(await answers(host)); tries += 1) {
    if (tries > 2000 || child.exitCode !== null) throw new Error('docker-registry does not start');
    await sleep(50);
  }
  return {
    host,
    stop: async () => {
      child.kill();
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    () => true,
    () => false,
  );
}
