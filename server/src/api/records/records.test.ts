import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRevocationList } from '@wharfinger/lib/signing/revocation-list';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';

const pemOf = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
const password = 'password-of-all';
const users = [
  { name: 'ann', password, rights: [{ repositories: 'team/**', actions: ['pull', 'govern'] }] },
  { name: 'bob', password, rights: [{ repositories: 'team/app', actions: ['pull', 'govern'] }] },
  { name: 'eve', password, rights: [{ repositories: '**', actions: ['pull', 'push', 'release'] }] },
];
const configured = pemOf();
const settings = {
  users,
  trust: [{ repositories: 'conf/**', keys: [{ name: 'configured', pem: configured }] }],
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(settings);
});
afterAll(() => server?.[Symbol.asyncDispose]());

interface Answer {
  readonly records: ReadonlyArray<{ readonly name: string; readonly ended?: object; readonly id: number }>;
  readonly next?: number;
  readonly name: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly ended: { readonly document: Readonly<Record<string, unknown>> };
  readonly error: { readonly code: string; readonly message: string };
}

async function send(path: string, body?: object, who = 'admin') {
  const as = who === 'admin' ? admin : `${who}:${password}`;
  const { status, text } = await server.call(body ? 'POST' : 'GET', `/api/v1/${path}`, {
    ...(who !== 'nobody' && { as }),
    ...(body && { body }),
  });
  return { status, json: JSON.parse(text) as Answer };
}
const done = async (path: string, body: object, who?: string) => {
  const { status, json } = await send(path, body, who);
  expect([path, status, json.error]).toEqual([path, 200, undefined]);
  return json;
};
const refused = async (path: string, body: object, who?: string) => {
  const { status, json } = await send(path, body, who);
  return `${status} ${json.error?.code}: ${json.error?.message}`;
};
const judgement = async () => {
  const { text } = await server.call('GET', '/api/v1/judgement', { as: admin });
  const { payload } = JSON.parse(text) as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    version: number;
    trust: Array<{ pattern: string; signers: Array<Record<string, unknown>>; formats: string[] }>;
    bindings: Array<{ id: string }>;
    waivers: Array<{ id: string }>;
    revocations: { version: number; entries: Array<{ keyId: string; reason: string }> };
  };
};

const binding = (id: string, repositories?: string[]) => ({
  id,
  collection: 'standard',
  routine: 'maximum-age',
  parameters: { days: 30 },
  scope: repositories ? { repositories } : {},
  purposes: ['pull'],
  effect: 'warn',
});
const waiver = (id: string, repositories: string[], owner = 'bob') => ({
  id,
  routine: 'maximum-age',
  scope: { repositories },
  owner,
  reason: 'a rebuild is on its way',
  from: '2026-01-01T00:00:00Z',
  expires: '2099-01-01T00:00:00Z',
});

