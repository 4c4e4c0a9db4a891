import { timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Refused, parseScanRequest } from './request.ts';
import { metadataType, metadataTypes, reportTypes, types } from './media-types.ts';
import type { Scans } from './scans.ts';
import type { Trivy } from './trivy.ts';

/** What the adapter is made of, and who may call it: anyone, where neither is given. */
export interface AdapterParts {
  readonly trivy: Trivy;
  readonly scans: Scans;
  /** a bearer token */
  readonly token?: string | undefined;
  /** `name:password` */
  readonly login?: string | undefined;
  /** a secret in a header of its own, as some registries send it */
  readonly apiKey?: string | undefined;
}

const largestRequest = 64 * 1024;

/** The three operations of the API, over HTTP. */
export function createAdapter(parts: AdapterParts): Server {
  return createServer((request, response) => {
    answer(parts, request, response).catch((error: unknown) => {
      const refused = error instanceof Refused ? error : new Refused(500, 'the adapter failed');
      if (!(error instanceof Refused)) process.stderr.write(`${String(error)}\n`);
      response.shouldKeepAlive = request.complete;
      if (refused.status === 401) response.setHeader('www-authenticate', 'Bearer, Basic realm="scanner"');
      send(response, refused.status, types.error, { error: { message: refused.message } });
    });
  });
}

async function answer(
  parts: AdapterParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isKnown(request.headers, parts)) throw new Refused(401, 'credentials are needed');
  const { pathname } = new URL(request.url ?? '/', 'http://adapter');
  const report = /^\/api\/v1\/scan\/([^/]+)\/report$/.exec(pathname)?.[1];
  if (request.method === 'GET' && pathname === '/api/v1/metadata') {
    const as = metadataTypes.find((type) => request.headers.accept?.includes(type)) ?? metadataType;
    send(response, 200, as, await parts.trivy.metadata());
  } else if (request.method === 'POST' && pathname === '/api/v1/scan') {
    const asked = parseScanRequest(request.headers['content-type'], await bodyOf(request));
    send(response, 202, types.scanResponse, { id: parts.scans.begin(asked) });
  } else if (request.method === 'GET' && report !== undefined) {
    sendReport(parts.scans, report, request, response);
  } else {
    throw new Refused(404, 'there is no such operation');
  }
}

function sendReport(scans: Scans, id: string, request: IncomingMessage, response: ServerResponse): void {
  const accept = request.headers.accept ?? reportTypes[1];
  const as = reportTypes.find((type) => accept.includes(type) || accept.includes('*/*'));
  if (as === undefined) throw new Refused(501, 'reports of that type are not made here');
  const scan = scans.find(id);
  if (scan === undefined) throw new Refused(404, 'no such scan is known');
  if (scan.state === 'failed') throw new Refused(500, scan.message);
  if (scan.state === 'done') {
    send(response, 200, as, scan.report);
    return;
  }
  response.writeHead(302, { 'refresh-after': '1', location: request.url ?? '' }).end();
}

function isKnown(given: IncomingHttpHeaders, { token, login, apiKey }: AdapterParts): boolean {
  if (token === undefined && login === undefined && apiKey === undefined) return true;
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(given.authorization ?? '') ?? [];
  const key = given['x-scanneradapter-api-key'];
  return (
    (scheme.toLowerCase() === 'bearer' && isEqual(value, token)) ||
    (scheme.toLowerCase() === 'basic' && isEqual(Buffer.from(value, 'base64').toString(), login)) ||
    (typeof key === 'string' && isEqual(key, apiKey))
  );
}

function isEqual(given: string, expected: string | undefined): boolean {
  if (expected === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > largestRequest) throw new Refused(400, `a request has at most ${largestRequest} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function send(response: ServerResponse, status: number, type: string, body: object): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}
