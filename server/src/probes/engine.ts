import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import { http } from '../http/node-http.ts';

/** The oldest version of the API that has all that is used here; Podman speaks it too. */
const version = '/v1.41';

/** Larger answers are not read. */
const longestAnswer = 4 * 1024 * 1024;

/** For what an engine does at once, in milliseconds; loading an image or a volume may take longer. */
const usualTime = 60_000;

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** with its query, below the version of the API */
  readonly path: string;
  /** an object is sent as JSON, anything else as a tar */
  readonly body?: object | AsyncIterable<Uint8Array>;
  /** milliseconds until the answer is there, what is sent included */
  readonly time?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineAnswer {
  readonly status: number;
  /** parsed where it is JSON, else text */
  readonly value: unknown;
}

/** A container engine that speaks the API of Docker (Docker Engine API 1.41) on a Unix socket. */
export interface Engine {
  /** where it is, for people */
  readonly address: string;
  /** @throws WharfingerError ENGINE_FAILED where there is no answer, or one above 399 that is not among `expected` */
  ask(request: EngineRequest, expected?: readonly number[]): Promise<EngineAnswer>;
  /** An answer that goes on; destroy it. */
  stream(request: EngineRequest): Promise<IncomingMessage>;
}

/**
 * The engine at an address. Nothing is opened before it is asked.
 * @param address `unix:///path/of/the.sock`
 */
export function engineAt(address: string): Engine {
  const socketPath = address.replace(/^unix:\/\//, '');

  async function open(
    { method, path, body, time = usualTime, signal }: EngineRequest,
    forWhole: AbortSignal,
  ): Promise<IncomingMessage> {
    const isTar = body !== undefined && Symbol.asyncIterator in body;
    const json = body === undefined || isTar ? '' : JSON.stringify(body);
    const limits = [forWhole, AbortSignal.timeout(time), ...(signal ? [signal] : [])];
    const outgoing = http.request({
      socketPath,
      agent: false, // a connection of its own for each request
      method,
      path: `${version}${path}`,
      signal: AbortSignal.any(limits),
      headers: isTar
        ? { host: 'engine', 'content-type': 'application/x-tar' }
        : { host: 'engine', 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    // an engine may answer before it has read everything; then the answer says why
    const sent = isTar ? pipeline(Readable.from(body), outgoing) : void outgoing.end(json);
    const failure = Promise.resolve(sent).then(() => answered);
    answered.catch(() => {});
    failure.catch(() => {});
    const [incoming] = await Promise.race([answered, failure]);
    incoming.on('error', () => {});
    return incoming;
  }

  const failed = (cause: unknown, { method, path }: EngineRequest): WharfingerError => {
    if (cause instanceof WharfingerError) return cause;
    const why =
      cause instanceof Error ? (cause.name === 'TimeoutError' ? 'it took too long' : cause.message) : '';
    return new WharfingerError('ENGINE_FAILED', {
      what: `${address}: ${method} ${path.split('?')[0]!}: ${why}`.slice(0, 500),
      cause,
    });
  };

  return {
    address,
    async ask(request, expected = []) {
      const whole = new AbortController();
      try {
        const incoming = await open(request, whole.signal);
        const bytes = await readAll(incoming);
        const status = incoming.statusCode ?? 0;
        const value = parse(bytes);
        if (status < 400 || expected.includes(status)) return { status, value };
        throw new Error(`${status} ${messageOf(value)}`);
      } catch (error) {
        throw failed(error, request);
      } finally {
        whole.abort();
      }
    },
    async stream(request) {
      try {
        const incoming = await open(request, new AbortController().signal);
        const status = incoming.statusCode ?? 0;
        if (status < 300) return incoming;
        throw new Error(`${status} ${messageOf(parse(await readAll(incoming)))}`);
      } catch (error) {
        throw failed(error, request);
      }
    },
  };
}

async function readAll(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += part.length;
    if (length > longestAnswer) throw new Error(`the answer is longer than ${longestAnswer} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(value: unknown): string {
  const message =
    typeof value === 'object' && value !== null && 'message' in value ? value.message : JSON.stringify(value);
  return String(message).slice(0, 300);
}
