import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { consumedTypes, metadataType, reportTypes, types } from './adapter/media-types.ts';

/** What a scanner is asked to look at. */
export interface Asked {
  readonly registry: { readonly url: string; readonly authorization?: string };
  readonly artifact: {
    readonly repository: string;
    readonly digest: string;
    readonly tag?: string;
    readonly mime_type?: string;
  };
}

/** What was called so far of one adapter, and with what. */
export interface Calls {
  metadata: number;
  report: number;
  readonly scans: Asked[];
  /** what was asked for below its name, each once */
  readonly paths: Set<string>;
  /** values of the header, each once */
  readonly authorizations: Set<string>;
}

/** Answers a call; `asked` is the scan that it is about, the last one where that is not said. */
export type Answering = (response: ServerResponse, asked: Asked | undefined, calls: Calls) => void;

/** An adapter whose behaviour is made by a test. What is absent is answered as an honest adapter does that finds nothing. */
export interface Behaviour {
  readonly metadata?: Answering;
  readonly scan?: Answering;
  readonly report?: Answering;
}

/** Adapters of one server, each below its own name: `${url}/NAME/api/v1/metadata`. */
export interface MadeAdapters extends AsyncDisposable {
  readonly url: string;
  /** undefined: it has no adapter of that name */
  calls(name: string): Calls | undefined;
  /** paths of requests that are to none of them */
  readonly strayed: readonly string[];
}

/** Starts adapters in this process, over TLS where a key is given. */
export async function startAdapters(
  behaviours: Readonly<Record<string, Behaviour>>,
  tls?: { readonly key: string; readonly cert: string },
): Promise<MadeAdapters> {
  const calls = new Map(
    Object.keys(behaviours).map((name): [string, Calls] => [
      name,
      { metadata: 0, report: 0, scans: [], paths: new Set(), authorizations: new Set() },
    ]),
  );
  const strayed: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const [, name = '', path = ''] = /^\/([^/]+)\/api\/v1\/(.*)$/.exec(request.url ?? '') ?? [];
    const [behaviour, noted] = [behaviours[name], calls.get(name)];
    if (behaviour === undefined || noted === undefined) {
      strayed.push(request.url ?? '');
      response.writeHead(404).end();
      return;
    }
    noted.paths.add(path);
    noted.authorizations.add(request.headers.authorization ?? '');
    if (path === 'metadata') {
      noted.metadata += 1;
      (behaviour.metadata ?? honest.metadata)(response, noted.scans.at(-1), noted);
    } else if (path === 'scan' && request.method === 'POST') {
      void buffer(request).then((body) => {
        noted.scans.push(JSON.parse(body.toString()) as Asked);
        (behaviour.scan ?? honest.scan)(response, noted.scans.at(-1), noted);
      });
    } else {
      noted.report += 1;
      const at = Number(/^scan\/made-(\d+)\//.exec(path)?.[1] ?? noted.scans.length);
      (behaviour.report ?? honest.report)(response, noted.scans[at - 1], noted);
    }
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    calls: (name) => calls.get(name),
    strayed,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Answers with JSON, or a text that is to stand for it. */
export function answerWith(
  response: ServerResponse,
  status: number,
  type: string,
  body: object | string,
): void {
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const scanner = { name: 'Made', vendor: 'a test', version: '1' };

/** What an honest adapter says of itself. */
export const honestMetadata = {
  scanner,
  capabilities: [
    { type: 'vulnerability', consumes_mime_types: consumedTypes, produces_mime_types: reportTypes },
  ],
  properties: { 'harbor.scanner-adapter/vulnerability-database-updated-at': '2026-01-01T00:00:00.000Z' },
};

/** The report of an honest adapter on what was asked. */
export function reportOn(asked: Asked | undefined, vulnerabilities: readonly object[] = []): object {
  return {
    generated_at: new Date().toISOString(),
    artifact: asked?.artifact ?? {},
    scanner,
    severity: 'Unknown',
    vulnerabilities,
  };
}

const honest: Required<Behaviour> = {
  metadata: (response) => answerWith(response, 200, metadataType, honestMetadata),
  scan: (response, _, { scans }) =>
    answerWith(response, 202, types.scanResponse, { id: `made-${scans.length}` }),
  report: (response, asked) => answerWith(response, 200, reportTypes[0], reportOn(asked)),
};
