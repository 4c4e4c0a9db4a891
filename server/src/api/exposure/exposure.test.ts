import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, settled, startTestServer, until, type TestServer } from '../../testing/running-server.ts';
import { imageOfParts, push, pushChecked, type SmallImage } from '../../testing/pushed-image.ts';

const reader = 'reader:password-of-reader';
let server: TestServer;
let old: SmallImage;
let fixed: SmallImage;
let hidden: SmallImage;

const userReading = (repositories: string) => ({
  name: 'reader',
  password: 'password-of-reader',
  rights: [{ repositories, actions: ['pull'] }],
});

interface Answer {
  readonly images: ReadonlyArray<Readonly<Record<string, unknown>> & { readonly repository: string }>;
  readonly next?: string;
  readonly incomplete: number;
  readonly pending: number;
}

async function ask(path: string, query: Record<string, string>, as?: string) {
  const asked = await server.call('GET', `/api/v1/${path}?${new URLSearchParams(query).toString()}`, {
    ...(as !== undefined && { as }),
  });
  return {
    status: asked.status,
    code: asked.status === 200 ? '' : asked.json().error.code,
    text: asked.text,
  };
}

async function search(query: Record<string, string>, as = admin): Promise<Answer> {
  const { status, text } = await ask('search', query, as);
  expect([status, text]).toEqual([200, text]);
  return JSON.parse(text) as Answer;
}

const repositories = async (query: Record<string, string>, as = admin) =>
  (await search(query, as)).images.map(({ repository }) => repository);

