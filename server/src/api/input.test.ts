import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, type TestServer } from '../testing/running-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const at = 'repository=team/app';
const digest = `sha256:${'0'.repeat(64)}`;
const image = { repository: 'team/app', reference: 'v1' };

describe('wrong input is refused with 400 and names the field', () => {
  test.each([
    ['/api/v1/tags', 'repository'],
    ['/api/v1/tags?repository=Team', 'repository'],
    [`/api/v1/tags?repository=a&${at}`, 'repository'],
    [`/api/v1/tags?${at}&limit=none`, 'limit'],
    [`/api/v1/tags?${at}&limit=0`, 'limit'],
    [`/api/v1/tags?${at}&limit=1001`, 'limit'],
    [`/api/v1/tags?${at}&Limit=1`, 'Limit'],
    [`/api/v1/tags/history?${at}`, 'tag'],
    [`/api/v1/tags/history?${at}&tag=.v1`, 'tag'],
    [`/api/v1/images?${at}`, 'reference'],
    [`/api/v1/images?${at}&reference=${digest}0`, 'reference'],
    [`/api/v1/verdict?repository=..&reference=v1`, 'repository'],
    [`/api/v1/findings?${at}&reference=`, 'reference'],
    [`/api/v1/sbom?reference=v1`, 'repository'],
    ['/api/v1/repositories?limit=1.5', 'limit'],
    ['/api/v1/repositories?page=2', 'page'],
    ['/api/v1/audit?last=yesterday', 'last'],
    ['/api/v1/audit?since=yesterday', 'since'],
    ['/api/v1/audit?since=2026-11-22', 'since'],
    ['/auth/token?scope=nonsense', 'scope'],
    ['/auth/token?scope=repository:a:pull&scope=x', 'scope'],
  ])('GET %s', async (path, field) => {
    const { status, json } = await server.call('GET', path, { as: admin });
    expect([status, json().error.code]).toEqual([400, 'INPUT_INVALID']);
    expect(json().error.message).toContain(field);
  });

  test.each([
    ['/api/v1/tags/rollback', {}, 'repository'],
    ['/api/v1/tags/rollback', { repository: 'team/app', tag: 'v1', to: 'v0' }, 'to'],
    ['/api/v1/tags/rollback', { repository: 'team/app', tag: 7 }, 'tag'],
    ['/api/v1/tags/rollback', [], 'input'],
    ['/api/v1/holds', image, 'reason'],
    ['/api/v1/holds', { ...image, reason: '  a ' }, 'reason'],
    ['/api/v1/holds', { ...image, reason: 'x'.repeat(2001) }, 'reason'],
    ['/api/v1/holds', { ...image, reason: 'because', force: true }, 'force'],
    ['/api/v1/holds/release', { repository: 'team/app', reason: 'because' }, 'reference'],
  ])('POST %s %j', async (path, body, field) => {
    const { status, json } = await server.call('POST', path, { as: admin, body });
    expect([status, json().error.code]).toEqual([400, 'INPUT_INVALID']);
    expect(json().error.message).toContain(field);
  });

  test.each([
    ['no body', {}, 'JSON object'],
    ['a body that is no JSON', { headers: { 'content-type': 'application/json' }, body: '{' }, 'JSON'],
    ['another media type', { headers: { 'content-type': 'text/xml' }, body: '<a/>' }, 'media type'],
    [
      'a prototype to be changed',
      { headers: { 'content-type': 'application/json' }, body: '{"__proto__":{"x":1}}' },
      'JSON',
    ],
  ])('%s', async (_, asking, part) => {
    const { status, json } = await server.call('POST', '/api/v1/holds', { as: admin, ...asking });
    expect(status).toBe(400);
    expect(json().error.message.toLowerCase()).toContain(part.toLowerCase());
  });

  test('advisories without any, and such as are none', async () => {
    const { status, json } = await server.call('POST', '/api/v1/advisories', { as: admin });
    expect([status, json().error.code]).toEqual([400, 'INPUT_INVALID']);
    const report = await server.call('POST', '/api/v1/advisories', {
      as: admin,
      body: '{"id":7}\nnonsense\n',
    });
    expect(report.json()).toMatchObject({ read: 2, new: 0, refusedCount: 2 });
  });
});

describe('answers', () => {
  test.each(['/', '/api/v1/about', '/api/v1/none', '/api/v1/%ff', '/api/v1/audit'])(
    'have the headers that browsers need, also where they are errors: %s',
    async (path) => {
      const { headers } = await server.call('GET', path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );

  test('to what is too large', async () => {
    const body = JSON.stringify({ ...image, reason: 'x'.repeat(2 ** 20) });
    const headers = { 'content-type': 'application/json' };
    const { status, json } = await server.call('POST', '/api/v1/holds', { as: admin, headers, body });
    expect([status, json().error.code]).toEqual([413, 'INPUT_TOO_LARGE']);
  });

  test('to an address that cannot be decoded', async () => {
    const { status, json } = await server.call('GET', '/api/v1/%ff');
    expect([status, json().error.code]).toEqual([400, 'INPUT_INVALID']);
  });

  test.each([
    ['PUT', '/api/v1/about'],
    ['DELETE', '/api/v1/holds'],
    ['PATCH', '/'],
    ['GET', '/api/v1/../v1/about/'],
    ['GET', '/V2/'],
  ])('%s %s is nothing', async (method, path) => {
    const { status, json } = await server.call(method, path, { as: admin });
    expect([status, json().error.code]).toEqual([404, 'NOT_FOUND']);
  });
});

/** Sends bytes as they are and gives all that comes back. */
async function raw(text: string): Promise<string> {
  const [host, port] = server.address.split(':') as [string, string];
  const socket = connect(Number(port), host);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.end(text);
  await once(socket, 'close');
  return answer;
}

describe('the challenge of the registry', () => {
  const challenge = async (host: string) =>
    /^WWW-Authenticate: (.*)$/im.exec(await raw(`GET /v2/ HTTP/1.0\r\n${host}\r\n`))?.[1];

  test.each([
    ['Host: registry.example.com:5000\r\n', 'http://registry.example.com:5000/auth/token'],
    ['Host: [::1]:5000\r\n', 'http://[::1]:5000/auth/token'],
    ['', 'http://localhost/auth/token'],
    ['Host: \r\n', 'http://localhost/auth/token'],
    ['Host: a",service="b\r\n', 'http://aserviceb/auth/token'],
    ['Host: evil.example/path?\r\n', 'http://evil.examplepath/auth/token'],
  ])('with %j', async (host, realm) => {
    expect(await challenge(host)).toBe(`Bearer realm="${realm}",service="wharfinger"`);
  });

  test('leads where clients are told to go', async () => {
    await using behind = await startTestServer({ publicUrl: 'https://registry.example.com/' });
    const { headers } = await behind.call('GET', '/v2/team/app/manifests/v1');
    expect(headers.get('www-authenticate')).toBe(
      'Bearer realm="https://registry.example.com/auth/token",service="wharfinger",scope="repository:team/app:pull"',
    );
  });

  test.each(['HTTP/1.1\r\n', 'HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n'])(
    'is not made for what is no request: %j',
    async (head) => {
      expect(await raw(`POST /v2/team/app/blobs/uploads/ ${head}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    },
  );
});
