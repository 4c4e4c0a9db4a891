import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { admin, startTestServer, until, type TestServer } from '../testing/running-server.ts';
import { pushChecked, smallImage, push, checked } from '../testing/pushed-image.ts';

const minute = 60_000;
/** how far the server's clock is ahead */
let offset = 0;
/** where it stands still, so that a moment can be hit; undefined: it goes */
let stopped: number | undefined;
const clock = (): Date => new Date(stopped ?? Date.now() + offset);
const inMinutes = (minutes: number): string => new Date(clock().getTime() + minutes * minute).toISOString();

let server: TestServer;
const reader = 'reader:password-of-reader';
const publisher = 'publisher:password-of-publisher';

beforeAll(async () => {
  server = await startTestServer(
    {
      namespaces: [
        { name: 'strict', gate: 'hold' },
        { name: 'signed', official: true },
      ],
      users: [
        {
          name: 'reader',
          password: 'password-of-reader',
          rights: [{ repositories: '**', actions: ['pull'] }],
        },
        {
          name: 'publisher',
          password: 'password-of-publisher',
          rights: [{ repositories: '**', actions: ['pull', 'push'] }],
        },
      ],
    },
    { now: clock },
  );
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  stopped = undefined;
});

const statusOf = async (path: string, as = reader) => (await server.call('GET', path, { as })).status;

function advisory(name: string, published: string): string {
  return JSON.stringify({
    id: `TEST-${name}`,
    modified: published,
    published,
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
      },
    ],
  });
}
const importAdvisory = (name: string, published: string) =>
  server.call('POST', '/api/v1/advisories', { as: admin, body: `${advisory(name, published)}\n` });

describe('what time alone changes', () => {
  test('a verdict ends at the moment it says, in memory and in the database', async () => {
    await importAdvisory('other', '2026-01-01T00:00:00Z');
    await pushChecked(server, 'strict/app', 'v1', { packages: { aging: '1.0.0' } });
    expect(await statusOf('/v2/strict/app/manifests/v1')).toBe(200);
    const due = inMinutes(30);
    expect((await importAdvisory('aging', due)).json()).toMatchObject({ new: 1, imagesTouched: 1 });
    stopped = clock().getTime();
    expect(await statusOf('/v2/strict/app/manifests/v1')).toBe(200);
    stopped = Date.parse(due) - 1;
    expect(await statusOf('/v2/strict/app/manifests/v1')).toBe(200);
    stopped = Date.parse(due);
    const refused = await server.call('GET', '/v2/strict/app/manifests/v1', { as: reader });
    expect(refused.status).toBe(403);
    expect(refused.json().errors[0]!.message).toContain('aging 1.0.0 has TEST-aging');
    offset += 31 * minute;
    await server.restart();
    expect(await statusOf('/v2/strict/app/manifests/v1')).toBe(403);
  });

  test('whoever pushed what is held reads it back for an hour, to the moment', async () => {
    const image = smallImage({ mark: 'unsigned' });
    await push(server, image, 'signed/app', 'v1', publisher);
    await checked(server, 'signed/app', image.digest);
    const path = '/v2/signed/app/manifests/v1';
    expect(await statusOf(`/v2/signed/app/blobs/${image.layer}`, publisher)).toBe(200);
    expect([await statusOf(path, publisher), await statusOf(path), await statusOf(path, admin)]).toEqual([
      200, 403, 403,
    ]);
    const { tags } = (
      await server.call('GET', '/api/v1/tags?repository=signed/app', { as: admin })
    ).json() as unknown as { tags: { movedAt: string }[] };
    const pushed = Date.parse(tags[0]!.movedAt);
    stopped = pushed + 60 * minute - 1;
    expect(await statusOf(path, publisher)).toBe(200);
    stopped = pushed + 60 * minute;
    expect(await statusOf(path, publisher)).toBe(403);
    expect(await statusOf(`/v2/signed/app/blobs/${image.layer}`, publisher)).toBe(403);
    const reads = '/api/v1/audit?action=read-held&repository=signed/app';
    await until(async () => (await server.call('GET', reads, { as: admin })).json().entries.length >= 2);
  });

  test('a token ends after fifteen minutes', async () => {
    stopped = clock().getTime();
    const token = await server.token(reader, 'repository:strict/app:pull');
    const who = async () => (await server.call('GET', '/api/v1/whoami', { token })).status;
    stopped += 15 * minute - 1;
    expect(await who()).toBe(200);
    stopped += 1;
    expect(await who()).toBe(401);
  });
});
