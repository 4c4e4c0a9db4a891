import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Scanner } from '../config/load-scanners.ts';
import type { ScanRequest } from './adapter.ts';
import { reportTypes } from './metadata.ts';

/** A request that a scanner of a test was sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers a request; undefined: as a scanner that is well. */
export type Behave = (sent: Sent, response: ServerResponse) => unknown;

/** A scanner with the API on a port of its own. What it does a test may change at any time. */
export interface TestScanner extends AsyncDisposable {
  readonly url: string;
  readonly sent: Sent[];
  /** the requests for scans, in order */
  readonly asked: ScanRequest[];
  metadata: object;
  /** what it says that it found, called for each request for a scan; a promise holds the report back */
  found: (request: ScanRequest) => readonly object[] | Promise<readonly object[]>;
  behave: Behave;
}

/** A finding as a scanner reports it. */
export function found(more: object = {}): object {
  return {
    id: 'CVE-2026-0001',
    package: 'left-pad',
    version: '1.3.0',
    fix_version: '1.3.1',
    severity: 'High',
    links: ['https://example.org/CVE-2026-0001'],
    preferred_cvss: { score_v3: 7.5, vector_v3: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' },
    cwe_ids: ['CWE-400'],
    ...more,
  };
}

/** What a scanner of a test says of itself. */
export function metadataOf(more: object = {}): object {
  return {
    scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
    capabilities: [
      {
        type: 'vulnerability',
        consumes_mime_types: [
          'application/vnd.oci.image.manifest.v1+json',
          'application/vnd.docker.distribution.manifest.v2+json',
        ],
        produces_mime_types: reportTypes,
      },
    ],
    properties: { 'harbor.scanner-adapter/vulnerability-database-updated-at': '2026-01-01T00:00:00Z' },
    ...more,
  };
}

/** A report as a scanner writes it. */
export function reportOf(digest: string, vulnerabilities: readonly object[], more: object = {}): object {
  return {
    generated_at: '2026-01-02T00:00:00Z',
    artifact: { repository: 'team/app', digest },
    scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
    severity: 'High',
    vulnerabilities,
    ...more,
  };
}

/** A scanner as it is configured, with all that a configuration need not say. */
export function scannerAt(url: string, more: Partial<Scanner> = {}): Scanner {
  return {
    name: 'test',
    url,
    repositories: ['**'],
    headers: {},
    registry: 'https://registry.example.org',
    pull: 'basic',
    concurrency: 2,
    requestTime: 30_000,
    time: 60_000,
    reportLimit: 1024 * 1024,
    maxAge: 86_400_000,
    newDataAfter: 3_600_000,
    ...more,
  };
}

export async function startScanner(): Promise<TestScanner> {
  const reports = new Map<string, () => Promise<object>>();
  const ready = new Map<string, object>();
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const scanner: TestScanner = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: [],
    asked: [],
    metadata: metadataOf(),
    found: () => [],
    behave: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: await text(request),
    };
    scanner.sent.push(sent);
    const answered = await scanner.behave(sent, response);
    if (answered !== undefined) return;
    if (sent.path === '/api/v1/metadata')
      return void send(
        response,
        200,
        'application/vnd.scanner.adapter.metadata+json; version=1.1',
        scanner.metadata,
      );
    if (sent.path === '/api/v1/scan' && sent.method === 'POST') {
      const asked = JSON.parse(sent.body) as ScanRequest;
      scanner.asked.push(asked);
      const id = `scan-${scanner.asked.length}`;
      const vulnerabilities = scanner.found(asked);
      reports.set(id, async () => reportOf(asked.artifact.digest, await vulnerabilities));
      return void send(response, 202, 'application/vnd.scanner.adapter.scan.response+json; version=1.0', {
        id,
      });
    }
    const id = /^\/api\/v1\/scan\/([^/]+)\/report$/.exec(sent.path)?.[1];
    const make = id === undefined ? undefined : reports.get(id);
    if (make === undefined) return void send(response, 404, 'application/json', {});
    const report = ready.get(id!);
    if (report !== undefined) return void send(response, 200, String(sent.headers.accept), report);
    reports.set(id!, () => new Promise(() => {}));
    void make().then((made) => ready.set(id!, made));
    response.writeHead(302, { location: `${scanner.url}/elsewhere`, 'refresh-after': '0' });
    response.end();
  }
  return scanner;
}

/** Answers with JSON. */
export function send(response: ServerResponse, status: number, type: string, value: unknown): true {
  response.writeHead(status, { 'content-type': type });
  response.end(JSON.stringify(value));
  return true;
}
