import { openJudgement } from '@wharfinger/lib/assess/judgement-seal';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { found, metadataOf, send, startScanner, type TestScanner } from '../../scanners/scanner.fixtures.ts';
import { push, pushChecked, smallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';

let scanner: TestScanner;
let server: TestServer;
const as = (name: string): string => `${name}:password-of-${name}`;

const settings = (more: object = {}, run: readonly object[] = []) => ({
  registry: { readBack: '0s' },
  users: ['reader', 'pusher'].map((name) => ({
    name,
    password: `password-of-${name}`,
    rights: [{ repositories: '**', actions: name === 'pusher' ? ['pull', 'push'] : ['pull'] }],
  })),
  scanners: {
    run: [
      {
        name: 'test',
        url: scanner.url,
        repositories: ['team/**'],
        registry: server?.url ?? 'http://127.0.0.1:1',
        time: '10m',
        newDataAfter: '0s',
        ...more,
      },
      ...run,
    ],
  },
});

beforeAll(async () => {
  scanner = await startScanner();
  server = await startTestServer(settings());
  await server.reload(settings());
  const binding = {
    id: 'scanned',
    collection: 'standard',
    routine: 'scanner-report',
    parameters: { scanner: 'test' },
    scope: { repositories: ['team/**'] },
    purposes: ['pull'],
    effect: 'hold',
  };
  const { status, text } = await server.call('POST', '/api/v1/bindings', { as: admin, body: binding });
  if (status !== 200) throw new Error(`${status} ${text}`);
});
afterEach(() => {
  scanner.behave = () => undefined;
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await scanner?.[Symbol.asyncDispose]();
});

interface Scan {
  readonly state: string;
  readonly due?: string;
  readonly problem?: string;
  readonly failures: number;
  readonly report?: { readonly asked: string; readonly data?: string; readonly findings: readonly object[] };
  readonly attempts: ReadonlyArray<{ readonly outcome: string; readonly problem?: string }>;
}

const query = (repository: string) => `repository=${repository}&reference=v1`;
const get = async <T>(path: string): Promise<T> =>
  (await server.call('GET', path, { as: admin })).json() as unknown as T;
const scanOf = async (repository: string): Promise<Scan> =>
  (await get<{ scans: [Scan] }>(`/api/v1/scans?${query(repository)}`)).scans[0];
const verdictOf = async (repository: string) =>
  (
    await get<{
      verdict: {
        outcome: string;
        passed: string[];
        reasons: ReadonlyArray<{ routine: string; message: string }>;
      };
    }>(`/api/v1/verdict?${query(repository)}`)
  ).verdict;
const reasonOf = async (repository: string): Promise<string | undefined> =>
  (await verdictOf(repository)).reasons.find(({ routine }) => routine === 'scanner-report')?.message;
const ask = (repository: string, more: object = {}, name = 'pusher') =>
  server.call('POST', '/api/v1/scans', { as: as(name), body: { repository, reference: 'v1', ...more } });

describe('an image that a scanner is asked about', () => {
  test('is held until there is a report, and served when that has nothing that counts', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly object[]>();
    scanner.found = () => promise;
    await push(server, smallImage({ mark: 'clean' }), 'team/clean', 'v1');
    await until(async () => scanner.asked.length > 0);
    const held = await server.call('GET', '/v2/team/clean/manifests/v1', { as: as('reader') });
    expect([held.status, held.text]).toEqual([
      403,
      expect.stringContaining('not checked yet: the scanner test has not reported on it'),
    ]);
    expect((await scanOf('team/clean')).state).toBe('none');
    resolve([found({ severity: 'Medium' })]);
    await until(async () => (await reasonOf('team/clean')) === undefined);
    const served = await server.call('GET', '/v2/team/clean/manifests/v1', { as: as('reader') });
    expect(served.status).toBe(200);
    expect(await scanOf('team/clean')).toMatchObject({
      state: 'reported',
      failures: 0,
      report: { findings: [{ id: 'CVE-2026-0001', severity: 'medium' }], data: '2026-01-01T00:00:00.000Z' },
      attempts: [{ outcome: 'reported' }],
    });
  });

  test('is held for what the report says, with one event that names its cause', async () => {
    scanner.found = () => [found({ severity: 'Critical' })];
    await pushChecked(server, 'team/bad', 'v1', { mark: 'bad' });
    await until(async () => (await scanOf('team/bad')).state === 'reported');
    await until(async () => (await reasonOf('team/bad'))?.includes('CVE-2026-0001') ?? false);
    expect(await reasonOf('team/bad')).toBe(
      'the scanner test found 1 at or above high: left-pad 1.3.0 has CVE-2026-0001 (critical), fixed in 1.3.1',
    );
    const { events } = await get<{ events: ReadonlyArray<{ cause: { facts: string[] } }> }>(
      '/api/v1/events?repository=team/bad',
    );
    const caused = events.filter(({ cause }) => cause.facts.includes('scanners'));
    expect(caused).toHaveLength(1);
  });

  test('is told where it is, and what it wants to know, as the specification has it', async () => {
    const { digest } = await pushChecked(server, 'team/told', 'v1', { mark: 'told' });
    await until(async () => (await scanOf('team/told')).state === 'reported');
    const asked = scanner.asked.find(({ artifact }) => artifact.digest === digest)!;
    expect(asked).toEqual({
      registry: { url: server.url, authorization: expect.stringMatching(/^Basic [A-Za-z0-9+/=]+$/) },
      artifact: {
        repository: 'team/told',
        digest,
        tag: 'v1',
        mime_type: 'application/vnd.oci.image.manifest.v1+json',
      },
      enabled_capabilities: [
        {
          type: 'vulnerability',
          produces_mime_types: ['application/vnd.security.vulnerability.report; version=1.1'],
        },
      ],
    });
  });

  test('is asked about once, however many repositories it lies in, and by those scanners alone that are bound', async () => {
    scanner.found = () => [];
    const image = smallImage({ mark: 'in many' });
    await push(server, image, 'team/one', 'v1');
    await push(server, image, 'team/two', 'v1');
    await push(server, image, 'other/app', 'v1');
    await until(async () => (await reasonOf('team/one')) === undefined);
    await until(async () => (await reasonOf('team/two')) === undefined);
    expect(scanner.asked.filter(({ artifact }) => artifact.digest === image.digest)).toHaveLength(1);
    const other = await get<{ scans: readonly object[] }>(`/api/v1/scans?${query('other/app')}`);
    expect(other.scans).toEqual([]);
  });

  test('is judged wherever it came to while the scanner was at it', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly object[]>();
    scanner.found = () => promise;
    const image = smallImage({ mark: 'on its way' });
    await push(server, image, 'team/early', 'v1');
    await until(async () => scanner.asked.some(({ artifact }) => artifact.digest === image.digest));
    await push(server, image, 'team/late', 'v1');
    await until(async () => (await reasonOf('team/late'))?.includes('has not reported') ?? false);
    resolve([]);
    await until(async () => (await reasonOf('team/early')) === undefined);
    await until(async () => (await reasonOf('team/late')) === undefined);
    expect(scanner.asked.filter(({ artifact }) => artifact.digest === image.digest)).toHaveLength(1);
  });

  test('stays held where the scanner fails, and is tried again', async () => {
    const problems: string[] = [];
    scanner.behave = ({ path }, response) => {
      if (path !== '/api/v1/scan') return undefined;
      problems.push(path);
      return send(response, 500, 'application/json', { error: { message: 'Bearer of bad news' } });
    };
    await pushChecked(server, 'team/failing', 'v1', { mark: 'failing' });
    await until(async () => (await reasonOf('team/failing'))?.includes('came to no report') ?? false);
    expect(await reasonOf('team/failing')).toBe(
      'the scanner test came to no report: it answered 500 to the request for a scan',
    );
    scanner.behave = () => undefined;
    scanner.found = () => [];
    expect((await ask('team/failing')).status).toBe(202);
    await until(async () => (await reasonOf('team/failing')) === undefined);
    const scan = await scanOf('team/failing');
    expect(scan).toMatchObject({ state: 'reported', failures: 0 });
    expect(scan.problem).toBeUndefined();
    // on a busy machine it has been tried again by itself before it was asked for
    const outcomes = scan.attempts.map(({ outcome }) => outcome);
    expect([outcomes[0], outcomes.at(-1)]).toEqual(['reported', 'failed']);
  });

  test('keeps its last report while the scanner fails', async () => {
    const { report } = await scanOf('team/failing');
    scanner.behave = ({ path }, response) =>
      path === '/api/v1/scan' ? send(response, 503, 'application/json', {}) : undefined;
    await ask('team/failing');
    await until(async () => (await scanOf('team/failing')).failures > 0);
    expect(await reasonOf('team/failing')).toBeUndefined();
    expect((await scanOf('team/failing')).report).toEqual(report);
    scanner.behave = () => undefined;
  });

  test('is asked about again when the scanner knows more', async () => {
    const before = (await scanOf('team/bad')).report!.asked;
    scanner.found = () => [];
    scanner.metadata = metadataOf({
      properties: { 'harbor.scanner-adapter/vulnerability-database-updated-at': '2026-02-01T00:00:00Z' },
    });
    // the scanner is asked about itself when a configuration is read
    await server.reload(settings());
    await until(async () => (await scanOf('team/bad')).report!.asked !== before);
    await until(async () => (await reasonOf('team/bad')) === undefined);
    expect((await scanOf('team/bad')).report!.data).toBe('2026-02-01T00:00:00.000Z');
  });

  test('is asked about again on request, by those who may push it', async () => {
    const { asked: before } = (await scanOf('team/bad')).report!;
    expect((await ask('team/bad', {}, 'reader')).status).toBe(403);
    const none = await ask('team/bad', { scanner: 'nobody' });
    expect([none.status, none.json().error.remedy]).toEqual([400, expect.stringContaining('test')]);
    const { status, json } = await ask('team/bad', { scanner: 'test' });
    expect([status, json()]).toMatchObject([202, { repository: 'team/bad', scanners: ['test'] }]);
    await until(async () => (await scanOf('team/bad')).report!.asked !== before);
    const { entries } = await get<{ entries: ReadonlyArray<{ action: string; actor: string | null }> }>(
      '/api/v1/audit?repository=team/bad',
    );
    expect(entries.filter(({ action }) => action === 'scan-ask')).toMatchObject([{ actor: 'pusher' }]);
  });

  test('is judged by its last report when advisories change, and later from what was recorded', async () => {
    scanner.found = () => [found({ severity: 'Low' })];
    const packages = { 'left-pad': '1.3.0' };
    await push(server, smallImage({ mark: 'again', packages }), 'team/again', 'v1');
    await until(async () => (await scanOf('team/again')).state === 'reported');
    await until(async () => (await verdictOf('team/again')).passed.includes('scanner-report'));
    const advisory = {
      id: 'GHSA-test-test-test',
      modified: '2026-01-01T00:00:00Z',
      published: '2026-01-01T00:00:00Z',
      summary: 'pads too far',
      affected: [
        {
          package: { ecosystem: 'npm', name: 'left-pad' },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.3.1' }] }],
        },
      ],
    };
    const body = `${JSON.stringify(advisory)}\n`;
    expect((await server.call('POST', '/api/v1/advisories', { as: admin, body })).status).toBe(200);
    await until(async () => !(await verdictOf('team/again')).passed.includes('no-fixable-vulnerabilities'));
    expect((await verdictOf('team/again')).passed).toContain('scanner-report');
    const { facts } = await get<{ facts: Facts }>(`/api/v1/images?${query('team/again')}`);
    expect([facts.findings?.length, facts.scanners?.['test']?.counts?.low]).toEqual([1, 1]);
    // made anew from what was recorded
    const { verdict } = await get<{ verdict: { passed: string[] } }>(
      `/api/v1/verdict?${query('team/again')}&at=${new Date().toISOString()}`,
    );
    expect(verdict.passed).toContain('scanner-report');
  });

  test('is judged elsewhere by a judgement that names the scanners', async () => {
    const { text } = await server.call('GET', '/api/v1/judgement', { as: admin });
    const { judgement } = openJudgement(Buffer.from(text), {
      registryKeys: [],
      now: new Date(),
      unsigned: true,
    });
    expect(judgement.scanners).toEqual([{ pattern: 'team/**', name: 'test' }]);
  });

  test('is judged without a scanner that is no longer configured', async () => {
    const { scanners: _, ...rest } = settings();
    await server.reload(rest);
    await until(
      async () => (await reasonOf('team/clean'))?.includes('no report of a scanner is known') ?? false,
    );
    const other = await get<{ scans: readonly object[] }>(`/api/v1/scans?${query('team/clean')}`);
    expect(other.scans).toEqual([]);
    await server.reload(settings());
    await until(async () => (await reasonOf('team/clean')) === undefined);
  });

  test('loses no question when the server ends in the midst of it', async () => {
    scanner.found = () => new Promise(() => {});
    const image = smallImage({ mark: 'interrupted' });
    const { digest } = image;
    await push(server, image, 'team/interrupted', 'v1');
    await until(async () => scanner.asked.some(({ artifact }) => artifact.digest === digest));
    scanner.found = () => [];
    await server.restart();
    await server.reload(settings());
    await until(async () => (await reasonOf('team/interrupted')) === undefined);
    expect(await scanOf('team/interrupted')).toMatchObject({ state: 'reported', failures: 0 });
  });
});

