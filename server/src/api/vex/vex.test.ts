import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wharf } from '../../cli/wharf.fixtures.ts';
import { pushChecked, type SmallImage } from '../../testing/pushed-image.ts';
import {
  admin,
  adminPassword,
  settled,
  startTestServer,
  until,
  type TestServer,
} from '../../testing/running-server.ts';

const password = 'password-of-all';
const users = [
  { name: 'ann', password, rights: [{ repositories: 'strict/**', actions: ['pull', 'govern'] }] },
  { name: 'eve', password, rights: [{ repositories: '**', actions: ['pull', 'push'] }] },
];
const advisory = {
  id: 'GHSA-left-left-left',
  aliases: ['CVE-2026-0001'],
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  summary: 'left does what it should not',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};
const binding = {
  id: 'fixable',
  collection: 'standard',
  routine: 'no-fixable-vulnerabilities',
  parameters: { vexBy: ['user/admin', 'user/ann', 'feed/vendor'] },
  scope: { repositories: ['strict/**'] },
  purposes: ['pull'],
  effect: 'hold',
};

interface Said {
  readonly id?: string;
  readonly status?: string;
  readonly time?: string;
  readonly product?: string;
  readonly author?: string;
}

/** An OpenVEX document of one statement. */
function vex(said: Said = {}, more: object = {}): object {
  const { id = 'https://vex.example/1', status = 'not_affected', time = '2026-02-01T00:00:00Z' } = said;
  const { product = 'pkg:npm/left', author = 'The Vendor' } = said;
  const statement = {
    vulnerability: { name: 'CVE-2026-0001' },
    status,
    products: [{ '@id': product }],
    ...(status === 'not_affected' && { justification: 'vulnerable_code_not_present' }),
    ...more,
  };
  const context = 'https://openvex.dev/ns/v0.2.0';
  return { '@context': context, '@id': id, author, timestamp: time, version: 1, statements: [statement] };
}

interface Brought {
  readonly name: string;
  readonly images: number;
  readonly unchanged: boolean;
  readonly document: { readonly statements: number; readonly by: string; readonly author: string };
}

interface Event {
  readonly repository: string;
  readonly before: string | null;
  readonly outcome: string;
  readonly cause: object;
}

