import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { attempt, words } from './command.ts';

/** A Docker daemon of its own, which shares nothing with one that this machine may run. */
export interface DockerDaemon extends AsyncDisposable {
  /** the docker command line for this daemon */
  command(...args: string[]): string[];
}

/** Starts a daemon without network or firewall rules that keeps everything in `folder`. Needs root. */
export async function startDockerDaemon(folder: string): Promise<DockerDaemon> {
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const root = join(folder, 'docker-root');
  const state = join(folder, 'docker-run');
  mkdirSync(state, { recursive: true });
  const logFile = join(folder, 'dockerd.log');
  const log = openSync(logFile, 'a');
  const [program, ...args] =
    words`dockerd --data-root ${root} --exec-root ${state} --pidfile ${folder}/docker.pid
    -H ${socket} --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs`;
  const child = spawn(program!, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: systemPath() },
  });
  closeSync(log);
  let hasEnded = false;
  const ended = once(child, 'exit').then(() => (hasEnded = true));
  const command = (...args: string[]): string[] => ['docker', '-H', socket, ...args];
  for (let waited = 0; (await attempt(command('version'))).code !== 0; waited += 200) {
    if (hasEnded || waited > 180_000) {
      throw new Error(`dockerd does not serve:\n${readFileSync(logFile, 'utf8')}`);
    }
    await pause(200);
  }
  return {
    command,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      // what a container left mounted would keep the folder from being removed
      const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
      const places = mounts.flatMap((mount) => mount.split(' ')[1] ?? []);
      // what lies within another comes behind it; one may also go by itself meanwhile
      for (const place of places.filter((one) => one.startsWith(`${folder}/`)).toReversed()) {
        await attempt(['umount', '--lazy', place]);
      }
    },
  };
}

/** Without the folder of built tools: the shim of the newer containerd in it does not fit the daemon of the system. */
function systemPath(): string {
  const built = process.env['WHARFINGER_TEST_TOOLS'];
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== built)
    .join(delimiter);
}