describe('the state of scanners', () => {
  test('says what they know and whether they answer', async () => {
    const unknown = {
      name: 'away',
      url: 'http://127.0.0.1:1',
      registry: server.url,
      repositories: ['none/**'],
    };
    await server.reload(settings({}, [unknown]));
    const states = async () =>
      (await get<{ scanners: ReadonlyArray<Record<string, unknown>> }>('/api/v1/scanners')).scanners;
    await until(async () => (await states())[1]?.['state'] === 'failed');
    expect(await states()).toMatchObject([
      {
        name: 'test',
        url: scanner.url,
        repositories: ['team/**'],
        state: 'ready',
        scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
        data: '2026-02-01T00:00:00.000Z',
      },
      { name: 'away', state: 'failed', problem: expect.stringMatching(/nothing listens there$/) },
    ]);
    expect((await server.call('GET', '/api/v1/scanners')).status).toBe(401);
  });
});

describe('what is lent to a scanner', () => {
  const held = async (repository: string, found: TestScanner['found'] = () => new Promise(() => {})) => {
    scanner.found = found;
    const image = smallImage({ mark: repository });
    await push(server, image, repository, 'v1');
    await until(async () => scanner.asked.some(({ artifact }) => artifact.digest === image.digest));
    const { registry } = scanner.asked.findLast(({ artifact }) => artifact.digest === image.digest)!;
    return { image, authorization: registry.authorization };
  };
  const status = async (method: string, path: string, authorization: string, body?: object) =>
    (await server.call(method, path, { headers: { authorization }, ...(body && { body }) })).status;

  test.each(['basic', 'bearer'])('is one image, held as it is, and nothing else: %s', async (pull) => {
    await server.reload(settings({ pull, concurrency: 20 }));
    const repository = `team/lent-${pull}`;
    const other = smallImage({ mark: 'another' });
    await push(server, other, repository, 'v2');
    const { image, authorization } = await held(repository);
    const refused = await server.call('GET', `/v2/${repository}/manifests/v1`, { as: as('reader') });
    expect(refused.status).toBe(403);
    const config = image.blobs.find(([digest]) => digest !== image.layer)![0];
    const own = [`manifests/${image.digest}`, `blobs/${image.layer}`, `blobs/${config}`];
    for (const path of own)
      for (const method of ['GET', 'HEAD'])
        expect([path, await status(method, `/v2/${repository}/${path}`, authorization)]).toEqual([path, 200]);
    expect(await status('GET', '/v2/', authorization)).toBe(200);
    const foreign = other.blobs
      .map(([digest]) => digest)
      .find((digest) => !image.blobs.some(([own]) => own === digest))!;
    const closed = [
      ['GET', `/v2/${repository}/manifests/v1`],
      ['GET', `/v2/${repository}/manifests/v2`],
      ['GET', `/v2/${repository}/manifests/${other.digest}`],
      ['GET', `/v2/${repository}/blobs/${foreign}`],
      ['HEAD', `/v2/${repository}/blobs/${foreign}`],
      ['GET', `/v2/team/clean/blobs/${image.layer}`],
      ['GET', `/v2/team/clean/manifests/${image.digest}`],
      ['GET', `/v2/${repository}/tags/list`],
      ['GET', `/v2/${repository}/referrers/${image.digest}`],
      ['GET', '/v2/_catalog'],
      ['DELETE', `/v2/${repository}/manifests/${image.digest}`],
      ['DELETE', `/v2/${repository}/blobs/${image.layer}`],
      ['PUT', `/v2/${repository}/manifests/v3`],
      ['POST', `/v2/${repository}/blobs/uploads/`],
      ['POST', `/v2/team/clean/blobs/uploads/?mount=${image.layer}&from=${repository}`],
      ['GET', `/api/v1/verdict?repository=${repository}&reference=v1`],
      ['GET', `/api/v1/scans?repository=${repository}&reference=v1`],
      ['GET', '/api/v1/repositories'],
      ['GET', '/api/v1/scanners'],
    ] as const;
    for (const [method, path] of closed)
      expect([path, await status(method, path, authorization)]).toEqual([
        path,
        expect.toSatisfy((code: number) => code === 401 || code === 404),
      ]);
    const answered = await server.call('GET', `/auth/token?scope=repository:**:push,pull`, {
      headers: { authorization },
    });
    const exchanged = `Bearer ${answered.json().token}`;
    expect(await status('GET', `/v2/${repository}/${own[0]}`, exchanged)).toBe(200);
    expect(await status('GET', `/v2/${repository}/manifests/${other.digest}`, exchanged)).toBe(404);
    expect(await status('PUT', `/v2/${repository}/manifests/v3`, exchanged)).toBe(401);
    const reads = async () =>
      (
        await get<{ entries: ReadonlyArray<{ actor: string; detail: object }> }>(
          `/api/v1/audit?repository=${repository}&action=read-held`,
        )
      ).entries;
    await until(async () => (await reads()).length > 0);
    expect((await reads())[0]).toMatchObject({ actor: 'scanner/test', detail: { by: 'examiner' } });
    // whoever may do what is another thing from now on
    await server.reload(settings({ pull, concurrency: 20 }));
    for (const one of [authorization, exchanged])
      expect(await status('GET', `/v2/${repository}/${own[0]}`, one)).toBe(401);
  });

  test.each([
    ['with a report', 200, 'reported'],
    ['without one', 500, 'failed'],
  ])('is taken back when the scan ends %s', async (_, answered, state) => {
    await server.reload(settings({ concurrency: 20 }));
    const repository = `team/ended-${state}`;
    const end = Promise.withResolvers<void>();
    const { image, authorization } = await held(repository, () => end.promise.then(() => []));
    const path = `/v2/${repository}/manifests/${image.digest}`;
    expect(await status('GET', path, authorization)).toBe(200);
    if (answered === 500)
      scanner.behave = (sent, response) =>
        sent.path.endsWith('/report') ? send(response, 500, 'application/json', {}) : undefined;
    end.resolve();
    await until(async () => (await scanOf(repository)).state === state);
    expect(await status('GET', path, authorization)).toBe(401);
  });
});