describe('VEX that is brought in', () => {
  let server: TestServer;
  let feeds: string;
  const images = new Map<string, SmallImage>();

  const settings = (more: object = {}) => ({
    users,
    namespaces: [{ name: 'strict' }, { name: 'other' }],
    ...more,
  });

  beforeAll(async () => {
    server = await startTestServer(settings());
    feeds = join(server.folder, 'vendor');
    await mkdir(feeds);
    await must('advisories', JSON.stringify(advisory));
    for (const repository of ['strict/app', 'strict/two', 'strict/right', 'other/app']) {
      const packages: Readonly<Record<string, string>> =
        repository === 'strict/right' ? { right: '1.0.0' } : { left: '1.0.0' };
      images.set(repository, await pushChecked(server, repository, 'v1', { packages, mark: repository }));
    }
    await must('bindings', binding);
    await reached('strict/app', 'hold');
    await reached('strict/two', 'hold');
    await settled(server);
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  function call(method: string, path: string, body?: object | string, as = admin) {
    return server.call(method, `/api/v1/${path}`, { as, ...(body !== undefined && { body }) });
  }
  async function must(path: string, body: object | string): Promise<void> {
    const { status, text } = await call('POST', path, body);
    if (status !== 200) throw new Error(`${path}: ${text}`);
  }
  const verdictOf = async (repository: string) =>
    (await call('GET', `verdict?repository=${repository}&reference=v1`)).json().verdict;
  async function reached(repository: string, ...outcomes: string[]): Promise<void> {
    await until(async () => outcomes.includes((await verdictOf(repository)).outcome));
  }
  async function bring(document: object, query = '', as = admin) {
    const { status, text } = await call('POST', `vex${query}`, JSON.stringify(document), as);
    return { status, text, json: JSON.parse(text) as Brought };
  }
  const scopedTo = (...repositories: string[]) =>
    `?scope=${encodeURIComponent(JSON.stringify({ repositories }))}`;
  const end = async (name: string, as = admin) =>
    call('POST', 'vex/end', { name, reason: 'of this test' }, as);
  async function events(): Promise<readonly Event[]> {
    const { text } = await call('GET', 'events?limit=1000');
    return (JSON.parse(text) as { events: Event[] }).events;
  }
  async function vexOf(repository: string): Promise<unknown> {
    const { text } = await call('GET', `findings?repository=${repository}&reference=v1`);
    return (JSON.parse(text) as { findings: Array<{ vex?: unknown }> }).findings[0]?.vex;
  }

  test('excuses a finding that holds, until it is removed, in exactly the images concerned, with an event each', async () => {
    const before = (await events()).length;
    const untouched = await Promise.all([verdictOf('strict/right'), verdictOf('strict/two')]);
    const { status, json } = await bring(vex(), `${scopedTo('strict/app')}&source=vendor.json`);
    expect([status, json]).toMatchObject([
      200,
      { images: 1, document: { statements: 1, by: 'user/admin', author: 'The Vendor' } },
    ]);
    await reached('strict/app', 'allow', 'warn');
    expect(await vexOf('strict/app')).toEqual({
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      by: 'user/admin',
      author: 'The Vendor',
    });
    expect(await Promise.all([verdictOf('strict/right'), verdictOf('strict/two')])).toEqual(untouched);
    expect(await bring(vex(), scopedTo('strict/app'))).toMatchObject({
      json: { unchanged: true, images: 0 },
    });

    expect((await end('https://vex.example/1')).status).toBe(200);
    await reached('strict/app', 'hold');
    await until(async () => (await events()).length === before + 2);
    const [removed, brought] = await events();
    expect([brought, removed]).toMatchObject([
      { repository: 'strict/app', before: 'hold', outcome: expect.stringMatching(/allow|warn/) },
      { repository: 'strict/app', outcome: 'hold' },
    ]);
    expect(JSON.stringify(brought!.cause)).toContain('CVE-2026-0001');
    const kept = await call('GET', 'vex?ended=true');
    expect(JSON.parse(kept.text)).toMatchObject({
      records: [{ madeBy: 'admin', document: { source: 'vendor.json' }, ended: { reason: 'of this test' } }],
    });
  });

  test('of one id takes the place of what was before; of several sources the worst counts, and is told', async () => {
    await bring(vex(), scopedTo('strict/**'));
    await reached('strict/app', 'allow', 'warn');
    await bring(
      vex({ id: 'urn:other', status: 'affected', time: '2026-01-01T00:00:00Z' }),
      scopedTo('strict/**'),
      `ann:${password}`,
    );
    await reached('strict/app', 'hold');
    expect(await vexOf('strict/app')).toMatchObject({
      status: 'affected',
      by: 'user/ann',
      against: ['user/admin: not_affected'],
    });
    await bring(vex({ id: 'urn:other', status: 'fixed' }), scopedTo('strict/app'), `ann:${password}`);
    await reached('strict/app', 'allow', 'warn');
    await reached('strict/two', 'allow', 'warn');
    for (const name of ['urn:other', 'https://vex.example/1']) expect((await end(name)).status).toBe(200);
    await reached('strict/app', 'hold');
    await reached('strict/two', 'hold');
  });

  test('names versions, images and ranges, and says nothing of others', async () => {
    const digest = encodeURIComponent(images.get('strict/app')!.digest);
    const cases: ReadonlyArray<readonly [product: string, counts: boolean]> = [
      ['pkg:npm/left@1.0.0', true],
      ['pkg:npm/left@1.0.1', false],
      ['pkg:npm/right', false],
      [`pkg:oci/app@${digest}`, true],
      [images.get('strict/app')!.digest, true],
      ['pkg:oci/app?repository_url=registry.example/strict/app', true],
      ['pkg:oci/app?repository_url=registry.example/other/app', false],
      ['pkg:oci/app?tag=v1', false],
      ['pkg:oci/elsewhere', false],
    ];
    for (const [product, counts] of cases) {
      await bring(vex({ product }), scopedTo('strict/**'));
      expect([product, (await vexOf('strict/app')) !== undefined]).toEqual([product, counts]);
    }
    const withRange = (range: string) => ({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      serialNumber: 'urn:uuid:1',
      metadata: { timestamp: '2026-02-01T00:00:00Z', authors: [{ name: 'The Vendor' }] },
      components: [{ 'bom-ref': 'left', purl: 'pkg:npm/left' }],
      vulnerabilities: [
        {
          id: 'GHSA-LEFT-left-left',
          analysis: { state: 'not_affected', justification: 'code_not_reachable' },
          affects: [{ ref: 'left', versions: [{ range, status: 'unaffected' }] }],
        },
      ],
    });
    await end('https://vex.example/1');
    for (const [range, counts] of [
      ['vers:npm/>=1.0.0|<1.1.0', true],
      ['vers:npm/>=1.1.0', false],
      ['all of them', false],
    ] as const) {
      expect((await bring(withRange(range), scopedTo('strict/**'))).status).toBe(200);
      expect([range, (await vexOf('strict/app')) !== undefined]).toEqual([range, counts]);
    }
    expect((await end('urn:uuid:1')).status).toBe(200);
  });

  test('takes the right to govern, and what cannot be read changes nothing', async () => {
    const refused = async (document: object, query = '', as = admin) => {
      const { status, text } = await bring(document, query, as);
      return `${status} ${text}`;
    };
    expect(await refused(vex(), '', `ann:${password}`)).toMatch(/^403 .*govern in \*\*/);
    expect(await refused(vex(), scopedTo('strict/**'), `eve:${password}`)).toMatch(/^403/);
    expect(await refused(vex({}, { justification: undefined }))).toMatch(/^400 .*not_affected and not why/);
    expect(await refused(vex({}, { products: [] }))).toMatch(/^400 .*not of what/);
    expect(await refused({ hello: 1 })).toMatch(/^400 .*VEX_INVALID/);
    expect(await refused(vex({ id: 'feed/vendor/1' }))).toMatch(/^400 .*begins with feed/);
    await bring(vex(), scopedTo('strict/app'));
    expect(
      await refused(vex({ time: '2026-03-01T00:00:00Z' }), scopedTo('strict/app'), `ann:${password}`),
    ).toMatch(/^403 .*put in force by admin/);
    expect((await end('https://vex.example/1', `ann:${password}`)).status).toBe(403);
    expect((await end('https://vex.example/1')).status).toBe(200);
    expect((await end('https://vex.example/1')).status).toBe(404);
    await reached('strict/app', 'hold');
  });

  test('comes from a feed as far as its author is trusted, and goes with it', async () => {
    await writeFile(join(feeds, 'a.json'), JSON.stringify(vex()));
    await writeFile(join(feeds, 'b.json'), JSON.stringify(vex({ id: 'urn:b', author: 'Somebody' })));
    const feed = {
      name: 'vendor',
      kind: 'vex',
      source: './vendor',
      vex: { author: 'The Vendor', scope: { repositories: ['strict/two'] } },
    };
    await server.reload(settings({ advisories: { feeds: [feed] } }));
    const update = async () => call('POST', 'advisories/feeds/update', { feed: 'vendor' });
    expect((await update()).status).toBe(200);
    await reached('strict/two', 'allow', 'warn');
    expect(await vexOf('strict/two')).toMatchObject({ by: 'feed/vendor', author: 'The Vendor' });
    expect(await vexOf('strict/app')).toBeUndefined();
    const report = JSON.parse((await call('GET', 'advisories/feeds')).text) as { feeds: object[] };
    expect(report.feeds[0]).toMatchObject({ counts: { read: 2, new: 1, refused: 1 } });
    expect(JSON.stringify(report.feeds[0])).toContain('by Somebody');

    // what cannot be read takes nothing away; what is gone does
    await writeFile(join(feeds, 'a.json'), '{');
    await update();
    await until(async () => (await call('GET', 'advisories/feeds')).text.includes('nothing was taken away'));
    expect((await verdictOf('strict/two')).outcome).not.toBe('hold');
    await rm(join(feeds, 'a.json'));
    await update();
    await reached('strict/two', 'hold');
  });

  test('is part of the judgement, so that the same verdict comes of it elsewhere', async () => {
    await bring(vex(), scopedTo('strict/app'));
    await reached('strict/app', 'allow', 'warn');
    const environment = { HOME: server.folder };
    const run = async (...given: string[]) => wharf(given, { environment, folder: server.folder });
    const login = await wharf(['login', server.address, '-u', 'admin', '--password-stdin'], {
      environment,
      input: adminPassword,
    });
    expect([login.code, login.error]).toEqual([0, '']);
    expect((await run('judgement', 'key', server.address, '-o', 'registry.pub')).code).toBe(0);
    const saved = await run('save', `${server.address}/strict/app:v1`, '-o', 'app.tar');
    expect([saved.code, saved.error]).toEqual([0, '']);
    const verified = await run('verify', '--offline', 'app.tar', '--registry-key', 'registry.pub', '--json');
    expect([verified.code, verified.error]).toEqual([0, '']);
    const listed = await run('vex', 'ls', server.address);
    expect(listed.output).toMatch(/https:\/\/vex\.example\/1 +The Vendor +OpenVEX +1 +strict\/app/);
    const removed = await run(
      'vex',
      'remove',
      'https://vex.example/1',
      '--server',
      server.address,
      '--reason',
      'it was wrong',
    );
    expect(removed.output).toContain('1 image judged again');
    await writeFile(join(server.folder, 'doc.json'), JSON.stringify(vex()));
    const brought = await run(
      'vex',
      'import',
      'doc.json',
      '--server',
      server.address,
      '--repositories',
      'strict/app',
    );
    expect([brought.error, brought.output]).toEqual([
      '',
      expect.stringContaining('1 statement; 1 image judged'),
    ]);
    await reached('strict/app', 'allow', 'warn');
  });
});
