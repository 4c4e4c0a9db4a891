import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerKind } from './servers/server.ts';

/** A server process with its folder, as the rows see it. */
export interface RunningServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly process: ChildProcess;
  readonly folder: string;
  /** milliseconds from the start of the process until it answered */
  readonly startedIn: number;
}

/** Starts a server on what its folder holds and waits until it serves. */
export async function startServer(kind: ServerKind, program: string, folder: string): Promise<RunningServer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const { args, env } = kind.launch(program, folder, port);
  const log = openSync(`${folder}.log`, 'a');
  const begin = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  // a measurement that fails must leave nothing running
  process.once('exit', () => child.kill('SIGKILL'));
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${kind.name} ended: ${readFileSync(`${folder}.log`, 'utf8').slice(-2000)}`);
    }
    const status = await statusOf(port, kind.readyPath);
    if (status === 200 || status === 401) break;
    if (performance.now() - begin > 300_000) throw new Error(`${kind.name} does not answer`);
    await pause(5);
  }
  return { kind, port, process: child, folder, startedIn: performance.now() - begin };
}

/** Asks the server to end and waits until it has. */
export async function stopServer(server: RunningServer): Promise<void> {
  if (server.process.exitCode !== null || server.process.signalCode !== null) return;
  const ended = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  const giveUp = setTimeout(() => server.process.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(giveUp);
}

/** Resident bytes of the process and its children. */
export function memoryOf(server: RunningServer): number {
  return familyOf(server.process.pid!).reduce((sum, pid) => {
    const pages = Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0);
    return sum + pages * 4096;
  }, 0);
}

/**
 * Waits until a server has done what it does in the background: under 5 % of one processor during two seconds, waiting for a
 * processor included, so that a server that is kept from working does not look idle.
 */
export async function settle(server: RunningServer, longestSeconds: number): Promise<boolean> {
  for (let second = 0; second < longestSeconds; second += 2) {
    const before = busyNanoseconds(server);
    await pause(2000);
    if (busyNanoseconds(server) - before < 1e8) return true;
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Time that all threads ran or waited to run. */
function busyNanoseconds(server: RunningServer): number {
  return familyOf(server.process.pid!).reduce((sum, pid) => {
    const threads = tasksOf(pid).map((task) => read(`/proc/${pid}/task/${task}/schedstat`).split(' '));
    return sum + threads.reduce((time, [ran, waited]) => time + Number(ran) + Number(waited ?? 0), 0);
  }, 0);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function familyOf(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) =>
    read(join(`/proc/${pid}/task`, task, 'children')).split(' '),
  );
  return [pid, ...children.filter((child) => child !== '').flatMap((child) => familyOf(Number(child)))];
}

/** A process may end between two looks. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Status of a GET, by a bare socket: starts are timed, and nothing must be kept open. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (data) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString('latin1'))?.[1]));
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
