import { openJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { makeReceipt, openReceipt } from '@wharfinger/lib/assess/receipt';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushChecked, smallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';

const hour = 3_600_000;
let offset = 0;
const clock = (): Date => new Date(Date.now() + offset);

let server: TestServer;
let digest: Digest;
const stranger = 'stranger:password-of-stranger';

beforeAll(async () => {
  server = await startTestServer(
    {
      namespaces: [{ name: 'team', gate: 'hold', department: 'web' }],
      users: [
        { name: 'stranger', password: 'password-of-stranger' },
        {
          name: 'inspector',
          password: 'password-of-inspector',
          rights: [{ repositories: '**', actions: ['pull', 'inspect'] }],
        },
      ],
    },
    { now: clock },
  );
  await importFlaw('other');
  ({ digest } = await pushChecked(server, 'team/app', 'v1', { packages: { left: '1.0.0' } }));
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function importFlaw(name: string): Promise<void> {
  const record = {
    id: `TEST-${name}`,
    modified: '2026-01-01T00:00:00Z',
    published: '2025-01-01T00:00:00Z',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
      },
    ],
  };
  await server.call('POST', '/api/v1/advisories', { as: admin, body: `${JSON.stringify(record)}\n` });
}

interface Decided {
  readonly verdict: Verdict;
  readonly receipt: object;
  readonly digest: string;
  readonly error: { readonly code: string };
  readonly decisions: ReadonlyArray<Decided>;
}

async function decide(body: object, as = admin): Promise<Decided> {
  return (await server.call('POST', '/api/v1/decisions', { as, body })).json() as unknown as Decided;
}

async function get<T>(path: string, as = admin): Promise<T> {
  const answer = await server.call('GET', path, { as });
  if (answer.status !== 200) throw new Error(answer.text);
  return JSON.parse(answer.text) as T;
}

const question = '/api/v1/verdict?repository=team/app&reference=';

/** Everything that a receipt was made of, as others get it, and the statement that they make of it. */
async function recompute(receipt: object) {
  const opened = await open(receipt);
  const registryKeys = [{ name: 'registry', pem: (await server.call('GET', '/api/v1/registry/key')).text }];
  const sealed = (await server.call('GET', '/api/v1/judgement', { as: admin })).text;
  const { judgement } = openJudgement(Buffer.from(sealed), { registryKeys, now: clock() });
  const { facts } = await get<{ facts: Facts }>(
    `/api/v1/images?repository=team/app&reference=${digest}`,
    'inspector:password-of-inspector',
  );
  const { at, purpose, advisories } = opened.predicate;
  const known = { facts };
  return makeReceipt({ known, judgement, generation: advisories!, purpose, at: new Date(at) }).statement;
}

async function open(receipt: object) {
  const key = (await server.call('GET', '/api/v1/registry/key')).text;
  return openReceipt(Buffer.from(JSON.stringify(receipt)), [{ name: 'registry', pem: key }]);
}

describe('a decision', () => {
  test('is the verdict for a purpose, with a receipt that others come to byte for byte', async () => {
    const { verdict, receipt } = await decide({ repository: 'team/app', reference: 'v1' });
    expect(verdict).toMatchObject({ outcome: 'allow', purpose: 'deploy', digest });
    const { predicate, statement } = await open(receipt);
    expect(predicate.verdict).toEqual(verdict);
    expect(await recompute(receipt)).toBe(statement);
  });

  test('is asked for by the name that this registry is reached by, and by no other', async () => {
    expect(await decide({ image: `${server.address}/team/app:v1`, purpose: 'pull' })).toMatchObject({
      digest,
    });
    for (const image of ['ghcr.io/team/app:v1', 'team/app:v1'])
      expect(await decide({ image })).toMatchObject({ error: { code: 'INPUT_INVALID' } });
    expect(await decide({ image: 'a b' })).toMatchObject({ error: { code: 'REFERENCE_INVALID' } });
  });

  test('of a batch is one for each image, whatever becomes of the others', async () => {
    const { decisions } = await decide({
      images: [
        { repository: 'team/app', reference: 'v1', purpose: 'promote' },
        { repository: 'team/app', reference: 'v9' },
        { image: `${server.address}/none:1` },
      ],
    });
    expect(decisions.map((one) => one.verdict?.outcome ?? one.error.code)).toEqual([
      'allow',
      'MANIFEST_UNKNOWN',
      'NAME_UNKNOWN',
    ]);
  });

  test.each<readonly [object, string]>([
    [{}, 'nothing'],
    [{ images: [] }, 'an empty batch'],
    [{ images: Array.from({ length: 51 }, () => ({ repository: 'team/app', reference: 'v1' })) }, 'too many'],
    [{ repository: 'team/app', reference: 'v1', purpose: 'fun' }, 'an unknown purpose'],
    [{ repository: 'team/app', reference: 'v1', force: true }, 'an unknown field'],
  ])('is not given for %o: %s', async (body) => {
    expect(await decide(body)).toMatchObject({ error: { code: 'INPUT_INVALID' } });
  });

  test('is for those who may pull', async () => {
    expect(await decide({ repository: 'team/app', reference: 'v1' }, stranger)).toMatchObject({
      error: { code: 'NAME_UNKNOWN' },
    });
  });
});

describe('a verdict at a time', () => {
  test('is recomputed from what was recorded, whatever came afterwards', async () => {
    const then = clock();
    const before = await get<Decided>(`${question}v1&at=${then.toISOString()}`);
    expect(before.verdict.outcome).toBe('allow');
    offset += hour;
    await importFlaw('left');
    await server.call('POST', '/api/v1/holds', {
      as: admin,
      body: { repository: 'team/app', reference: digest, reason: 'odd' },
    });
    const now = await get<Decided>(`${question}v1&receipt=1`);
    expect(now.verdict.outcome).toBe('hold');
    expect(now.verdict.reasons.map(({ routine }) => routine)).toEqual(
      expect.arrayContaining(['no-fixable-vulnerabilities', 'not-held-by-hand']),
    );
    const opened = await open(now.receipt);
    expect(await recompute(now.receipt)).toBe(opened.statement);
    const again = await get<Decided>(`${question}v1&at=${then.toISOString()}`);
    expect(again.verdict).toEqual(before.verdict);
    const [one, two] = await Promise.all([open(before.receipt), open(again.receipt)]);
    expect(two.statement).toBe(one.statement);
    expect(two.predicate.advisories).not.toBe(opened.predicate.advisories);
  });

  test('is none before the image was judged, nor in the future', async () => {
    const at = async (time: Date): Promise<number> =>
      (await server.call('GET', `${question}v1&at=${time.toISOString()}`, { as: admin })).status;
    expect(await at(new Date(0))).toBe(404);
    expect(await at(new Date(clock().getTime() + hour))).toBe(400);
    expect((await server.call('GET', `${question}v1&at=yesterday`, { as: admin })).status).toBe(400);
  });

  test('outlives the change of a policy and a restart', async () => {
    const then = clock();
    const before = await get<Decided>(`${question}v1&at=${then.toISOString()}`);
    offset += hour;
    await server.restart({ namespaces: [{ name: 'team', gate: 'warn' }] });
    const now = await get<Decided>(`${question}v1&receipt=1`);
    expect(now.verdict.outcome).toBe('hold'); // by hand
    expect(now.verdict.reasons.find(({ routine }) => routine === 'no-fixable-vulnerabilities')?.effect).toBe(
      'warn',
    );
    const again = await get<Decided>(`${question}v1&at=${then.toISOString()}`);
    expect(again.verdict).toEqual(before.verdict);
  });

  test('outlives the image', async () => {
    const then = clock();
    const path = `${question}${digest}&at=${then.toISOString()}`;
    const before = await get<Decided>(path);
    offset += hour;
    const deleted = await server.call('DELETE', `/v2/team/app/manifests/${digest}`, { as: admin });
    expect(deleted.status).toBe(202);
    expect((await get<Decided>(path)).verdict).toEqual(before.verdict);
    expect((await server.call('GET', path)).status).toBe(401);
    expect((await server.call('GET', `${question}${digest}`, { as: admin })).status).toBe(404);
  });

  test('is told of another image as of that one', async () => {
    const { digest: other } = smallImage({ mark: 'never pushed' });
    const answer = await server.call('GET', `${question}${other}&at=${clock().toISOString()}`, { as: admin });
    expect(answer.status).toBe(404);
  });
});