describe('publishers and their keys', () => {
  test('are put in force at once, with who did it, and are part of the judgement', async () => {
    const before = await judgement();
    await done('publishers', { name: 'payments', team: 'team-payments' });
    const pem = pemOf();
    await done('keys', { name: 'release', publisher: 'payments', pem, purposes: ['release'] });
    await done('trust', { repositories: 'pay/**', publishers: ['payments'] });
    const { trust, version } = await judgement();
    expect(version).toBeGreaterThan(before.version);
    expect(trust.find(({ pattern }) => pattern === 'pay/**')).toEqual({
      pattern: 'pay/**',
      formats: ['cosign-v2', 'cosign-v3'],
      signers: [
        { name: 'release', pem, purposes: ['release'], principal: 'payments', team: 'team-payments' },
      ],
    });
    const { json } = await send('keys');
    expect(json.records).toEqual([
      expect.objectContaining({ kind: 'key', name: 'release', madeBy: 'admin' }),
    ]);
    const audit = await server.call('GET', '/api/v1/audit?action=key-add', { as: admin });
    expect(audit.json().entries[0]).toMatchObject({ actor: 'admin', detail: { name: 'release' } });
  });

  test('stay when the server starts again', async () => {
    await server.restart();
    expect((await judgement()).trust.map(({ pattern }) => pattern)).toEqual(['conf/**', 'pay/**']);
  });

  test('rotate: both keys count until a time, then the new one alone', async () => {
    const overlapUntil = '2099-01-01T00:00:00.000Z';
    const pem = pemOf();
    const answer = await done('keys/rotate', {
      name: 'release',
      next: { name: 'release-2', pem },
      overlapUntil,
    });
    expect(answer.ended.document).toMatchObject({ validTo: overlapUntil, rotatedTo: 'release-2' });
    const rule = (await judgement()).trust.find(({ pattern }) => pattern === 'pay/**')!;
    expect(rule.signers).toMatchObject([
      { name: 'release', validTo: overlapUntil },
      { name: 'release-2', pem, purposes: ['release'], principal: 'payments' },
    ]);
    expect((await send('keys?ended=true')).json.records.map(({ name }) => name)).toEqual([
      'release',
      'release',
      'release-2',
    ]);
  });

  test('end, and are kept', async () => {
    expect(await refused('publishers/end', { name: 'payments', reason: 'left us' })).toMatch(
      /400 INPUT_INVALID: .*there is no publisher payments/,
    );
    await done('trust/end', { name: 'pay/**', reason: 'left us' });
    expect((await judgement()).trust.map(({ pattern }) => pattern)).toEqual(['conf/**']);
    for (const name of ['release', 'release-2']) await done('keys/end', { name, reason: 'left us' });
    await done('publishers/end', { name: 'payments', reason: 'left us' });
    expect((await send('publishers')).json.records).toEqual([]);
    expect((await send('publishers?ended=true')).json.records).toMatchObject([
      { name: 'payments', ended: { by: 'admin', reason: 'left us' } },
    ]);
    expect(await refused('publishers/end', { name: 'payments', reason: 'again' })).toMatch(/^404 NOT_FOUND/);
  });

  test.each([
    [
      'a key without its publisher',
      'keys',
      { name: 'k', publisher: 'none', pem: configured },
      'no publisher none',
    ],
    ['a private key', 'keys', { name: 'k', publisher: 'p', pem: 'nonsense' }, 'is not one PEM block'],
    [
      'a key of another kind',
      'keys',
      { name: 'k', publisher: 'p', pem: configured, algorithm: 'rsa' },
      'key of rsa',
    ],
    ['no key at all', 'keys', { name: 'k', publisher: 'p' }, 'exactly one of pem'],
    [
      'what ends before it begins',
      'keys',
      {
        name: 'k',
        publisher: 'p',
        pem: configured,
        validFrom: '2026-02-01T00:00:00Z',
        validTo: '2026-01-01T00:00:00Z',
      },
      'after validFrom',
    ],
    [
      'a time without its zone',
      'keys',
      { name: 'k', publisher: 'p', pem: configured, validTo: '2026-01-01' },
      'validTo',
    ],
    [
      'a purpose that there is not',
      'keys',
      { name: 'k', publisher: 'p', pem: configured, purposes: ['all'] },
      'purposes',
    ],
    ['a field that there is not', 'publishers', { name: 'p', nonsense: 1 }, 'nonsense'],
    ['a pattern that is none', 'trust', { repositories: 'a//b', publishers: ['p'] }, 'empty component'],
    [
      'a pattern of the configuration',
      'trust',
      { repositories: 'conf/**', publishers: ['p'] },
      'in the configuration and in a record',
    ],
    [
      'a name of the configuration',
      'keys',
      { name: 'configured', publisher: 'p', pem: configured },
      'the signer configured stands in the configuration',
    ],
    [
      'a root that there is not',
      'keys',
      {
        name: 'k',
        publisher: 'p',
        keyless: { issuer: { exact: 'a' }, subject: { exact: 'b' }, root: 'none' },
      },
      'no Sigstore root none',
    ],
    [
      'a revocation list that is none',
      'certificate-revocations',
      { name: 'c', pem: 'x' },
      'certificate revocation list c',
    ],
    ['nothing', 'publishers', {}, 'name'],
  ])('are refused with %s, and nothing is changed', async (_, path, body, message) => {
    await send('publishers', { name: 'p' });
    expect(await refused(path, body)).toContain(message);
    await send('publishers/end', { name: 'p', reason: 'of this test' });
    expect((await send('keys')).json.records).toEqual([]);
  });

  test('of one name there is one', async () => {
    await done('publishers', { name: 'twice' });
    expect(await refused('publishers', { name: 'twice' })).toMatch(/^409 RECORD_EXISTS: .*publisher twice/);
    await done('publishers/end', { name: 'twice', reason: 'of this test' });
  });

  test('made at once under one name: one is in force', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => send('publishers', { name: 'race' })));
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 7 }, () => 409),
    ]);
    await done('publishers/end', { name: 'race', reason: 'of this test' });
  });
});