beforeAll(async () => {
  server = await startTestServer({ users: [userReading('team/**')] });
  old = await pushChecked(server, 'team/old', 'v1', { packages: { 'left-pad': '1.2.9', tiny: '1.0.0' } });
  fixed = await pushChecked(server, 'team/fixed', 'v1', { packages: { 'left-pad': '1.10.0' } });
  hidden = await pushChecked(server, 'secret/app', 'v1', {
    packages: { 'left-pad': '1.2.9' },
    mark: 'hidden',
  });
  const advisory = {
    id: 'GHSA-1',
    aliases: ['CVE-2026-1'],
    modified: '2026-01-01T00:00:00Z',
    affected: [
      {
        package: { ecosystem: 'npm', name: 'left-pad' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.3.0' }] }],
      },
    ],
  };
  await server.call('POST', '/api/v1/advisories', { as: admin, body: `${JSON.stringify(advisory)}\n` });
});
afterAll(() => server?.[Symbol.asyncDispose]());

describe('a search', () => {
  test('finds images by package, in the order of versions of its ecosystem, the newest image first', async () => {
    expect(await repositories({ package: 'left-pad' })).toEqual(['secret/app', 'team/fixed', 'team/old']);
    expect(await repositories({ package: 'left-pad', version: '<1.3.0' })).toEqual([
      'secret/app',
      'team/old',
    ]);
    expect(await repositories({ package: 'left-pad', version: '>=1.3.0' })).toEqual(['team/fixed']);
    expect(await repositories({ package: 'left-pad', version: '1.10.0', ecosystem: 'npm' })).toEqual([
      'team/fixed',
    ]);
    expect(await repositories({ package: 'left-pad', ecosystem: 'Go' })).toEqual([]);
  });

  test('names what was found, and what means it now', async () => {
    const { images, incomplete } = await search({ package: 'tiny' });
    expect(images).toEqual([
      {
        repository: 'team/old',
        digest: old.digest,
        tags: ['v1'],
        packages: [
          { name: 'tiny', version: '1.0.0', ecosystem: 'npm', purl: 'pkg:npm/tiny@1.0.0', licence: 'MIT' },
        ],
      },
    ]);
    expect(incomplete).toBe(0);
  });

  test.each([
    [{ purl: 'pkg:npm/left-pad@1.2.9' }, ['secret/app', 'team/old']],
    [{ purl: 'pkg:npm/left-pad' }, ['secret/app', 'team/fixed', 'team/old']],
    [{ vulnerability: 'CVE-2026-1' }, ['secret/app', 'team/old']],
    [{ vulnerability: 'GHSA-1' }, ['secret/app', 'team/old']],
    [{ licence: 'mit' }, ['secret/app', 'team/fixed', 'team/old']],
    [{ licence: 'GPL-2.0-only' }, []],
  ])('finds images by %j', async (query, found) => {
    expect(await repositories(query as unknown as Record<string, string>)).toEqual(found);
  });

  test('finds images by layer, and by the image that they are built upon', async () => {
    expect(await repositories({ layer: old.layer })).toEqual(['team/old']);
    const [lower, upper] = [old, fixed].map(({ blobs }) => blobs[0]![1]);
    const rootfs = { type: 'layers', diff_ids: [lower!, upper!].map((layer) => digestOf(layer)) };
    const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs }));
    expect(await push(server, imageOfParts(config, lower!, upper!), 'team/upon', 'v1')).toBe(201);
    await until(async () => (await repositories({ layer: fixed.layer })).includes('team/upon'));
    expect(await repositories({ base: old.digest })).toEqual(['team/upon']);
    const query = new URLSearchParams({ repository: 'team/upon', reference: 'v1' });
    const known = await server.call('GET', `/api/v1/images?${query.toString()}`, { as: admin });
    expect(JSON.parse(known.text)).toMatchObject({
      base: { repository: 'team/old', digest: old.digest, tags: ['v1'], layers: 1 },
    });
    expect(await repositories({ base: fixed.digest })).toEqual([]);
  });

  test('finds images by file, and says in which layer and where it is', async () => {
    const text = JSON.stringify({ name: 'left-pad', version: '1.2.9', license: 'MIT' });
    const file = digestOf(text);
    const path = 'app/node_modules/left-pad/package.json';
    await until(async () => (await repositories({ file })).includes('team/old'));
    const { images } = await search({ file, limit: '200' });
    expect(images.find(({ repository }) => repository === 'team/old')).toEqual({
      repository: 'team/old',
      digest: old.digest,
      tags: ['v1'],
      files: [{ layer: old.layer, path }],
    });
    await until(async () => (await repositories({ file })).includes('secret/app'));
    expect(await repositories({ file }, reader)).not.toContain('secret/app');
    expect(await repositories({ file: digestOf('nobody has it') })).toEqual([]);
    await until(async () => (await search({ file })).pending === 0);
  });

  test('leaves out an image whose file only begins with the same digits', async () => {
    const file = digestOf(JSON.stringify({ name: 'tiny', version: '1.0.0', license: 'MIT' }));
    await until(async () => (await repositories({ file })).includes('team/old'));
    const end = file.at(-1) === '0' ? '1' : '0';
    expect(await repositories({ file: `${file.slice(0, -1)}${end}` })).toEqual([]);
  });

  test('finds by a digest whatever has it', async () => {
    const file = digestOf(JSON.stringify({ name: 'tiny', version: '1.0.0', license: 'MIT' }));
    await until(async () => (await repositories({ file })).includes('team/old'));
    for (const digest of [file, old.layer, old.digest])
      expect(await repositories({ digest })).toContain('team/old');
    expect(await repositories({ digest: hidden.digest }, reader)).toEqual([]);
    expect(await repositories({ digest: digestOf('nothing') })).toEqual([]);
  });

  test('tells nobody of what he may not pull, not by pages either', async () => {
    expect(await repositories({ package: 'left-pad', version: '<1.3.0' }, reader)).not.toContain(
      'secret/app',
    );
    const base = await ask('search', { base: hidden.digest }, reader);
    const nothing = await ask('search', { base: digestOf('nothing') }, reader);
    expect([base.status, base.code]).toEqual([nothing.status, nothing.code]);
    const last = (place: string) => ask('search', { package: 'tiny', last: place }, reader);
    const guessed = await last(`secret/app@${hidden.digest}`);
    expect(guessed).toEqual(await last(`secret/app@${digestOf('nothing')}`));
    expect(guessed).toEqual(await last(`team/old@${hidden.digest}`));
    expect(guessed.code).toBe('INPUT_INVALID');
    expect((await ask('search', { package: 'tiny' })).status).toBe(401);
  });

  test('answers who may not see what has it as if nothing had it, whatever is asked', async () => {
    const secret = await pushChecked(server, 'secret/only', 'v1', {
      packages: { 'only-secret': '1.0.0' },
      mark: 'only',
    });
    const file = digestOf(JSON.stringify({ name: 'only-secret', version: '1.0.0', license: 'MIT' }));
    await until(async () => (await repositories({ file })).includes('secret/only'));
    await until(async () => (await search({ file })).pending === 0);
    const nothing = digestOf('nothing');
    const pairs: ReadonlyArray<readonly [Record<string, string>, Record<string, string>]> = [
      [{ package: 'only-secret' }, { package: 'nobody-has' }],
      [
        { package: 'only-secret', version: '<2' },
        { package: 'nobody-has', version: '<2' },
      ],
      [{ purl: 'pkg:npm/only-secret' }, { purl: 'pkg:npm/nobody-has' }],
      [{ purl: 'pkg:npm/only-secret@1.0.0' }, { purl: 'pkg:npm/nobody-has@1.0.0' }],
      [{ layer: secret.layer }, { layer: nothing }],
      [{ file }, { file: nothing }],
      ...[secret.layer, secret.digest, file].map((digest) => [{ digest }, { digest: nothing }] as const),
    ];
    for (const path of ['search', 'exposure'])
      for (const [hides, none] of pairs) {
        expect(await ask(path, hides, reader)).toEqual(await ask(path, none, reader));
        expect(JSON.parse((await ask(path, hides, admin)).text)).toMatchObject({
          images: [{ repository: 'secret/only' }],
        });
      }
  });

  test('comes in pages that hold each image once', async () => {
    const all = await repositories({ package: 'left-pad' });
    const paged: string[] = [];
    let next: string | undefined;
    do {
      const page = await search({
        package: 'left-pad',
        limit: '1',
        ...(next !== undefined && { last: next }),
      });
      expect(page.images).toHaveLength(1);
      paged.push(...page.images.map(({ repository }) => repository));
      next = page.next;
    } while (next !== undefined);
    expect(paged).toEqual(all);
  });

  test.each([
    [{}, 'INPUT_INVALID'],
    [{ package: 'a', purl: 'pkg:npm/a' }, 'INPUT_INVALID'],
    [{ purl: 'a' }, 'INPUT_INVALID'],
    [{ licence: 'MIT', version: '1' }, 'INPUT_INVALID'],
    [{ file: 'md5:0' }, 'INPUT_INVALID'],
    [{ file: digestOf('') }, 'INPUT_INVALID'],
    [{ package: 'left-pad', version: '<' }, 'INPUT_INVALID'],
    [{ vulnerability: 'CVE-1' }, 'NOT_FOUND'],
  ])('refuses %j', async (query, code) => {
    expect((await ask('search', query as unknown as Record<string, string>, admin)).code).toBe(code);
  });
});

