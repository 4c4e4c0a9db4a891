import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { databaseSettings } from '../../server/src/testing/test-database.ts';
import { freePort } from '../../lib/src/client/testing/free-port.ts';

const launcher = join(import.meta.dirname, '../../server/bin/wharf.js');

export interface ProductOptions {
  /** where data, configuration and log go; may hold what an earlier process left */
  readonly folder: string;
  /** the YAML, as a plain object */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** a program and its arguments that run the product: strace and the like */
  readonly under?: readonly string[];
  readonly port?: number;
}

/** The real product in a process of its own, as `npm start` runs it. */
export interface Product {
  /** 127.0.0.1:port */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  readonly user: string;
  readonly password: string;
  /** value of an Authorization header for the user above */
  readonly authorization: string;
  /** where it keeps its data */
  readonly data: string;
  /** what it printed so far */
  log(): string;
  /** its exit code where it ends by itself, the signal where one ended it */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and wait until it has ended */
  stop(): Promise<void>;
  /** SIGKILL, and wait until it has ended */
  kill(): Promise<void>;
}

const user = 'admin';
const password = 'only-for-this-test-0';
const authorization = basic(user, password);

/** Starts the product and waits until it says that it serves. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const data = join(options.folder, 'data');
  const logFile = join(options.folder, 'server.log');
  const configFile = join(options.folder, 'wharfinger.yaml');
  mkdirSync(data, { recursive: true });
  writeFileSync(configFile, stringify(options.config ?? {}));
  const { database } = await databaseSettings(options.folder);
  const port = options.port ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  const log = openSync(logFile, 'a');
  const [program, ...args] = [...(options.under ?? []), process.execPath, launcher, 'serve'];
  const child = spawn(program, args, {
    env: {
      ...withoutSettings(process.env),
      WHARFINGER_CONFIG: configFile,
      WHARFINGER_LISTEN: host,
      WHARFINGER_DATA: data,
      WHARFINGER_ADMIN_PASSWORD: password,
      ...(database && { WHARFINGER_DATABASE_URL: database.url }),
      ...options.env,
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(
    ([code, byWhat]: unknown[]) => (code ?? byWhat) as number | NodeJS.Signals,
  );
  const readLog = (): string => readFileSync(logFile, 'utf8');
  await untilReady(child, url, readLog);
  // strace and its like do not pass signals on
  const pid = options.under === undefined ? child.pid! : childOf(child.pid!);
  return {
    host,
    url,
    pid,
    user,
    password,
    authorization,
    data,
    log: readLog,
    ended,
    stop: () => end(child, pid, 'SIGTERM'),
    kill: () => end(child, pid, 'SIGKILL'),
  };
}

/** The value of an Authorization header. */
export function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

async function untilReady(child: ChildProcess, url: string, log: () => string): Promise<void> {
  for (let waited = 0; waited < 180_000; waited += 50) {
    if (hasEnded(child)) throw new Error(`the product ended while it was started:\n${log()}`);
    try {
      const answer = await fetch(`${url}/readyz`);
      await answer.arrayBuffer();
      if (answer.status === 200) return;
    } catch {
      // not listening yet
    }
    await pause(50);
  }
  await end(child, child.pid!, 'SIGKILL');
  throw new Error(`the product was not ready within three minutes:\n${log()}`);
}

async function end(child: ChildProcess, pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  process.kill(pid, signal);
  await exited;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

/** Settings of whoever runs the tests must not reach the product. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('WHARFINGER_')));
}
