import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';
import { push, pushChecked, smallImage } from '../../testing/pushed-image.ts';

let server: TestServer;
const agent = { 'user-agent': 'a-client/1' };
const audit = async (query = '') =>
  (await server.call('GET', `/api/v1/audit?${query}`, { as: admin })).json();
const actionOf = async (action: string, repository: string) => {
  let found: Readonly<Record<string, unknown>> | undefined;
  await until(async () => {
    [found] = (await audit(`action=${action}&repository=${repository}`)).entries;
    return found !== undefined;
  });
  return found;
};

beforeAll(async () => {
  server = await startTestServer({
    users: [{ name: 'ci', password: 'password-of-ci', rights: [{ repositories: '**', actions: ['pull'] }] }],
  });
});
afterAll(() => server?.[Symbol.asyncDispose]());

describe('the audit log', () => {
  test('says who did what to what, from which address, with which client', async () => {
    const first = await pushChecked(server, 'team/app', 'v1');
    const second = await pushChecked(server, 'team/app', 'v1', { mark: 'second' });
    const here = { actor: 'admin', address: '127.0.0.1', repository: 'team/app', outcome: 'done' };
    expect(await actionOf('push', 'team/app')).toMatchObject({
      ...here,
      client: 'node',
      digest: second.digest,
      tag: 'v1',
      detail: { tags: [{ tag: 'v1', from: first.digest }] },
    });
    await server.call('GET', '/v2/team/app/manifests/v1', { as: 'ci:password-of-ci', headers: agent });
    expect(await actionOf('pull', 'team/app')).toMatchObject({
      ...here,
      actor: 'ci',
      client: 'a-client/1',
      digest: second.digest,
      tag: 'v1',
    });
    const rollback = { repository: 'team/app', tag: 'v1' };
    await server.call('POST', '/api/v1/tags/rollback', { as: admin, headers: agent, body: rollback });
    expect(await actionOf('tag-move', 'team/app')).toMatchObject({
      ...here,
      client: 'a-client/1',
      digest: first.digest,
      tag: 'v1',
      detail: { from: second.digest },
    });
    await push(server, smallImage(), 'team/held', 'v1');
    const other = { repository: 'team/held', reference: 'v1', reason: 'it leaks' };
    await server.call('POST', '/api/v1/holds', { as: admin, body: other });
    await server.call('GET', '/v2/team/held/manifests/v1', { as: 'ci:password-of-ci', headers: agent });
    const hold = { repository: 'team/app', reference: 'v1', reason: 'it leaks' };
    for (const path of ['/api/v1/holds', '/api/v1/holds/release']) {
      await server.call('POST', path, { as: admin, headers: agent, body: hold });
    }
    expect(await actionOf('pull', 'team/held')).toMatchObject({
      actor: 'ci',
      client: 'a-client/1',
      outcome: 'held',
      tag: 'v1',
      detail: { method: 'GET', reasons: [expect.stringContaining('held by admin')] },
    });
    for (const action of ['hold', 'release']) {
      expect(await actionOf(action, 'team/app')).toMatchObject({
        ...here,
        client: 'a-client/1',
        digest: first.digest,
        detail: { reason: 'it leaks' },
      });
    }
    await server.call('DELETE', '/v2/team/app/manifests/v1', { as: admin, headers: agent });
    expect(await actionOf('tag-delete', 'team/app')).toMatchObject({ ...here, client: 'a-client/1' });
    await server.call('DELETE', `/v2/team/app/manifests/${first.digest}`, { as: admin, headers: agent });
    expect(await actionOf('delete', 'team/app')).toMatchObject({
      ...here,
      client: 'a-client/1',
      digest: first.digest,
    });
    await server.call('POST', '/api/v1/advisories', { as: admin, headers: agent, body: '{"id":1}\n' });
    const [imported] = (await audit('action=advisories-import')).entries;
    expect(imported).toMatchObject({ actor: 'admin', address: '127.0.0.1', client: 'a-client/1' });
  });
});

describe('its pages', () => {
  test('hold each entry once, the newest first, while others come', async () => {
    for (const tag of ['a', 'b', 'c', 'd', 'e']) await push(server, smallImage({ mark: tag }), 'paged', tag);
    const query = 'repository=paged&action=push&limit=2';
    const tags: unknown[] = [];
    let next: string | undefined;
    do {
      const page = await audit(next === undefined ? query : `${query}&last=${next}`);
      tags.push(...page.entries.map(({ tag }) => tag));
      next = page.next;
      if (tags.length === 2) await push(server, smallImage({ mark: 'late' }), 'paged', 'late');
    } while (next !== undefined);
    expect(tags).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  test.each([
    ['actor=nobody-of-that-name', 0],
    ['actor=admin&repository=paged&action=push&since=2000-01-01T00:00:00Z', 6],
    ['repository=paged&since=2999-01-01T00:00:00%2B01:00', 0],
  ])('are filtered: %s', async (query, count) => {
    expect((await audit(query)).entries).toHaveLength(count);
  });
});
