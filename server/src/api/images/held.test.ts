import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFolder, wharf } from '../../cli/wharf.fixtures.ts';
import { checked, imageOfParts, push } from '../../testing/pushed-image.ts';
import { admin, adminPassword, startTestServer, type TestServer } from '../../testing/running-server.ts';

let server: TestServer;
const word = 'a-word-of-the-image';
const user = (name: string, ...actions: string[]) => ({
  name,
  password: `password of ${name}`,
  rights: actions.length === 0 ? [] : [{ repositories: '**', actions }],
});

/** An image that says `said` in every place where an image can say something. */
function imageSaying(said: string, mark: string) {
  const layer = Buffer.from(
    tarOf(
      { name: 'secret', body: said },
      { name: 'mark', body: mark },
      {
        name: 'app/node_modules/left/package.json',
        body: JSON.stringify({ name: 'left', version: '1.0.0', license: 'MIT' }),
      },
    ),
  );
  const config = {
    created: '2026-01-01T00:00:00Z',
    os: 'linux',
    architecture: 'amd64',
    config: {
      User: '1000',
      Env: [`TOKEN=${said}`],
      Labels: { note: said },
      Entrypoint: ['/run', said],
      Cmd: [said],
    },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    history: [{ created_by: `RUN build ${said}` }],
  };
  const image = imageOfParts(Buffer.from(JSON.stringify(config)), layer);
  const manifest = Buffer.from(
    JSON.stringify({ ...(JSON.parse(image.manifest.toString()) as object), annotations: { note: said } }),
  );
  return { ...image, manifest, digest: digestOf(manifest) };
}

beforeAll(async () => {
  server = await startTestServer({
    registry: { readBack: '0s' },
    users: [user('reader', 'pull'), user('inspector', 'pull', 'inspect'), user('stranger')],
  });
  for (const [tag, said] of [
    ['v1', word],
    ['v2', 'another'],
  ] as const) {
    const image = imageSaying(said, tag);
    await push(server, image, 'team/app', tag);
    await checked(server, 'team/app', image.digest);
  }
  const body = { repository: 'team/app', reference: 'v1', reason: 'it says too much' };
  await server.call('POST', '/api/v1/holds', { as: admin, body });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const image = 'repository=team/app&reference=v1';
const as = (name: string) => ({ as: name === 'admin' ? admin : `${name}:password of ${name}` });
const get = async (path: string, name: string) => server.call('GET', path, as(name));

/** What is known of an image, and how it is asked for. */
const known = {
  all: `/api/v1/images?${image}`,
  verdict: `/api/v1/verdict?${image}`,
  decision: `/api/v1/judged-from?${image}`,
  findings: `/api/v1/findings?${image}`,
  sbom: `/api/v1/sbom?${image}&format=spdx`,
  files: `/api/v1/files?${image}&path=/`,
  'files of a layer': `/api/v1/files?${image}&path=/&layer=0`,
  'what changed': `/api/v1/diff?${image}&otherReference=v2`,
  'what changed to it': `/api/v1/diff?repository=team/app&reference=v2&otherReference=v1`,
  scans: `/api/v1/scans?${image}`,
  search: '/api/v1/search?package=left',
  exposure: '/api/v1/exposure?package=left',
};

describe('of an image that is held', () => {
  test.each(Object.entries(known))(
    '%s is told to who may pull, without a word of its own',
    async (_, path) => {
      for (const name of ['reader', 'admin']) {
        const { status, text } = await get(path, name);
        expect([path, status]).toEqual([path, 200]);
        expect(text).not.toContain(word);
      }
      expect((await get(path, 'stranger')).text).not.toMatch(/sha256:|left/);
    },
  );

  test('its names are told, and that values are not', async () => {
    const told = (await get(known.all, 'reader')).json() as unknown as { withheld: boolean; facts: Facts };
    expect(told.withheld).toBe(true);
    expect(told.facts.image).toMatchObject({
      annotations: { note: '' },
      config: { user: '1000', env: ['TOKEN'], labels: { note: '' }, entrypoint: [], cmd: [] },
    });
    expect(told.facts.findings).toEqual([]);
    expect(told.facts.inventory?.packages).toHaveLength(1);
    const { configuration } = (await get(known['what changed'], 'reader')).json() as unknown as {
      configuration: object[];
    };
    expect(configuration).toContainEqual({ field: 'env TOKEN', before: '(withheld)', after: 'another' });
  });

  test('its words are for who may read it: so are bytes, by whatever way', async () => {
    const content = `/api/v1/files/content?${image}&path=/secret`;
    const manifest = '/v2/team/app/manifests/v1';
    for (const path of [content, manifest])
      expect([
        (await get(path, 'reader')).status,
        (await get(path, 'admin')).status,
        (await get(path, 'inspector')).status,
      ]).toEqual([403, 403, 200]);
    const all = await get(known.all, 'inspector');
    expect(all.json()).not.toHaveProperty('withheld');
    expect(all.text.split(word)).toHaveLength(7);
    expect((await get(known['what changed'], 'inspector')).text).toContain(word);
  });

  test('all commands that look inside work, and say what they leave out', async () => {
    await inFolder(async (folder) => {
      const options = { folder, environment: { DOCKER_CONFIG: join(folder, 'docker'), HOME: folder } };
      const login = ['login', server.address, '--username', 'admin', '--password-stdin'];
      expect(await wharf(login, { ...options, input: adminPassword })).toMatchObject({ code: 0 });
      const place = `${server.address}/team/app:v1`;
      const other = `${server.address}/team/app:v2`;
      for (const words of [
        ['verdict', place],
        ['inspect', place, '--packages'],
        ['findings', place],
        ['sbom', place],
        ['files', place, '/'],
        ['diff', place, other],
      ]) {
        const ran = await wharf(words, options);
        // 3: the verdict is not in favour; 4: no advisories were imported
        expect([words[0], [0, 3, 4].includes(ran.code ?? 1)]).toEqual([words[0], true]);
        expect(ran.output + ran.error).not.toContain(word);
      }
      expect((await wharf(['inspect', place], options)).error).toContain('It is held: values of');
      const cat = await wharf(['files', place, '/secret', '--cat'], options);
      expect(cat).toMatchObject({ output: '' });
      expect(cat.error).toContain('held by wharfinger');
    });
  });
});
