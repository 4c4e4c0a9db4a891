import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';
import { push, smallImage } from '../../testing/pushed-image.ts';

let server: TestServer;
const ci = 'ci:password-of-ci';

beforeAll(async () => {
  server = await startTestServer({
    namespaces: [{ name: 'open', class: 'public' }],
    users: [
      {
        name: 'ci',
        password: 'password-of-ci',
        rights: [{ repositories: 'team/**', actions: ['pull', 'push'] }],
      },
    ],
  });
  await push(server, smallImage(), 'team/app', 'v1');
  await push(server, smallImage(), 'open/app', 'v1');
});
afterAll(() => server?.[Symbol.asyncDispose]());

const statusWith = async (token: string, method: string, path: string) =>
  (await server.call(method, path, { token })).status;

describe('GET /auth/token', () => {
  test('answers as the specification says', async () => {
    const path = '/auth/token?service=wharfinger&account=ci&scope=repository:team/app:pull&client_id=docker';
    const { status, headers, json } = await server.call('GET', path, { as: ci });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json()).toEqual({
      token: expect.stringMatching(/^[\w-]{43}$/),
      access_token: json().token,
      expires_in: 900,
      issued_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('grants what was asked for and may be, no more', async () => {
    const token = await server.token(ci, 'repository:team/app:pull,push,delete', 'repository:other/app:pull');
    expect(await statusWith(token, 'GET', '/v2/team/app/manifests/v1')).toBe(200);
    expect(await statusWith(token, 'POST', '/v2/team/app/blobs/uploads/')).toBe(202);
    expect(await statusWith(token, 'DELETE', '/v2/team/app/manifests/v1')).toBe(401);
    expect(await statusWith(token, 'GET', '/v2/other/app/manifests/v1')).toBe(401);
    const reading = await server.token(ci, 'repository:team/app:pull');
    expect(await statusWith(reading, 'POST', '/v2/team/app/blobs/uploads/')).toBe(401);
  });

  test('takes several scopes in one, and * for all', async () => {
    const token = await server.token(ci, 'repository:team/app:* repository:team/two:pull');
    expect(await statusWith(token, 'POST', '/v2/team/app/blobs/uploads/')).toBe(202);
    expect(await statusWith(token, 'POST', '/v2/team/two/blobs/uploads/')).toBe(401);
  });

  test.each(['repository:TEAM:pull', 'repository:a..b:pull', 'artifact:team/app:pull', 'registry:other:*'])(
    'grants nothing for %s',
    async (scope) => {
      const token = await server.token(admin, scope);
      expect(await statusWith(token, 'GET', '/v2/team/app/manifests/v1')).toBe(401);
      expect(await statusWith(token, 'GET', '/v2/_catalog')).toBe(401);
    },
  );

  test('gives anonymous callers one for what is public', async () => {
    const token = await server.token(undefined, 'repository:open/app:pull,push', 'repository:team/app:pull');
    expect(await statusWith(token, 'GET', '/v2/open/app/manifests/v1')).toBe(200);
    expect(await statusWith(token, 'POST', '/v2/open/app/blobs/uploads/')).toBe(401);
    expect(await statusWith(token, 'GET', '/v2/team/app/manifests/v1')).toBe(401);
  });

  test.each([
    ['a wrong password', { as: 'ci:wrong-password' }],
    ['an unknown name', { as: 'eve:password-of-ci' }],
    ['a token that is none', { token: 'nonsense' }],
  ])('refuses %s', async (_, asking) => {
    const { status, headers, json } = await server.call('GET', '/auth/token', asking);
    expect([status, json().error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect(headers.get('www-authenticate')).toBe('Basic realm="wharfinger"');
  });

  test('gives no token for a token: one that was stolen would live for ever', async () => {
    const token = await server.token(ci, 'repository:team/app:pull');
    const again = await server.call('GET', '/auth/token?scope=repository:team/app:pull', { token });
    expect([again.status, again.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
  });

  test('takes 64 scopes, not more', async () => {
    const scopes = (count: number) =>
      Array.from({ length: count }, (_, n) => `scope=repository:team/a${n}:pull`).join('&');
    expect((await server.call('GET', `/auth/token?${scopes(64)}`, { as: ci })).status).toBe(200);
    expect((await server.call('GET', `/auth/token?${scopes(65)}`, { as: ci })).status).toBe(400);
  });

  // containerd and regctl ask by POST first; on 404 they turn to GET.
  test('POST answers 404', async () => {
    const body = 'grant_type=password&username=ci&password=password-of-ci&service=wharfinger';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, text } = await server.call('POST', '/auth/token', { headers, body });
    expect(status).toBe(404);
    expect(text).not.toContain('password-of-ci');
  });
});
