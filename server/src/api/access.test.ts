import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { admin, startTestServer, type Answered, type TestServer } from '../testing/running-server.ts';
import { push, pushChecked, smallImage, type SmallImage } from '../testing/pushed-image.ts';

/** Who asks, in the order of the columns below. A stranger signed in and has no rights; each other one has pull and one more. */
const roles = [
  'anonymous',
  'stranger',
  'pull',
  'push',
  'delete',
  'sign',
  'inspect',
  'release',
  'govern',
  'purge',
  'promote',
  'admin',
] as const;
type Role = (typeof roles)[number];
const classes = ['private', 'internal', 'public'] as const;
type Class = (typeof classes)[number];

const password = 'password-of-all';
let server: TestServer;
const images = new Map<Class, SmallImage>();

const credentials = (role: Role) =>
  role === 'anonymous' ? {} : { as: role === 'admin' ? admin : `${role}:${password}` };
const repositoryOf = (kind: Class) => `${kind}/app`;

beforeAll(async () => {
  const rightsOf = (role: Role) =>
    role === 'stranger'
      ? []
      : [{ repositories: '*/**', actions: [...new Set(['pull', role])] as readonly string[] }];
  server = await startTestServer({
    namespaces: classes.map((name) => ({ name, class: name })),
    users: roles
      .filter((role) => role !== 'anonymous' && role !== 'admin')
      .map((name) => ({ name, password, rights: rightsOf(name) })),
  });
  for (const name of classes) {
    await push(server, smallImage({ mark: 'before' }), repositoryOf(name), 'v1');
    images.set(name, await pushChecked(server, repositoryOf(name), 'v1'));
  }
  await push(server, smallImage({ mark: 'to be promoted' }), 'public/source', 'v1');
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** An endpoint that is about a repository. */
interface Endpoint {
  readonly send: (repository: string, image: SmallImage) => [method: string, path: string, body?: object];
  /** what an administrator does first, so that the act can be done */
  readonly before?: (repository: string, image: SmallImage) => Promise<unknown>;
  /** status for each role, by class of the repository */
  readonly private: string;
  readonly internal: string;
  readonly public: string;
}

const held = (repository: string) => ({ repository, reference: 'v1', reason: 'a test of rights' });
const asAdmin = (method: string, path: string, body: object) =>
  server.call(method, path, { as: admin, body });
let made = 0;
const bindingOf = (repository: string) => ({
  id: `of-a-test-${(made += 1)}`,
  collection: 'standard',
  routine: 'maximum-age',
  parameters: { days: 3650 },
  scope: { repositories: [repository] },
  purposes: ['pull'],
  effect: 'warn',
});
const waiverOf = (repository: string) => ({
  id: `of-a-test-${(made += 1)}`,
  routine: 'maximum-age',
  scope: { repositories: [repository] },
  owner: 'govern',
  reason: 'a test of rights',
  from: '2026-01-01T00:00:00Z',
  expires: '2099-01-01T00:00:00Z',
});
const reads = (send: Endpoint['send']): Endpoint => ({
  send,
  private: /*****/ '401 404 200 200 200 200 200 200 200 200 200 200',
  internal: /****/ '401 200 200 200 200 200 200 200 200 200 200 200',
  public: /******/ '200 200 200 200 200 200 200 200 200 200 200 200',
});
const image = (path: string, more = '') =>
  reads((repository) => ['GET', `${path}?repository=${repository}&reference=v1${more}`]);

const endpoints: Readonly<Record<string, Endpoint>> = {
  'GET /api/v1/tags': reads((repository) => ['GET', `/api/v1/tags?repository=${repository}`]),
  'GET /api/v1/tags/history': reads((repository) => [
    'GET',
    `/api/v1/tags/history?repository=${repository}&tag=v1`,
  ]),
  'GET /api/v1/images': image('/api/v1/images'),
  'GET /api/v1/verdict': image('/api/v1/verdict'),
  'GET /api/v1/findings': image('/api/v1/findings'),
  'GET /api/v1/scans': image('/api/v1/scans'),
  // who may ask is told that no scanner is configured
  'POST /api/v1/scans': {
    send: (repository) => ['POST', '/api/v1/scans', { repository, reference: 'v1' }],
    private: /*****/ '401 404 403 400 403 403 403 403 403 403 403 400',
    internal: /****/ '401 403 403 400 403 403 403 403 403 403 403 400',
    public: /******/ '401 403 403 400 403 403 403 403 403 403 403 400',
  },
  'GET /api/v1/tombstones': image('/api/v1/tombstones'),
  'GET /api/v1/sbom': image('/api/v1/sbom'),
  'POST /api/v1/sbom/attestations': {
    send: (repository) => ['POST', '/api/v1/sbom/attestations', { repository, reference: 'v1' }],
    private: /*****/ '401 404 403 200 403 403 403 403 403 403 403 200',
    internal: /****/ '401 403 403 200 403 403 403 403 403 403 403 200',
    public: /******/ '401 403 403 200 403 403 403 403 403 403 403 200',
  },
  'GET /api/v1/files': image('/api/v1/files'),
  'GET /api/v1/files/content': image('/api/v1/files/content', '&path=mark'),
  'GET /api/v1/diff': image('/api/v1/diff', '&otherReference=v1'),
  'POST /api/v1/tags/rollback': {
    send: (repository) => ['POST', '/api/v1/tags/rollback', { repository, tag: 'v1' }],
    private: /*****/ '401 404 403 200 403 403 403 403 403 403 403 200',
    internal: /****/ '401 403 403 200 403 403 403 403 403 403 403 200',
    public: /******/ '401 403 403 200 403 403 403 403 403 403 403 200',
  },
  'POST /api/v1/holds': {
    send: (repository) => ['POST', '/api/v1/holds', held(repository)],
    private: /*****/ '401 404 403 403 403 403 403 200 403 403 403 200',
    internal: /****/ '401 403 403 403 403 403 403 200 403 403 403 200',
    public: /******/ '401 403 403 403 403 403 403 200 403 403 403 200',
  },
  'POST /api/v1/holds/release': {
    before: (repository) => asAdmin('POST', '/api/v1/holds', held(repository)),
    send: (repository) => ['POST', '/api/v1/holds/release', held(repository)],
    private: /*****/ '401 404 403 403 403 403 403 200 403 403 403 200',
    internal: /****/ '401 403 403 403 403 403 403 200 403 403 403 200',
    public: /******/ '401 403 403 403 403 403 403 200 403 403 403 200',
  },
  'GET /api/v1/promotions': reads((repository) => ['GET', `/api/v1/promotions?repository=${repository}`]),
  'GET /api/v1/snapshot': reads((repository) => ['GET', `/api/v1/snapshot?repository=${repository}`]),
  'POST /api/v1/promotions': {
    send: (to) => [
      'POST',
      '/api/v1/promotions',
      { repository: 'public/source', reference: 'v1', to, tags: [] },
    ],
    private: /*****/ '401 404 403 403 403 403 403 403 403 403 200 200',
    internal: /****/ '401 403 403 403 403 403 403 403 403 403 200 200',
    public: /******/ '401 403 403 403 403 403 403 403 403 403 200 200',
  },
  'POST /api/v1/bindings': {
    send: (repository) => ['POST', '/api/v1/bindings', bindingOf(repository)],
    private: /*****/ '401 403 403 403 403 403 403 403 200 403 403 200',
    internal: /****/ '401 403 403 403 403 403 403 403 200 403 403 200',
    public: /******/ '401 403 403 403 403 403 403 403 200 403 403 200',
  },
  'POST /api/v1/waivers': {
    send: (repository) => ['POST', '/api/v1/waivers', waiverOf(repository)],
    private: /*****/ '401 403 403 403 403 403 403 403 200 403 403 200',
    internal: /****/ '401 403 403 403 403 403 403 403 200 403 403 200',
    public: /******/ '401 403 403 403 403 403 403 403 200 403 403 200',
  },
  'GET manifest': reads((repository, { digest }) => ['GET', `/v2/${repository}/manifests/${digest}`]),
  'HEAD blob': reads((repository, { layer }) => ['HEAD', `/v2/${repository}/blobs/${layer}`]),
  'GET tags/list': reads((repository) => ['GET', `/v2/${repository}/tags/list`]),
  'GET referrers': {
    ...reads((repository, { digest }) => ['GET', `/v2/${repository}/referrers/${digest}`]),
    // The specification wants an empty list for what is not there.
    private: '401 200 200 200 200 200 200 200 200 200 200 200',
  },
  'POST blobs/uploads': {
    send: (repository) => ['POST', `/v2/${repository}/blobs/uploads/`],
    private: /*****/ '401 404 403 202 403 403 403 403 403 403 403 202',
    internal: /****/ '401 403 403 202 403 403 403 403 403 403 403 202',
    public: /******/ '401 403 403 202 403 403 403 403 403 403 403 202',
  },
  'DELETE manifest': {
    before: (repository) => push(server, smallImage({ mark: 'to be deleted' }), repository, 'gone'),
    send: (repository) => ['DELETE', `/v2/${repository}/manifests/gone`],
    private: /*****/ '401 404 403 403 202 403 403 403 403 403 403 202',
    internal: /****/ '401 403 403 403 202 403 403 403 403 403 403 202',
    public: /******/ '401 403 403 403 202 403 403 403 403 403 403 202',
  },
};

async function ask(endpoint: Endpoint, repository: string, kind: Class, role: Role): Promise<Answered> {
  const [method, path, body] = endpoint.send(repository, images.get(kind)!);
  return server.call(method, path, { ...credentials(role), ...(body && { body }) });
}

describe.each(classes)('in a %s repository', (kind) => {
  test.each(Object.keys(endpoints))('%s', async (name) => {
    const endpoint = endpoints[name]!;
    const repository = repositoryOf(kind);
    const statuses: number[] = [];
    for (const role of roles) {
      await endpoint.before?.(repository, images.get(kind)!);
      statuses.push((await ask(endpoint, repository, kind, role)).status);
    }
    // What one of them left behind must not change what the next test sees.
    await asAdmin('POST', '/api/v1/holds/release', held(repository));
    expect(statuses.join(' ')).toBe(endpoint[kind]);
  });
});

/** What an administrator may do with a name that nothing has yet. */
const makesWhatIsAbsent: ReadonlySet<string> = new Set([
  'POST blobs/uploads',
  'POST /api/v1/promotions',
  'POST /api/v1/bindings',
  'POST /api/v1/waivers',
]);

describe('what one may not read is answered as what is absent', () => {
  const answerOf = async (endpoint: Endpoint, repository: string, role: Role) => {
    const { status, text } = await ask(endpoint, repository, 'private', role);
    return { status, text: text.replaceAll(repository, 'NAME') };
  };
  test.each(Object.keys(endpoints))('%s', async (name) => {
    const endpoint = endpoints[name]!;
    for (const role of ['anonymous', 'stranger'] as const) {
      const forbidden = await answerOf(endpoint, 'private/app', role);
      expect(forbidden).toEqual(await answerOf(endpoint, 'private/none', role));
    }
  });

  test.each(Object.keys(endpoints).filter((name) => !makesWhatIsAbsent.has(name)))(
    '%s: also as to those who may read all',
    async (name) => {
      const absent = await answerOf(endpoints[name]!, 'private/none', 'admin');
      expect(await answerOf(endpoints[name]!, 'private/app', 'stranger')).toEqual(absent);
    },
  );
});

const everybody = '200 200 200 200 200 200 200 200 200 200 200 200';
const signedIn = '401 200 200 200 200 200 200 200 200 200 200 200';
const admins = '401 403 403 403 403 403 403 403 403 403 403 200';

/** What is sent is no record, which is told to those who may make one. */
const adminsAlone = admins.replace(/200$/, '400');
const records = [
  'publishers',
  'keys',
  'trust',
  'sigstore-roots',
  'trust-stores',
  'certificate-revocations',
  'layouts',
  'grant-rules',
  'bindings',
  'waivers',
];

describe('about no repository', () => {
  test.each<readonly [string, string, string]>([
    ['GET', '/', everybody],
    ['GET', '/readyz', everybody],
    ['GET', '/livez', everybody],
    ['GET', '/api/v1/about', everybody],
    ['GET', '/api/v1/whoami', everybody],
    ['GET', '/api/v1/registry/key', everybody],
    ['GET', '/api/v1/repositories', everybody],
    ['GET', '/auth/token', everybody],
    ['GET', '/v2/', signedIn],
    ['GET', '/v2/_catalog', signedIn],
    ['GET', '/api/v1/judgement', signedIn],
    ['GET', '/api/v1/advisories', signedIn],
    ['GET', '/api/v1/scanners', signedIn],
    ['POST', '/api/v1/advisories', admins],
    ['GET', '/api/v1/audit', admins],
    ['GET', '/api/v1/jobs', admins],
    ['GET', '/api/v1/jobs/dead', admins],
    ['POST', '/api/v1/jobs/retry', adminsAlone],
    ...records.map((path) => ['GET', `/api/v1/${path}`, signedIn] as const),
    ...[
      ...records.filter((path) => !['bindings', 'waivers'].includes(path)),
      'keys/rotate',
      'keys/revoke',
    ].map((path) => ['POST', `/api/v1/${path}`, adminsAlone] as const),
    ...records
      .filter((path) => !['bindings', 'waivers'].includes(path))
      .map((path) => ['POST', `/api/v1/${path}/end`, adminsAlone] as const),
    ['GET', '/api/v1/revocations', signedIn],
    ['GET', '/api/v1/grants', signedIn],
    // signatures decide: everybody may bring one, and here it is none
    ['POST', '/api/v1/grants', signedIn.replaceAll('200', '400')],
    ['POST', '/api/v1/grants/end', adminsAlone],
    ['GET', '/api/v1/collections', signedIn],
    ['POST', '/api/v1/collections', adminsAlone],
    ['POST', '/api/v1/collections/end', adminsAlone],
    ['GET', '/api/v1/none', '404 404 404 404 404 404 404 404 404 404 404 404'],
  ])('%s %s', async (method, path, expected) => {
    const statuses: number[] = [];
    for (const role of roles) {
      const body = method === 'POST' ? { body: '\n' } : {};
      statuses.push((await server.call(method, path, { ...credentials(role), ...body })).status);
    }
    expect(statuses.join(' ')).toBe(expected);
  });

  test('lists show each what they may pull', async () => {
    const listed = async (role: Role) =>
      (await server.call('GET', '/api/v1/repositories', credentials(role)))
        .json()
        .repositories.map(({ name }) => name);
    expect(await listed('anonymous')).toEqual(['public/app', 'public/source']);
    expect(await listed('stranger')).toEqual(['internal/app', 'public/app', 'public/source']);
    expect(await listed('pull')).toEqual(['internal/app', 'private/app', 'public/app', 'public/source']);
  });

  test('lists come in pages', async () => {
    const { json } = await server.call('GET', '/api/v1/repositories?limit=2', { as: admin });
    expect(json()).toMatchObject({ next: 'private/app' });
    const rest = await server.call('GET', '/api/v1/repositories?limit=2&last=private/app', { as: admin });
    expect(rest.json().repositories).toHaveLength(2);
    expect(rest.json().next).toBeUndefined();
  });

  test('who is told', async () => {
    const who = async (role: Role) =>
      (await server.call('GET', '/api/v1/whoami', credentials(role))).json().principal;
    expect([await who('anonymous'), await who('stranger'), await who('admin')]).toEqual([
      null,
      'stranger',
      'admin',
    ]);
  });
});

describe('a token narrows what its principal may', () => {
  test.each([
    ['GET', '/v2/private/app/manifests/v1', 200],
    ['GET', '/v2/internal/app/manifests/v1', 401],
    ['GET', '/v2/public/app/manifests/v1', 401],
    ['GET', '/api/v1/tags?repository=private/app', 200],
    ['GET', '/api/v1/tags?repository=internal/app', 404],
    ['POST', '/v2/private/app/blobs/uploads/', 401],
    ['DELETE', '/v2/private/app/manifests/v1', 401],
    ['POST', '/api/v1/tags/rollback', 403],
    ['POST', '/api/v1/holds', 403],
    ['GET', '/api/v1/audit', 403],
    ['POST', '/api/v1/advisories', 403],
    ['GET', '/api/v1/whoami', 200],
  ])('%s %s', async (method, path, expected) => {
    const token = await server.token(admin, 'repository:private/app:pull');
    const body = path.endsWith('rollback')
      ? { repository: 'private/app', tag: 'v1' }
      : path.endsWith('holds')
        ? held('private/app')
        : undefined;
    expect((await server.call(method, path, { token, ...(body && { body }) })).status).toBe(expected);
  });

  test('one that may push may not sign, inspect or release by that', async () => {
    const token = await server.token(`push:${password}`, 'repository:private/app:pull,push,release,*');
    expect((await server.call('POST', '/api/v1/holds', { token, body: held('private/app') })).status).toBe(
      403,
    );
    expect((await server.call('POST', '/v2/private/app/blobs/uploads/', { token })).status).toBe(202);
    const manifest = await server.call('PUT', '/v2/private/other/manifests/v1', {
      token,
      headers: { 'content-type': mediaTypes.ociManifest },
      body: '{}',
    });
    expect(manifest.status).toBe(401);
  });
});
