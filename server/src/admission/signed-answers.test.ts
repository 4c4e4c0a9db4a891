import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { parseReference } from '@wharfinger/lib/oci/reference';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../cli/session.ts';
import { adminPassword, admin, startTestServer, type TestServer } from '../testing/running-server.ts';
import { pushChecked } from '../testing/pushed-image.ts';
import type { Decision } from './decision.ts';
import { makeServerJudge } from './server-judge.ts';

/** What stands between: it sees what is asked and answered, and may answer something else. */
type Meddling = (path: string, asked: string, answer: () => Promise<string>) => Promise<string>;

interface Answer {
  verdict: { digest: string; outcome: string; reasons: unknown[] };
  children?: object[];
  receipt?: object;
}

let server: TestServer;
let middle: Server;
let meddle: Meddling;
let folder: string;
let clock: number;
let good: Digest;
let bad: Digest;
let index: Digest;
let states = 0;

const honest: Meddling = (_, __, answer) => answer();
const login = async () => ({ username: 'admin', password: adminPassword });

async function pushIndex(repository: string, ...children: readonly Digest[]): Promise<Digest> {
  const manifests = [];
  for (const digest of children) {
    const { text: bytes } = await server.call('GET', `/v2/${repository}/manifests/${digest}`, { as: admin });
    const platform = { os: 'linux', architecture: 'amd64' };
    manifests.push({ mediaType: mediaTypes.ociManifest, digest, size: bytes.length, platform });
  }
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const body = Buffer.from(JSON.stringify(document));
  const headers = { 'content-type': mediaTypes.ociIndex };
  await server.call('PUT', `/v2/${repository}/manifests/${digestOf(body)}`, { as: admin, body, headers });
  return digestOf(body);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signed-answers-'));
  server = await startTestServer({
    registry: { identity: 'reg.acme' },
    namespaces: [{ name: 'team', gate: 'warn' }],
  });
  const same = { mark: 'good', created: new Date().toISOString() };
  good = (await pushChecked(server, 'team/app', 'good', same)).digest;
  bad = (await pushChecked(server, 'team/app', 'bad', { mark: 'bad' })).digest;
  await pushChecked(server, 'team/other', 'good', same);
  index = await pushIndex('team/app', good, bad);
  const hold = { repository: 'team/app', reference: bad, reason: 'it is bad' };
  await server.call('POST', '/api/v1/holds', { as: admin, body: hold });
  await writeFile(join(folder, 'key.pub'), (await server.call('GET', '/api/v1/registry/key')).text);
  middle = createServer((request, response) => {
    void (async () => {
      const asked = await text(request);
      const { authorization } = request.headers;
      const real = await fetch(`${server.url}${request.url}`, {
        method: request.method!,
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        ...(asked !== '' && { body: asked }),
      });
      const told = ['content-type', 'www-authenticate'].flatMap((name) => {
        const value = real.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      const body = await meddle(request.url!, asked, () => real.text());
      response.writeHead(real.status, Object.fromEntries(told)).end(body);
    })();
  }).listen(0, '127.0.0.1');
  await once(middle, 'listening');
});
afterAll(async () => {
  middle?.close();
  middle?.closeAllConnections();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  meddle = honest;
  clock = 0;
});

function newJudge(fields: { state?: string; identity?: string } = {}) {
  const { state = `state-${(states += 1)}`, identity } = fields;
  const surroundings = { output: process.stderr, error: process.stderr };
  const environment = { XDG_STATE_HOME: join(folder, state) };
  const session: Session = {
    ...openSession({ ...surroundings, environment }, { json: true, color: false }),
    now: () => new Date(Date.now() + clock),
  };
  return makeServerJudge({
    server: `http://127.0.0.1:${(middle.address() as AddressInfo).port}`,
    platforms: ['linux/amd64'],
    login,
    trust: { keys: [join(folder, 'key.pub')], session, ...(identity !== undefined && { identity }) },
  });
}

const ask = (reference: string, judge = newJudge()): Promise<Decision> =>
  judge.judge(parseReference(`r.example/team/app${reference}`), AbortSignal.timeout(20_000));

/** Changes the answers about decisions. */
const changing =
  (change: (answer: Answer, asked: string) => Answer | Promise<Answer>): Meddling =>
  async (path, asked, answer) =>
    path === '/api/v1/decisions'
      ? JSON.stringify(await change(JSON.parse(await answer()) as Answer, asked))
      : answer();

/** JSON leaves out what is undefined. */
const without = (field: keyof Answer): Meddling => changing((answer) => ({ ...answer, [field]: undefined }));

async function receiptOf(body: object): Promise<object> {
  const { text: answer } = await server.call('POST', '/api/v1/decisions', { as: admin, body });
  return (JSON.parse(answer) as { receipt: object }).receipt;
}

describe('answers that the registry signed', () => {
  test('are believed, for an image and for all that a node might take out of an index', async () => {
    expect(await ask(':good')).toMatchObject({ digest: good, outcome: expect.stringMatching(/allow|warn/) });
    expect(await ask(`@${bad}`)).toMatchObject({ digest: bad, outcome: 'hold' });
    const { outcome, reasons } = await ask(`@${index}`);
    expect(outcome).toBe('hold');
    expect(reasons.join()).toContain('it is bad');
    expect((await ask(':good', newJudge({ identity: 'reg.acme' }))).digest).toBe(good);
  });

  test.each<readonly [string, Meddling, string, string]>([
    [
      'an outcome that was changed',
      changing((answer) => ({ ...answer, verdict: { ...answer.verdict, outcome: 'allow', reasons: [] } })),
      '@BAD',
      'hold',
    ],
    ['children that were left out', without('children'), '@INDEX', 'hold'],
  ])('count for what was signed: not %s', async (_, meddling, reference, outcome) => {
    meddle = meddling;
    const named = reference.replace('BAD', bad).replace('INDEX', index);
    expect((await ask(named)).outcome).toBe(outcome);
  });

  test.each<readonly [string, () => Meddling, string]>([
    ['without a receipt', () => without('receipt'), 'cannot be relied on'],
    [
      'with a receipt that another key signed',
      () =>
        changing((answer) => ({ ...answer, receipt: { ...answer.receipt, signatures: [{ sig: 'AAAA' }] } })),
      'none of the trusted keys',
    ],
    [
      'with a receipt of another image',
      () =>
        changing(async (answer) => ({
          ...answer,
          receipt: await receiptOf({ repository: 'team/app', reference: good }),
        })),
      'it is about',
    ],
    [
      'with a receipt of the same image in another repository',
      () =>
        changing(async (answer) => ({
          ...answer,
          receipt: await receiptOf({ repository: 'team/other', reference: good }),
        })),
      'it is about team/other',
    ],
    [
      'with a receipt for another purpose',
      () =>
        changing(async (answer) => ({
          ...answer,
          receipt: await receiptOf({ repository: 'team/app', reference: bad, purpose: 'pull' }),
        })),
      'for the purpose pull',
    ],
  ])('are refused %s', async (_, meddling, why) => {
    meddle = meddling();
    await expect(ask(`@${bad}`)).rejects.toThrow(why);
  });

  test('are refused when they were kept, or are of another registry', async () => {
    const kept = await receiptOf({ repository: 'team/app', reference: good });
    meddle = changing((answer) => ({ ...answer, receipt: kept }));
    expect((await ask(`@${good}`)).digest).toBe(good);
    clock = 6 * 60_000;
    await expect(ask(`@${good}`)).rejects.toThrow('not of now');
    clock = 0;
    await expect(ask(`@${good}`, newJudge({ identity: 'reg.other' }))).rejects.toThrow('not of reg.other');
  });

  test('are refused by an older judgement than this machine has seen, whoever asks next', async () => {
    const old = await receiptOf({ repository: 'team/app', reference: good });
    const binding = {
      id: `other-${states}`,
      scope: { repositories: ['team/nothing'] },
      collection: 'standard',
      routine: 'non-root',
      parameters: {},
      purposes: ['deploy'],
      effect: 'warn',
    };
    expect((await server.call('POST', '/api/v1/bindings', { as: admin, body: binding })).status).toBe(200);
    expect((await ask(`@${good}`, newJudge({ state: 'one' }))).digest).toBe(good);
    meddle = changing((answer) => ({ ...answer, receipt: old }));
    await expect(ask(`@${good}`, newJudge({ state: 'one' }))).rejects.toThrow('was seen before');
    expect((await ask(`@${good}`, newJudge({ state: 'two' }))).digest).toBe(good);
  });

  test('are refused where the manifest of an index is another one', async () => {
    const other = await pushIndex('team/app', good);
    meddle = async (path, _, answer) =>
      path.endsWith(`/manifests/${index}`)
        ? (await server.call('GET', `/v2/team/app/manifests/${other}`, { as: admin })).text
        : answer();
    await expect(ask(`@${index}`)).rejects.toThrow(index);
  });

  test('of many at once note what was seen without getting in each other’s way', async () => {
    const judge = newJudge();
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(`@${good}`, judge)));
    expect(new Set(all.map(({ digest }) => digest))).toEqual(new Set([good]));
  });
});
