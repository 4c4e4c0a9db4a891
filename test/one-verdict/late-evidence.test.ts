import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { World } from '@wharfinger/lib/custody/custody.fixtures';
import { admin, startTestServer, type TestServer } from '../../server/src/testing/running-server.ts';
import { custody, identity, makeCustodyChain } from './families/custody.ts';
import { pushWorld } from './push.ts';

const pusher = { name: 'pusher', password: 'password-of-pusher' };
let folder: string;
let server: TestServer;
let session: RegistrySession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-late-'));
  const { config, before } = await custody(folder, {});
  server = await startTestServer({
    registry: { identity },
    users: [{ ...pusher, rights: [{ repositories: '**', actions: ['pull', 'push', 'sign'] }] }],
    ...config,
  });
  for (const [path, body] of before) await server.call('POST', `/api/v1/${path}`, { as: admin, body });
  const credentials = { username: pusher.name, password: pusher.password };
  session = new RegistrySession(server.address, { credentials, insecure: true });
});
afterAll(async () => {
  await session?.close();
  await server?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The verdict once the image was looked into, and why. */
async function verdictOf(repository: string): Promise<string> {
  for (;;) {
    const path = `/api/v1/verdict?repository=${repository}&reference=v1`;
    const { verdict } = (await server.call('GET', path, { as: admin })).json();
    const said = verdict.reasons.filter(({ routine }) => routine === 'custody-complete');
    const text = said.map(({ message }) => message).join();
    if (!JSON.stringify(verdict).includes('not checked yet')) return text === '' ? 'complete' : text;
    await pause(100);
  }
}

/** Of a world only what lies in these repositories, and of their evidence only what is chosen. */
function partOf(world: World, takes: (repository: string, isEvidence: boolean) => boolean): World {
  const carriers = new Set([...world.attached.values()].flat().map(({ digest }) => digest));
  const manifests = [...world.manifests].filter(([place, { digest }]) =>
    takes(place.slice(0, place.indexOf('@')), carriers.has(digest)),
  );
  return { ...world, manifests: new Map(manifests) };
}

test('an image is judged anew when what it was built on arrives, and when what is stated about that does', async () => {
  const { world, app } = await makeCustodyChain('late');
  const named = { repository: app.image.repository, digest: app.image.digest };
  await pushWorld(
    session,
    partOf(world, (repository) => repository === 'prod/late'),
    named,
  );
  expect(await verdictOf('prod/late')).toContain('runtime/late@');
  await pushWorld(
    session,
    partOf(world, (repository, evidence) => repository === 'runtime/late' && !evidence),
    named,
  );
  expect(await verdictOf('prod/late')).toContain('no team of stage runtime has linked it');
  await pushWorld(
    session,
    partOf(world, (repository) => repository === 'runtime/late'),
    named,
  );
  expect(await verdictOf('prod/late')).toContain('base/late@');
  await pushWorld(
    session,
    partOf(world, (repository, evidence) => repository === 'base/late' && !evidence),
    named,
  );
  expect(await verdictOf('prod/late')).toContain('no team of stage base has linked it');
  await pushWorld(
    session,
    partOf(world, (repository) => repository === 'base/late'),
    named,
  );
  expect(await verdictOf('prod/late')).toBe('complete');
});

test('an index is judged anew when what is stated about an image in it arrives', async () => {
  const chain = await makeCustodyChain('inside', { assembled: true });
  const named = { repository: 'prod/inside', digest: chain.index! };
  const { digest } = chain.app.image;
  const late = new Set(chain.world.attached.get(`prod/inside ${digest}`)!.map((one) => one.digest));
  const push = (isLate: boolean): Promise<void> => {
    const manifests = [...chain.world.manifests].filter(([, one]) => late.has(one.digest) === isLate);
    return pushWorld(session, { ...chain.world, manifests: new Map(manifests) }, named);
  };
  await push(false);
  expect(await verdictOf('prod/inside')).toContain('no team of stage app has linked it');
  await push(true);
  expect(await verdictOf('prod/inside')).toBe('complete');
});
