import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';
import { push, smallImage } from '../../testing/pushed-image.ts';

let server: TestServer;
const [first, second, third] = ['1', '2', '3'].map((mark) => smallImage({ mark }));

beforeAll(async () => {
  server = await startTestServer({ namespaces: [{ name: 'fixed', immutableTags: ['v*'] }] });
  for (const image of [first!, second!, third!]) await push(server, image, 'team/app', 'latest');
  for (const tag of ['a', 'b', 'c']) await push(server, first!, 'team/listed', tag);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const rollback = (body: object) =>
  server.call('POST', '/api/v1/tags/rollback', {
    as: admin,
    body: { repository: 'team/app', tag: 'latest', ...body },
  });
const served = async (path: string) =>
  (await server.call('HEAD', `/v2/${path}`, { as: admin })).headers.get('docker-content-digest');
const history = async (query: string) =>
  (await server.call('GET', `/api/v1/tags/history?${query}`, { as: admin })).json();

describe('the history of a tag', () => {
  test('tells each move, the newest first', async () => {
    const { moves } = await history('repository=team/app&tag=latest');
    expect(moves).toMatchObject([
      { from: second!.digest, to: third!.digest, by: 'admin' },
      { from: first!.digest, to: second!.digest, by: 'admin' },
      { from: null, to: first!.digest, by: 'admin' },
    ]);
    expect((await history('repository=team/app&tag=latest&limit=1')).moves).toEqual(moves.slice(0, 1));
  });

  test('is that of tags that were', async () => {
    await push(server, first!, 'team/app', 'gone');
    await server.call('DELETE', '/v2/team/app/manifests/gone', { as: admin });
    expect((await history('repository=team/app&tag=gone')).moves).toMatchObject([
      { from: first!.digest, to: null },
      { from: null, to: first!.digest },
    ]);
    expect((await history('repository=team/app&tag=never')).error.code).toBe('MANIFEST_UNKNOWN');
  });
});

describe('a rollback', () => {
  test('leads back to where the tag pointed before, and pulls follow at once', async () => {
    const { json } = await rollback({});
    expect(json()).toEqual({ tag: 'latest', from: third!.digest, to: second!.digest });
    expect(await served('team/app/manifests/latest')).toBe(second!.digest);
    expect((await history('repository=team/app&tag=latest&limit=1')).moves).toMatchObject([
      { from: third!.digest, to: second!.digest },
    ]);
  });

  test('leads to what is named', async () => {
    expect((await rollback({ to: first!.digest })).json()).toMatchObject({ to: first!.digest });
    expect(await served('team/app/manifests/latest')).toBe(first!.digest);
  });

  test('brings back a tag that was deleted', async () => {
    await push(server, second!, 'team/app', 'deleted');
    await server.call('DELETE', '/v2/team/app/manifests/deleted', { as: admin });
    expect((await rollback({ tag: 'deleted' })).json()).toEqual({
      tag: 'deleted',
      from: null,
      to: second!.digest,
    });
    expect(await served('team/app/manifests/deleted')).toBe(second!.digest);
  });

  test('is refused onto what is not in the repository, or not any more', async () => {
    const elsewhere = smallImage({ mark: 'elsewhere' });
    await push(server, elsewhere, 'other/app', 'v1');
    for (const to of [elsewhere.digest, `sha256:${'0'.repeat(64)}`]) {
      const { status, json } = await rollback({ to });
      expect([status, json().error.code]).toEqual([404, 'MANIFEST_UNKNOWN']);
    }
    await server.call('DELETE', `/v2/team/app/manifests/${third!.digest}`, { as: admin });
    expect((await rollback({ to: third!.digest })).status).toBe(404);
    expect(await served('team/app/manifests/latest')).toBe(first!.digest);
  });

  test('is refused where the tag never pointed elsewhere', async () => {
    const { status, json } = await rollback({ repository: 'team/listed', tag: 'a' });
    expect([status, json().error.code]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  test('does not move an immutable tag', async () => {
    await push(server, first!, 'fixed/app', 'v1');
    await push(server, second!, 'fixed/app', 'moving');
    expect(await push(server, second!, 'fixed/app', 'v1')).toBe(409);
    const { status, json } = await rollback({ repository: 'fixed/app', tag: 'v1', to: second!.digest });
    expect([status, json().error.code]).toEqual([409, 'TAG_IMMUTABLE']);
    expect(await served('fixed/app/manifests/v1')).toBe(first!.digest);
    expect((await server.call('DELETE', '/v2/fixed/app/manifests/v1', { as: admin })).status).toBe(409);
  });

  test('makes no tag of nothing', async () => {
    const { status } = await rollback({ repository: 'no/such', tag: 'v1' });
    expect(status).toBe(404);
    const { repositories } = (await server.call('GET', '/api/v1/repositories', { as: admin })).json();
    expect(repositories.map(({ name }) => name)).not.toContain('no/such');
  });
});

describe('the list of tags', () => {
  test('comes in pages, each tag with where it points, since when, by whom', async () => {
    const path = '/api/v1/tags?repository=team/listed&limit=2';
    const page = (await server.call('GET', path, { as: admin })).json();
    expect(page).toEqual({
      repository: 'team/listed',
      tags: ['a', 'b'].map((tag) => ({
        tag,
        digest: first!.digest,
        movedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        movedBy: 'admin',
      })),
      next: 'b',
    });
    const rest = (await server.call('GET', `${path}&last=b`, { as: admin })).json();
    expect([rest.tags.map(({ tag }) => tag), rest.next]).toEqual([['c'], undefined]);
  });
});
