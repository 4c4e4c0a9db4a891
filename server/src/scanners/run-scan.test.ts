import type { ServerResponse } from 'node:http';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Scanner } from '../config/load-scanners.ts';
import { reportTypes } from './metadata.ts';
import { runScan } from './run-scan.ts';
import {
  found,
  metadataOf,
  reportOf,
  scannerAt,
  send,
  startScanner,
  type Sent,
  type TestScanner,
} from './scanner.fixtures.ts';

let scanner: TestScanner;
beforeEach(async () => {
  scanner = await startScanner();
});
afterEach(() => scanner[Symbol.asyncDispose]());

const digest = digestOf('an image');
const secret = 'Basic c2VjcmV0LW9mLW91cnM=';
const scan = (more: Partial<Scanner> = {}, signal = new AbortController().signal) =>
  runScan(
    scannerAt(scanner.url, more),
    { repository: 'team/app', digest, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    secret,
    new Date(),
    signal,
  );
const refusal = (more?: Partial<Scanner>): Promise<string> =>
  scan(more).then(
    () => 'it reported',
    (error: Error) => error.message,
  );
/** Answers one path, and all else as a scanner that is well. */
const at = (path: string, answer: (response: ServerResponse, sent: Sent) => unknown) => {
  scanner.behave = (sent, response) =>
    sent.path.endsWith(path) ? (answer(response, sent) ?? true) : undefined;
};
const [ok] = reportTypes;

describe('a scanner that is well', () => {
  test('is asked what it can do, told where the image is, and waited for', async () => {
    scanner.found = () => [found()];
    const { metadata, report } = await scan();
    expect(metadata.scanner.name).toBe('Test');
    expect(report.about.counts.high).toBe(1);
    const kinds = scanner.sent.map(({ method, path }) => `${method} ${path}`);
    expect(kinds).toEqual([
      'GET /api/v1/metadata',
      'POST /api/v1/scan',
      'GET /api/v1/scan/scan-1/report',
      'GET /api/v1/scan/scan-1/report',
    ]);
    expect(scanner.sent[1]!.headers['content-type']).toBe(
      'application/vnd.scanner.adapter.scan.request+json; version=1.1',
    );
    expect(scanner.sent[3]!.headers.accept).toBe(reportTypes[0]);
  });

  test('is told who asks in each request', async () => {
    await scan({ headers: { 'x-scanneradapter-api-key': 'ours' } });
    expect(scanner.sent.map(({ headers }) => headers['x-scanneradapter-api-key'])).toEqual([
      'ours',
      'ours',
      'ours',
      'ours',
    ]);
  });

  test('that is older is asked as those before it were', async () => {
    scanner.metadata = metadataOf({
      capabilities: [
        {
          consumes_mime_types: ['application/vnd.oci.image.manifest.v1+json'],
          produces_mime_types: [reportTypes[1]],
        },
      ],
    });
    await scan();
    expect(scanner.sent[1]!.headers['content-type']).toBe(
      'application/vnd.scanner.adapter.scan.request+json; version=1.0',
    );
    expect(scanner.asked[0]).not.toHaveProperty('enabled_capabilities');
    expect(scanner.sent[3]!.headers.accept).toBe(reportTypes[1]);
  });

  test('may call its scans as it likes', async () => {
    const id = Buffer.from('team/app|sha256:0/1+?#%2e').toString('base64') + '/../..';
    scanner.behave = ({ path, method }, response) => {
      if (method === 'POST') return send(response, 202, 'application/json', { id });
      if (path === `/api/v1/scan/${encodeURIComponent(id)}/report`)
        return send(response, 200, ok, reportOf(digest, []));
      return undefined;
    };
    expect((await scan()).report.about.counts.critical).toBe(0);
  });
});

describe('a scanner that is not well', () => {
  const cases: ReadonlyArray<[string, () => void, RegExp, Partial<Scanner>?]> = [
    [
      'does not say what it can do',
      () => at('/metadata', (r) => send(r, 500, 'x/y', {})),
      /answered 500 to the question what it can do/,
    ],
    [
      'cannot scan images',
      () => {
        scanner.metadata = metadataOf({
          capabilities: [{ type: 'sbom', consumes_mime_types: [], produces_mime_types: [] }],
        });
      },
      /makes no report on vulnerabilities/,
    ],
    [
      'does not take the request',
      () => at('/scan', (r) => send(r, 422, 'x/y', { error: { message: secret } })),
      /answered 422 to the request/,
    ],
    [
      'takes it in an unusual way',
      () => at('/scan', (r) => send(r, 200, 'x/y', { id: '1' })),
      /answered 200 to the request/,
    ],
    ['gives no id', () => at('/scan', (r) => send(r, 202, 'x/y', {})), /request for a scan cannot be read/],
    [
      'gives an id that leads elsewhere',
      () => at('/scan', (r) => send(r, 202, 'x/y', { id: '..' })),
      /request for a scan cannot be read/,
    ],
    [
      'gives an id without end',
      () => at('/scan', (r) => send(r, 202, 'x/y', { id: 'x'.repeat(1025) })),
      /request for a scan cannot be read/,
    ],
    [
      'gives an id of several lines',
      () => at('/scan', (r) => send(r, 202, 'x/y', { id: 'a\r\nb' })),
      /request for a scan cannot be read/,
    ],
    [
      'does not know the id',
      () => at('/report', (r) => send(r, 404, 'x/y', {})),
      /answered 404 to the question for its report/,
    ],
    [
      'repeats what it was told',
      () => at('/report', (r, { headers }) => send(r, 500, 'x/y', { ...headers, secret })),
      /^the scanner failed: it answered 500/,
    ],
    [
      'writes something else than asked',
      () => at('/report', (r) => send(r, 200, 'application/json', reportOf(digest, []))),
      /of another type/,
    ],
    [
      'writes the older report instead',
      () => at('/report', (r) => send(r, 200, reportTypes[1], reportOf(digest, []))),
      /of another type/,
    ],
    [
      'writes about another image',
      () => at('/report', (r) => send(r, 200, ok, reportOf(digestOf('x'), []))),
      /about another image/,
    ],
    [
      'writes without end',
      () =>
        at('/report', (r) => {
          r.writeHead(200, { 'content-type': ok });
          const more = (): void => {
            while (r.write('x'.repeat(65536)) && !r.destroyed);
            r.once('drain', more);
          };
          more();
        }),
      /longer than 1048576 bytes/,
    ],
    [
      'writes without end what it is',
      () =>
        at('/metadata', (r) => {
          r.writeHead(200);
          const more = (): void => {
            while (r.write('x'.repeat(65536)) && !r.destroyed);
            r.once('drain', more);
          };
          more();
        }),
      /longer than 131072 bytes/,
    ],
    [
      'writes slowly',
      () =>
        at('/report', (r) => {
          r.writeHead(200, { 'content-type': ok });
          const timer = setInterval(() => r.write(' '), 20);
          r.on('close', () => clearInterval(timer));
        }),
      /no answer within 0.3 s/,
      { requestTime: 300 },
    ],
    ['says nothing', () => at('/report', () => true), /no answer within 0.3 s/, { requestTime: 300 }],
    [
      'breaks off',
      () =>
        at('/report', (r) => {
          r.socket!.destroy();
          return true;
        }),
      /GET http:.*\/api\/v1\/scan\/…\/report: it broke off/,
    ],
    [
      'leads elsewhere',
      () =>
        at('/report', (r) => {
          r.writeHead(307, { location: `${scanner.url}/secret` });
          r.end();
        }),
      /answered 307/,
    ],
    [
      'has one wait for ever',
      () =>
        at('/report', (r) => {
          r.writeHead(302, { 'refresh-after': '0', location: `${scanner.url}/elsewhere` });
          r.end();
        }),
      /no report within 1 s/,
      { time: 1000 },
    ],
    [
      'has one wait for a year',
      () =>
        at('/report', (r) => {
          r.writeHead(302, { 'refresh-after': '31536000' });
          r.end();
        }),
      /no report within 1 s/,
      { time: 1000 },
    ],
  ];
  test.each(cases)('%s', async (_name, prepare, expected, more) => {
    prepare();
    const said = await refusal(more);
    expect(said).toMatch(expected);
    expect(said).not.toContain('c2VjcmV0');
    expect(scanner.sent.filter(({ path }) => !path.startsWith('/api/v1/'))).toEqual([]);
  });

  test('is asked for its report a few times in a second at most', async () => {
    at('/report', (r) => {
      r.writeHead(302, { 'refresh-after': '0' });
      r.end();
    });
    await refusal({ time: 1500 });
    expect(scanner.sent.filter(({ path }) => path.endsWith('/report')).length).toBeLessThan(10);
  });

  test('is not there', async () => {
    expect(await refusal({ url: 'http://127.0.0.1:1' })).toMatch(/nothing listens there$/);
  });
});

test('a scan ends at once where the process does', async () => {
  scanner.found = () => new Promise(() => {});
  const stop = new AbortController();
  const scanning = scan({}, stop.signal);
  setTimeout(() => stop.abort(new Error('the process stops')), 100);
  await expect(scanning).rejects.toThrow('the process stops');
});