describe('a configuration that does not fit the records', () => {
  test('is not put in force', async () => {
    await done('publishers', { name: 'fits' });
    await done('keys', { name: 'own', publisher: 'fits', pem: pemOf() });
    const trust = [...settings.trust, { repositories: 'more/**', keys: [{ name: 'own', pem: configured }] }];
    await expect(server.reload({ ...settings, trust })).rejects.toThrow(
      'the signer own stands in the configuration and in a record',
    );
    expect((await judgement()).trust.map(({ pattern }) => pattern)).toEqual(['conf/**']);
    await server.reload(settings);
    await done('keys/end', { name: 'own', reason: 'of this test' });
  });
});

describe('bindings and waivers', () => {
  test('are for who governs all that they are about', async () => {
    await done('bindings', binding('of-ann', ['team/**']), 'ann');
    expect(await refused('bindings', binding('of-bob', ['team/**']), 'bob')).toMatch(
      /^403 DENIED: .*govern in team/,
    );
    await done('bindings', binding('of-bob', ['team/app']), 'bob');
    for (const who of ['ann', 'bob', 'eve'])
      expect(await refused('bindings', binding('of-all'), who)).toMatch(/^403 DENIED/);
    expect(await refused('bindings', binding('of-eve', ['team/app']), 'eve')).toMatch(/^403/);
    expect(await refused('bindings', binding('of-none', ['team/app']), 'nobody')).toMatch(/^401/);
    expect((await judgement()).bindings.map(({ id }) => id)).toEqual(['of-ann', 'of-bob']);
  });

  test('are ended by who governs them, but those of an administrator by none but one', async () => {
    await done('bindings', binding('of-admin', ['team/app']));
    expect(await refused('bindings/end', { name: 'of-admin', reason: 'too strict' }, 'bob')).toMatch(
      /^403 DENIED: .*put in force by admin/,
    );
    expect(await refused('bindings/end', { name: 'of-ann', reason: 'too strict' }, 'bob')).toMatch(/^403/);
    expect(await refused('bindings/end', { name: 'none', reason: 'too strict' }, 'bob')).toMatch(/^404/);
    await done('bindings/end', { name: 'of-bob', reason: 'over' }, 'ann');
    await done('bindings/end', { name: 'of-ann', reason: 'over' }, 'ann');
    await done('bindings/end', { name: 'of-admin', reason: 'over' });
    expect((await judgement()).bindings).toEqual([]);
  });

  test('name routines that there are', async () => {
    expect(await refused('bindings', { ...binding('x'), routine: 'none' })).toMatch(/has no routine none/);
    expect(await refused('bindings', { ...binding('x'), effect: 'shout' })).toMatch(/400 BINDING_INVALID/);
  });

  test('stand in the place of what the gate binds, by its name, where who brings them may bind', async () => {
    const overlay = (id: string, repositories: string[], routine = 'maximum-age') => ({
      ...binding(id, repositories),
      routine,
      parameters: {},
      overlays: `default/${routine}`,
    });
    await done('bindings', overlay('young-here', ['team/app']), 'bob');
    expect((await judgement()).bindings).toEqual([
      expect.objectContaining({ id: 'young-here', overlays: 'default/maximum-age' }),
    ]);
    await done('bindings/end', { name: 'young-here', reason: 'over' }, 'bob');
    expect(await refused('bindings', overlay('x', ['team/**']), 'bob')).toMatch(/^403/);
    expect(await refused('bindings', overlay('x', ['team/app'], 'not-malicious'), 'bob')).toMatch(
      /would loosen default\/not-malicious, which is not delegable: effect: warn is weaker than hold/,
    );
    expect(await refused('bindings', overlay('x', ['team/app'], 'maximum-size'), 'bob')).toMatch(
      /there is no binding default\/maximum-size here/,
    );
  });

  test('a waiver has an owner who is somebody, and an end', async () => {
    expect(await refused('waivers', waiver('w', ['team/app'], 'somebody'), 'bob')).toMatch(
      /nobody is called/,
    );
    expect(await refused('waivers', waiver('w', ['team/app'], 'admin'), 'bob')).toMatch(/nobody is called/);
    const { expires: _, ...endless } = waiver('w', ['team/app']);
    expect(await refused('waivers', endless, 'bob')).toMatch(/400 WAIVER_INVALID: .*expires/);
    await done('waivers', waiver('w', ['team/app']), 'bob');
    expect((await judgement()).waivers).toMatchObject([{ id: 'w', owner: 'bob' }]);
    await done('waivers/end', { name: 'w', reason: 'rebuilt' }, 'ann');
    expect((await judgement()).waivers).toEqual([]);
  });
});

