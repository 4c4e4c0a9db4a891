import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from './host.ts';
import type { Registry } from './settings.ts';

/** One request on its way to its answer. */
export interface Exchange {
  readonly registry: Registry;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly query: URLSearchParams;
}

/** Names and values of headers in turn, as writeHead takes them without making an object first. */
export type RawHeaders = Array<string | number>;

/** Answers without a body. */
export function answerEmpty({ response }: Exchange, status: number, headers: RawHeaders): void {
  // A 204 has no length (RFC 9110, section 8.6).
  response.writeHead(status, status === 204 ? headers : ['Content-Length', 0, ...headers]);
  response.end();
}

/** Answers 200 with a JSON document: bytes, so that nothing is added to its media type. */
export function answerJson(
  { request, response }: Exchange,
  contentType: string,
  document: unknown,
  headers: RawHeaders = [],
): void {
  const bytes = Buffer.from(JSON.stringify(document));
  response.writeHead(200, ['Content-Type', contentType, 'Content-Length', bytes.length, ...headers]);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
