import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobFile } from '@wharfinger/lib/assess/saved/format';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { World } from '@wharfinger/lib/custody/custody.fixtures';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { admin, startTestServer, type TestServer } from '../../server/src/testing/running-server.ts';
import { attempt, run } from '../harness/command.ts';
import { custody, identity, makeCustodyChain } from '../one-verdict/families/custody.ts';
import { pushWorld } from '../one-verdict/push.ts';
import { lacksRoot } from '../requirements.ts';

const launcher = join(import.meta.dirname, '../../server/bin/wharf.js');
const user = { name: 'saver', password: 'password-of-saver' };

interface Confirmed {
  readonly receipts: ReadonlyArray<{
    readonly digest: string;
    readonly verdict: { readonly outcome: string };
  }>;
  readonly today: {
    readonly facts: { readonly custody: { readonly complete: boolean; readonly stages: readonly object[] } };
  };
}

/** `unshare -n` needs root: a network namespace with nothing in it. */
describe.skipIf(lacksRoot())('an image whose chain of custody leads through three repositories', () => {
  let folder: string;
  let server: TestServer;
  let session: RegistrySession;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wharf-chain-'));
    mkdirSync(join(folder, 'elsewhere'));
    const { config, before } = await custody(folder, {});
    server = await startTestServer({
      registry: { identity },
      users: [{ ...user, rights: [{ repositories: '**', actions: ['pull', 'push', 'sign', 'inspect'] }] }],
      ...config,
    });
    for (const [path, body] of before) await server.call('POST', `/api/v1/${path}`, { as: admin, body });
    session = new RegistrySession(server.address, {
      credentials: { username: user.name, password: user.password },
      insecure: true,
    });
    const auth = Buffer.from(`${user.name}:${user.password}`).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [server.address]: { auth } } }));
    writeFileSync(join(folder, 'registry.pub'), (await server.call('GET', '/api/v1/registry/key')).text);
  });
  afterAll(async () => {
    await session?.close();
    await server?.[Symbol.asyncDispose]();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function saved(name: string, world: World, named: Parameters<typeof pushWorld>[2]): Promise<string> {
    await pushWorld(session, world, named);
    const path = `/api/v1/verdict?repository=${named.repository}&reference=v1`;
    while ((await server.call('GET', path, { as: admin })).text.includes('not checked yet')) await pause(100);
    const file = join(folder, `${name}.tar`);
    const { code, error } = await wharf(['save', `${server.address}/${named.repository}:v1`, '-o', file], {
      environment: { HOME: folder, DOCKER_CONFIG: folder },
      folder,
    });
    expect({ code, error }).toMatchObject({ code: 0 });
    return file;
  }

  /** Verifies where there is no network and nothing of this machine's state. */
  const elsewhere = (path: string) =>
    attempt(
      [
        'unshare',
        '-n',
        process.execPath,
        launcher,
        '--json',
        'verify',
        '--offline',
        path,
        '--registry-key',
        join(folder, 'registry.pub'),
      ],
      { env: { HOME: join(folder, 'elsewhere'), DOCKER_CONFIG: join(folder, 'elsewhere') } },
    );

  test('is saved with the evidence of its ancestors, and gives the same receipt elsewhere', async () => {
    const { world, app } = await makeCustodyChain('saved');
    const file = await saved('saved', world, app.image);
    const { code, stdout } = await elsewhere(file);
    const { receipts, today } = JSON.parse(stdout) as Confirmed;
    expect({ code, receipts }).toMatchObject({
      code: 0,
      receipts: [{ digest: app.image.digest, verdict: { outcome: 'warn' } }],
    });
    expect(today.facts.custody).toMatchObject({ complete: true, stages: [{}, {}, {}] });
  });

  test('is saved with its index, its assembly and its images', async () => {
    const chain = await makeCustodyChain('assembled', { assembled: true });
    const named = { repository: 'prod/assembled', digest: chain.index! };
    const { code, stdout } = await elsewhere(await saved('assembled', chain.world, named));
    const { receipts } = JSON.parse(stdout) as Confirmed;
    expect({ code, digests: receipts.map(({ digest }) => digest).sort() }).toEqual({
      code: 0,
      digests: [chain.index!, chain.app.image.digest].sort(),
    });
  });

  test('is saved also where its chain ends before an image that is not there: as held, with the same receipt', async () => {
    const { world, app } = await makeCustodyChain('broken');
    const manifests = [...world.manifests].filter(([place]) => !place.startsWith('base/'));
    const file = await saved('broken', { ...world, manifests: new Map(manifests) }, app.image);
    const { code, stdout } = await elsewhere(file);
    const { receipts, today } = JSON.parse(stdout) as Confirmed;
    expect({ code, outcome: receipts[0]!.verdict.outcome }).toEqual({ code: 3, outcome: 'deny' });
    expect(today.facts.custody.complete).toBe(false);
  });

  test('is refused where the evidence of an ancestor was taken out', async () => {
    const { world, base, app } = await makeCustodyChain('changed');
    const file = await saved('changed', world, app.image);
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    await run(['tar', '-xf', file, '-C', unpacked]);
    expect((await elsewhere(unpacked)).code).toBe(0);
    const evidence = world.attached.get(`${base.image.repository} ${base.image.digest}`)!;
    expect(evidence.length).toBeGreaterThan(0);
    for (const { digest } of evidence) {
      const path = join(unpacked, blobFile(digest));
      const bytes = readFileSync(path);
      rmSync(path);
      const { code, stderr } = await elsewhere(unpacked);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(digest.slice(7)) });
      writeFileSync(path, bytes);
    }
    expect((await elsewhere(unpacked)).code).toBe(0);
  });
});
