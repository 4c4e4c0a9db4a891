import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { startServer, type RunningServer } from '../app.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import { databaseSettings } from './test-database.ts';

/** Password of the administrator of every server of a test. */
export const adminPassword = 'admin-of-this-test';

/** The administrator, as `Asking.as` takes it. */
export const admin = `admin:${adminPassword}`;

/** How a request is sent. */
export interface Asking {
  /** name:password; absent: anonymous */
  readonly as?: string;
  /** a bearer token */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** an object is sent as JSON */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
}

/** All fields of the documents that the API answers with. */
export interface Document {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly errors: ReadonlyArray<{ readonly code: string; readonly message: string }>;
  readonly token: string;
  readonly principal: string | null;
  readonly repositories: ReadonlyArray<{ readonly name: string }>;
  readonly tags: ReadonlyArray<{ readonly tag: string; readonly digest: string }>;
  readonly moves: ReadonlyArray<{ readonly from: string | null; readonly to: string | null }>;
  readonly from: string | null;
  readonly to: string | null;
  readonly inventory: object | null;
  readonly verdict: Verdict;
  readonly entries: ReadonlyArray<Readonly<Record<string, unknown>> & { readonly id: number }>;
  readonly next?: string;
}

/** An answer, read whole. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** the body as JSON; throws where it is none */
  readonly json: () => Document;
}

/** A whole server in the process of the test, on a port of its own, over a database (`databaseSettings`) and files in a new folder. */
export interface TestServer extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  readonly url: string;
  /** the folder that data and configuration lie in */
  readonly folder: string;
  readonly call: Call;
  /** A bearer token for these scopes. */
  token(as: string | undefined, ...scopes: readonly string[]): Promise<string>;
  /** Puts another configuration in force, as SIGHUP does. */
  reload(settings: object): Promise<void>;
  /** Ends the server and starts it again over the same data. */
  restart(settings?: object): Promise<void>;
}

/** Sends requests to a server. */
export type Call = (method: string, path: string, asking?: Asking) => Promise<Answered>;

/** Sends requests to the server that listens at host:port. */
export function callerOf(address: () => string): Call {
  return async (method, path, asking = {}) => {
    const { as, token, body } = asking;
    const headers: Record<string, string> = { ...asking.headers };
    if (as !== undefined) headers['authorization'] = `Basic ${Buffer.from(as).toString('base64')}`;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const isBytes = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    if (!isBytes) headers['content-type'] = 'application/json';
    const answer = await fetch(`http://${address()}${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: () => JSON.parse(text) as Document,
    };
  };
}

/** Starts a server with these settings (the YAML as a plain object) and removes all of it when it is disposed of. */
export async function startTestServer(
  settings: object = {},
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-server-'));
  let written = settings;
  let running = await begin();

  async function read(): Promise<LoadedConfig> {
    const file = join(folder, 'wharfinger.yaml');
    const fixed = { listen: '127.0.0.1:0', data: join(folder, 'data'), adminPassword };
    const database = await databaseSettings(folder);
    await writeFile(file, stringify({ log: { level: 'silent' }, ...database, ...fixed, ...written }));
    return loadConfig({ WHARFINGER_CONFIG: file });
  }

  async function begin(): Promise<RunningServer> {
    return startServer(await read(), { now });
  }

  const call = callerOf(() => running.address);

  return {
    get address() {
      return running.address;
    },
    get url() {
      return `http://${running.address}`;
    },
    folder,
    call,
    async token(as, ...scopes) {
      const query = new URLSearchParams(scopes.map((scope) => ['scope', scope]));
      const answer = await call('GET', `/auth/token?${query.toString()}`, as === undefined ? {} : { as });
      return answer.json().token;
    },
    async reload(changed) {
      written = changed;
      await running.reload(await read());
    },
    async restart(changed) {
      await running.stop();
      written = changed ?? written;
      running = await begin();
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until nothing is left to be done of all that was asked for: no verdict is made again by itself then. */
export async function settled({ call }: Pick<TestServer, 'call'>): Promise<void> {
  await until(async () => {
    const { text } = await call('GET', '/api/v1/jobs', { as: admin });
    const { counts } = JSON.parse(text) as { counts: ReadonlyArray<{ state: string }> };
    return counts.every(({ state }) => state === 'dead');
  });
}

/** Asks again until the answer is as awaited. The timeout of the test ends it. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await pause(20);
}