describe('the list of revoked keys', () => {
  const list = async () => {
    const pem = await readFile(join(server.folder, 'data', 'registry-key.pem'), 'utf8');
    const registry = parsePublicKey({ name: 'registry', pem: parsePrivateKey(pem, undefined).publicPem });
    const { text } = await server.call('GET', '/api/v1/revocations', { as: `eve:${password}` });
    return openRevocationList(Buffer.from(text), [registry], new Date());
  };

  test('is signed by the registry, and grows', async () => {
    const before = await list();
    expect(before.entries).toEqual([]);
    const { id } = parsePublicKey({ name: 'k', pem: configured });
    const answer = await done('keys/revoke', { key: 'configured', reason: 'found in a public repository' });
    expect(answer).toMatchObject({ keyId: id, signer: 'configured', images: 0 });
    const after = await list();
    expect(after.version).toBe(before.version + 1);
    expect(after.entries).toMatchObject([{ keyId: id, reason: 'found in a public repository' }]);
    expect((await judgement()).revocations).toEqual(after);
    await done('keys/revoke', {
      key: 'a'.repeat(64),
      reason: 'of a certificate',
      compromisedSince: '2026-01-01T00:00:00Z',
    });
    expect((await list()).entries).toHaveLength(2);
    expect((await server.call('GET', '/api/v1/revocations')).status).toBe(401);
  });

  test.each([
    [{ key: 'nobody', reason: 'no such key' }, /404 NOT_FOUND: .*no signer is called nobody/],
    [{ key: 'configured' }, /400 INPUT_INVALID: .*reason/],
    [{ key: 'configured', reason: 'to come', compromisedSince: '2099-01-01T00:00:00Z' }, /still to come/],
    [
      { key: 'configured', reason: 'no time', compromisedSince: 'yesterday' },
      /400 INPUT_INVALID: .*compromisedSince/,
    ],
  ])('refuses %o', async (body, message) => {
    expect(await refused('keys/revoke', body)).toMatch(message);
    expect(await refused('keys/revoke', body, 'eve')).toMatch(/^403 DENIED/);
  });
});