describe('the exposure', () => {
  const exposure = async (query: Record<string, string>, as = admin) =>
    (JSON.parse((await ask('exposure', query, as)).text) as Answer).images;

  test('says which tags meant an image, what it is judged now, and who pulled it', async () => {
    await pushChecked(server, 'team/moved', 'v1', { packages: { moved: '1.0.0' } });
    await server.call('GET', '/v2/team/moved/manifests/v1', {
      as: reader,
      headers: { 'user-agent': 'client/1' },
    });
    await pushChecked(server, 'team/moved', 'v1', { packages: { other: '1.0.0' } });
    let image: Record<string, unknown> | undefined;
    await until(async () => {
      [image] = await exposure({ purl: 'pkg:npm/moved' });
      return image!['lastPulled'] !== null;
    });
    expect(image).toMatchObject({
      repository: 'team/moved',
      tags: [],
      tagged: [{ tag: 'v1', since: expect.any(String), until: expect.any(String) }],
      verdict: { outcome: expect.stringMatching(/^(allow|warn|hold|deny)$/), decided: true },
      pulls: [{ actor: 'reader', address: '127.0.0.1', client: 'client/1', tag: 'v1' }],
    });
    const [seen] = await exposure({ purl: 'pkg:npm/moved' }, reader);
    expect(seen).not.toHaveProperty('pulls');
    expect(seen!['lastPulled']).toBe(image!['lastPulled']);
  });

  test('tells no verdict as standing that was made before the news', async () => {
    await pushChecked(server, 'team/news', 'v1', { packages: { newsworthy: '1.0.0' } });
    const verdict = async () => {
      const [image] = await exposure({ purl: 'pkg:npm/newsworthy' });
      return image!['verdict'] as { outcome: string; at: string; stale?: true };
    };
    // what the push asked for may judge once more after the first verdict was told
    await settled(server);
    const before = await verdict();
    expect(before.stale).toBeUndefined();
    const news = {
      id: 'GHSA-NEWS',
      modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem: 'npm', name: 'newsworthy' }, versions: ['1.0.0'] }],
    };
    await server.call('POST', '/api/v1/advisories', { as: admin, body: `${JSON.stringify(news)}\n` });
    const after = await verdict();
    expect(after.stale === true ? after.at === before.at : after.at > before.at).toBe(true);
    await until(async () => !(await verdict()).stale);
    expect((await verdict()).at > before.at).toBe(true);
  });
});

test('what somebody may see is what he may see now, whatever he asked before', async () => {
  const found = () => repositories({ purl: 'pkg:npm/left-pad@1.2.9' }, reader);
  expect(await found()).toEqual(['team/old']);
  await pushChecked(server, 'team/later', 'v1', { packages: { 'left-pad': '1.2.9' }, mark: 'later' });
  expect(await found()).toEqual(['team/later', 'team/old']);
  const scope = 'repository:team/old:pull';
  const query = new URLSearchParams({ purl: 'pkg:npm/left-pad@1.2.9' }).toString();
  const byToken = await server.call('GET', `/api/v1/search?${query}`, {
    token: await server.token(reader, scope),
  });
  expect((JSON.parse(byToken.text) as Answer).images.map(({ repository }) => repository)).toEqual([
    'team/old',
  ]);
  await server.reload({ users: [userReading('secret/**')] });
  expect(await found()).toEqual(['secret/app']);
  await server.reload({ users: [userReading('team/**')] });
  expect(await found()).toEqual(['team/later', 'team/old']);
});
