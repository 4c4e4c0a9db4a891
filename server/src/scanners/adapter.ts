import { WharfingerError } from '@wharfinger/lib/errors';
import type { Agent, Dispatcher } from 'undici';
import { z } from 'zod';
import type { Scanner } from '../config/load-scanners.ts';
import { readDocument } from './documents.ts';
import { isSameType, readMetadata, type ScannerMetadata } from './metadata.ts';

/** Other answers than reports are short. */
const longestAnswer = 128 * 1024;

/** Types of the documents that are exchanged, by the specification of version 1.2. */
const types = {
  metadata:
    'application/vnd.scanner.adapter.metadata+json; version=1.1, application/vnd.scanner.adapter.metadata+json; version=1.0',
  request: 'application/vnd.scanner.adapter.scan.request+json; version=1.1',
  /** of scanners whose capabilities have no type */
  olderRequest: 'application/vnd.scanner.adapter.scan.request+json; version=1.0',
  response: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
} as const;

/** What a scanner is to do; see ScanRequest of the specification. */
export interface ScanRequest {
  readonly registry: { readonly url: string; readonly authorization: string };
  readonly artifact: {
    readonly repository: string;
    readonly digest: string;
    readonly tag?: string;
    readonly mime_type: string;
  };
  readonly enabled_capabilities?: ReadonlyArray<{
    readonly type: string;
    readonly produces_mime_types: readonly string[];
  }>;
}

/** The report, or how long to wait before it is asked for again, in milliseconds. */
export type ReportAnswer = { readonly bytes: Uint8Array } | { readonly waitMs: number };

/** A scanner as its API has it. All of it is answered in bounded time and size; no redirect is followed. */
export interface Adapter extends AsyncDisposable {
  /** @throws WharfingerError SCANNER_FAILED */
  metadata(now: Date, signal: AbortSignal): Promise<ScannerMetadata>;
  /** @returns under which id the report is to be asked for. @throws WharfingerError SCANNER_FAILED */
  scan(request: ScanRequest, signal: AbortSignal): Promise<string>;
  /** @throws WharfingerError SCANNER_FAILED */
  report(id: string, type: string, signal: AbortSignal): Promise<ReportAnswer>;
}

/** An id becomes a part of paths: of any characters once they are encoded, but for the names of folders. */
const idText = z
  .string()
  .regex(/^(?!\.{1,2}$)[\x21-\x7e]{1,1024}$/, 'it must be printable ASCII, at most 1024');

const scanResponse = z.object({ id: idText });

/** How long a wait may be, whatever the scanner says, and how long where it says nothing. */
const waits = { least: 200, most: 30_000, usual: 1000 };

/** Opens nothing before it is asked. Dispose of it when it is not asked any more. */
export function adapterOf({ url, headers, ca, requestTime, reportLimit }: Scanner): Adapter {
  let opened: Promise<Agent> | undefined;
  const open = async (): Promise<Agent> => {
    const client = await loadClient();
    return new client.Agent({
      connect: { timeout: requestTime, ...(ca !== undefined && { ca }) },
      headersTimeout: requestTime,
      bodyTimeout: requestTime,
    });
  };

  async function ask(
    method: 'GET' | 'POST',
    path: string,
    accept: string,
    signal: AbortSignal,
    limit: number,
    body?: { readonly type: string; readonly value: ScanRequest },
  ): Promise<{
    readonly status: number;
    readonly headers: Dispatcher.ResponseData['headers'];
    bytes: Buffer;
  }> {
    const shown = `/api/v1${path.replace(/^(\/scan\/).*(\/report)$/, '$1…$2')}`;
    const within = AbortSignal.any([signal, AbortSignal.timeout(requestTime)]);
    try {
      const { request: send } = await loadClient();
      const answer = await send(`${url}/api/v1${path}`, {
        method,
        dispatcher: await (opened ??= open()),
        signal: within,
        headers: {
          ...headers,
          accept,
          'user-agent': 'wharfinger',
          ...(body && { 'content-type': body.type }),
        },
        body: body ? JSON.stringify(body.value) : null,
      });
      const bytes = await readUpTo(answer.body, answer.statusCode === 200 ? limit : longestAnswer);
      return { status: answer.statusCode, headers: answer.headers, bytes };
    } catch (error) {
      signal.throwIfAborted();
      throw failed(`${method} ${url}${shown}: ${reasonOf(error, requestTime)}`);
    }
  }

  return {
    async metadata(now, signal) {
      const { status, bytes } = await ask('GET', '/metadata', types.metadata, signal, longestAnswer);
      if (status !== 200) throw failed(`it answered ${status} to the question what it can do`);
      return readMetadata(bytes, now);
    },
    async scan(value, signal) {
      const type = value.enabled_capabilities ? types.request : types.olderRequest;
      const { status, bytes } = await ask('POST', '/scan', types.response, signal, longestAnswer, {
        type,
        value,
      });
      if (status !== 202) throw failed(`it answered ${status} to the request for a scan`);
      const refuse = (what: string): never => {
        throw failed(`its answer to the request for a scan cannot be read: ${what}`);
      };
      return readDocument(scanResponse, bytes, refuse).id;
    },
    async report(id, type, signal) {
      const path = `/scan/${encodeURIComponent(id)}/report`;
      const answer = await ask('GET', path, type, signal, reportLimit);
      if (answer.status === 302) return { waitMs: waitOf(answer.headers['refresh-after']) };
      if (answer.status !== 200) throw failed(`it answered ${answer.status} to the question for its report`);
      const given = answer.headers['content-type'];
      if (typeof given !== 'string' || !isSameType(given, type))
        throw failed('its report is of another type than it was asked for');
      return { bytes: answer.bytes };
    },
    [Symbol.asyncDispose]: async () => (await opened)?.destroy(),
  };
}

/** Loaded with the first question: it is large, and most registries have no scanners outside. */
const loadClient = () => import('undici');

/** Without what caused it: that may hold words of the scanner, which may repeat what it was told in confidence. */
function failed(what: string): WharfingerError {
  return new WharfingerError('SCANNER_FAILED', { what });
}

/** Why there was no answer, by what the runtime calls it: a message of its own may repeat words of the scanner. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'its name is not known'],
  ['EAI_AGAIN', 'its name could not be looked up'],
  ['ECONNRESET', 'it broke off'],
  ['UND_ERR_SOCKET', 'it broke off'],
  ['UND_ERR_HEADERS_OVERFLOW', 'its headers are too long'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
]);

function reasonOf(error: unknown, requestTime: number): string {
  if (error instanceof TooLong) return `its answer is longer than ${error.limit} bytes`;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  const text = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : '';
  if (name === 'TimeoutError' || text.includes('TIMEOUT') || text === 'ETIMEDOUT')
    return `there was no answer within ${requestTime / 1000} s`;
  return reasons.get(text) ?? `there was no answer that can be read${text === '' ? '' : ` (${text})`}`;
}

/** An answer is longer than it may be. */
class TooLong extends Error {
  readonly limit: number;

  constructor(limit: number) {
    super(`longer than ${limit} bytes`);
    this.limit = limit;
  }
}

/** Seconds, as a header says them. */
function waitOf(header: string | string[] | undefined): number {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header.trim())) return waits.usual;
  return Math.min(Math.max(Number(header) * 1000, waits.least), waits.most);
}

async function readUpTo(body: Dispatcher.ResponseData['body'], limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    // leaving the loop destroys the rest
    if (length > limit) throw new TooLong(limit);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
