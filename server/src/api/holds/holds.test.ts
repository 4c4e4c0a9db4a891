import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';
import { push, pushChecked, type SmallImage } from '../../testing/pushed-image.ts';

let server: TestServer;
let image: SmallImage;
const user = (name: string) => `${name}:password-of-${name}`;
const settings = {
  registry: { readBack: '0s' },
  users: ['pull', 'inspect', 'sign', 'release'].map((name) => ({
    name,
    password: `password-of-${name}`,
    rights: [{ repositories: '**', actions: [...new Set(['pull', name])] }],
  })),
};

beforeAll(async () => {
  server = await startTestServer(settings);
  image = await pushChecked(server, 'team/app', 'v1');
});
afterAll(() => server?.[Symbol.asyncDispose]());

const act = (path: string, as: string, body: object = {}) =>
  server.call('POST', path, {
    as: user(as),
    body: { repository: 'team/app', reference: 'v1', reason: 'customer reports a leak', ...body },
  });
const hold = () => act('/api/v1/holds', 'release');
const release = (body?: object) => act('/api/v1/holds/release', 'release', body);
const get = (path: string, as = 'pull', method = 'GET') => server.call(method, path, { as: user(as) });
const manifest = '/v2/team/app/manifests/v1';

describe('an image that is held by hand', () => {
  test('is refused at once, by tag and by digest, manifest and blob, with who and why', async () => {
    expect((await get(manifest)).status).toBe(200);
    expect((await get(`/v2/team/app/blobs/${image.layer}`)).status).toBe(200);
    const { status, json } = await hold();
    expect(status).toBe(200);
    expect(json()).toEqual({ repository: 'team/app', digest: image.digest, held: true });
    for (const path of [
      manifest,
      `/v2/team/app/manifests/${image.digest}`,
      `/v2/team/app/blobs/${image.layer}`,
    ]) {
      const refused = await get(path);
      expect(refused.status).toBe(403);
      expect(refused.json().errors[0]).toMatchObject({
        code: 'DENIED',
        message: expect.stringMatching(/held by release since .*: customer reports a leak/),
      });
      expect((await get(path, 'pull', 'HEAD')).status).toBe(403);
    }
  });

  test('is read by those whose task that is, and by nobody else', async () => {
    const statuses: Record<string, number> = {};
    for (const name of ['pull', 'release', 'inspect', 'sign'])
      statuses[name] = (await get(manifest, name)).status;
    expect(statuses).toEqual({ pull: 403, release: 403, inspect: 200, sign: 200 });
    // the administrator pushed it, but the time to read back is over
    expect((await server.call('GET', manifest, { as: admin })).status).toBe(403);
  });

  test('says so to those who may pull it', async () => {
    const { status, json } = await get('/api/v1/verdict?repository=team/app&reference=v1');
    expect([status, json().verdict.outcome]).toEqual([200, 'hold']);
  });

  test('stays held when it is pushed again, elsewhere not, and after a restart', async () => {
    await push(server, image, 'team/app', 'v2');
    await push(server, image, 'other/app', 'v1');
    expect((await get('/v2/team/app/manifests/v2')).status).toBe(403);
    expect((await get('/v2/other/app/manifests/v1')).status).toBe(200);
    await server.restart();
    expect((await get(manifest)).status).toBe(403);
  });

  test('stays held when it was deleted and is pushed again', async () => {
    const gone = await server.call('DELETE', `/v2/team/app/manifests/${image.digest}`, { as: admin });
    expect(gone.status).toBe(202);
    expect((await get(manifest)).status).toBe(404);
    await push(server, image, 'team/app', 'v1');
    expect((await get(manifest)).status).toBe(403);
  });

  test('is served at once when it is released, and both acts are recorded', async () => {
    const { status, json } = await release({ reason: 'the leak is elsewhere' });
    expect([status, json()]).toEqual([200, { repository: 'team/app', digest: image.digest, held: false }]);
    expect((await get(manifest)).status).toBe(200);
    expect((await get(`/v2/team/app/blobs/${image.layer}`)).status).toBe(200);
    const { entries } = (
      await server.call('GET', '/api/v1/audit?repository=team/app&actor=release', { as: admin })
    ).json();
    const acts = entries.filter(({ action }) => action === 'hold' || action === 'release');
    expect(acts.map(({ action, digest, detail }) => ({ action, digest, detail }))).toEqual([
      { action: 'release', digest: image.digest, detail: { reason: 'the leak is elsewhere' } },
      { action: 'hold', digest: image.digest, detail: { reason: 'customer reports a leak' } },
    ]);
  });

  test('is none that nobody holds', async () => {
    const { status, json } = await release();
    expect([status, json().error.code]).toEqual([404, 'NOT_FOUND']);
    expect(json().error.remedy).toContain('wharf verdict');
  });

  test('many holds and releases at once leave the image as the last one said', async () => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([hold(), get(manifest), get(manifest), get(manifest)]);
      expect((await get(manifest)).status).toBe(403);
      await Promise.all([release(), get(manifest), get(manifest), get(manifest)]);
      expect((await get(manifest)).status).toBe(200);
    }
  });
});
