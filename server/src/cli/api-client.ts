import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import { registryOrigin } from '@wharfinger/lib/client/registry-origin';
import { findLogin } from './credentials.ts';
import { ServerRefusal } from './failure.ts';
import type { Session } from './session.ts';

/** The API of one Wharfinger server, spoken as the user whose login docker's configuration holds. */
export interface ApiClient {
  /** host[:port] */
  readonly host: string;
  /** @throws ServerRefusal, WharfingerError REMOTE_FAILED */
  get<T>(path: string, query: Query, shape: z.ZodType<T>): Promise<T>;
  /** The bytes of an answer as they are: for documents that are kept. */
  getBytes(path: string, query: Query): Promise<Buffer>;
  /** The bytes of an answer while they come, and its headers. An answer that breaks off throws. */
  getStream(path: string, query: Query): Promise<StreamedAnswer>;
  /** @param body plain data for JSON, or a stream of newline-delimited JSON */
  post<T>(path: string, body: object | AsyncIterable<Uint8Array>, shape: z.ZodType<T>): Promise<T>;
}

/** An answer that is read while it comes. */
export interface StreamedAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: AsyncIterable<Uint8Array>;
}

type Query = Readonly<Record<string, string | number | undefined>>;

const about = z.object({ product: z.literal('wharfinger'), version: z.string(), registry: z.string() });
const errorBody = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().default('') }),
});

/** How long a registry may take to say what it is. */
const recognitionTimeout = 10_000;

/**
 * The API of the registry, if it is a Wharfinger.
 * @param login who to speak as; else the login that docker's configuration holds
 * @returns undefined where it is another product
 * @throws WharfingerError REMOTE_FAILED where it gave no answer: then nobody knows what it is
 */
export async function recogniseServer(
  host: string,
  session: Session,
  login?: Credentials,
): Promise<ApiClient | undefined> {
  const address = new URL('/api/v1/about', registryOrigin(host, { insecure: session.plainHttp }));
  const { status, bytes } = await send(address, { signal: AbortSignal.timeout(recognitionTimeout) });
  if (status >= 500) throw failed(host, `it answered ${status} to ${address.pathname}`);
  if (status !== 200 || !about.safeParse(parseJson(bytes)).success) return undefined;
  return createClient(host, session, login ?? (await findLogin(host, session.environment)));
}

/**
 * The API of a server that must be a Wharfinger.
 * @throws WharfingerError USAGE where it is not
 */
export async function requireServer(host: string, session: Session): Promise<ApiClient> {
  const server = await recogniseServer(host, session);
  if (server !== undefined) return server;
  throw new WharfingerError('USAGE', {
    what: `${host} is not a Wharfinger registry`,
    remedy: 'this command needs one; name its host, for example localhost:5000',
  });
}

function createClient(host: string, session: Session, login: Credentials | undefined): ApiClient {
  const headers = {
    accept: 'application/json',
    ...authorizationOf(login, host),
  };
  const ask = async (address: URL, options: RequestOptions): Promise<Buffer> => {
    const { status, bytes } = await send(address, {
      ...options,
      headers: { ...headers, ...options.headers },
    });
    // 202: it was taken down, and is done later
    if (status !== 200 && status !== 202) throw refusalOf(status, parseJson(bytes), host);
    return bytes;
  };
  const call = async <T>(address: URL, options: RequestOptions, shape: z.ZodType<T>): Promise<T> => {
    const parsed = shape.safeParse(parseJson(await ask(address, options)));
    if (parsed.success) return parsed.data;
    throw failed(
      host,
      `its answer to ${address.pathname} is not understood: ${z.prettifyError(parsed.error)}`,
    );
  };
  const addressOf = (path: string, query: Query = {}): URL => {
    const address = new URL(path, registryOrigin(host, { insecure: session.plainHttp }));
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    return address;
  };
  return {
    host,
    get: (path, query, shape) => call(addressOf(path, query), {}, shape),
    getBytes: (path, query) => ask(addressOf(path, query), {}),
    async getStream(path, query) {
      const { statusCode, headers: told, body } = await begin(addressOf(path, query), { headers });
      if (statusCode !== 200)
        throw refusalOf(statusCode, parseJson(Buffer.from(await body.arrayBuffer())), host);
      return { headers: told, bytes: whileTheyCome(body, host) };
    },
    post(path, body, shape) {
      const streams = Symbol.asyncIterator in body;
      const options: RequestOptions = {
        method: 'POST',
        headers: { 'content-type': streams ? 'application/x-ndjson' : 'application/json' },
        body: streams ? Readable.from(body, { objectMode: false }) : JSON.stringify(body),
        // An import is answered once all of it was matched.
        headersTimeout: 0,
      };
      return call(addressOf(path), options, shape);
    },
  };
}

/** @throws WharfingerError CONFIG_INVALID */
function authorizationOf(login: Credentials | undefined, host: string): { authorization?: string } {
  if (login === undefined) return {};
  if ('identityToken' in login) {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `the login for ${host} is an identity token, which its API does not take`,
      remedy: `log in with user and password: wharf login ${host}`,
    });
  }
  return { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };
}

interface RequestOptions {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal;
  readonly headersTimeout?: number;
}

/** Sends a request. Redirects are not followed. */
async function send(address: URL, options: RequestOptions): Promise<{ status: number; bytes: Buffer }> {
  const { statusCode, body } = await begin(address, options);
  try {
    return { status: statusCode, bytes: Buffer.from(await body.arrayBuffer()) };
  } catch (error) {
    throw noAnswer(address.host, error);
  }
}

async function begin(address: URL, options: RequestOptions): Promise<Dispatcher.ResponseData> {
  // Loaded with the first request: it is large, and help and mistakes of usage need none.
  const { request } = await import('undici');
  try {
    return await request(address, options);
  } catch (error) {
    throw noAnswer(address.host, error);
  }
}

async function* whileTheyCome(body: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw noAnswer(host, error);
  }
}

function noAnswer(host: string, error: unknown): WharfingerError {
  const { message, code } = error as NodeJS.ErrnoException;
  return failed(host, message || (code ?? 'no answer'), error);
}

function failed(host: string, what: string, cause?: unknown): WharfingerError {
  return new WharfingerError('REMOTE_FAILED', {
    what: `${host}: ${what}`,
    remedy: 'check that it runs and can be reached; --plain-http speaks to a registry without TLS',
    cause,
  });
}

function refusalOf(status: number, value: unknown, host: string): Error {
  const parsed = errorBody.safeParse(value);
  if (!parsed.success) return failed(host, `it answered ${status}`);
  const { code, message, remedy } = parsed.data.error;
  return new ServerRefusal({
    code,
    message,
    remedy: code === 'UNAUTHORIZED' ? `log in with wharf login ${host}` : remedy,
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
