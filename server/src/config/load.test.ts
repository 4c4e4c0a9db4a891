import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { loadConfig } from './load.ts';

let folder: string;
const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'pem',
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-config-'));
  await writeFile(join(folder, 'release.pub'), pem);
});
afterAll(() => rm(folder, { recursive: true }));

async function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(folder, 'config.yaml');
  await writeFile(file, yaml);
  return loadConfig({ WHARFINGER_CONFIG: file, ...environment });
}

async function mistakes(yaml: string, environment: Record<string, string> = {}): Promise<string> {
  try {
    await load(yaml, environment);
  } catch (error) {
    if (isWharfingerError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('configuration', () => {
  test('needs no file', async () => {
    const config = await loadConfig({});
    expect(config).toMatchObject({
      listen: '127.0.0.1:5000',
      registry: { missingParts: 'refuse', readBack: 3_600_000, manifestLimit: 8 * 1024 * 1024 },
      users: [],
    });
  });

  test('reads users, namespaces and keys beside the file', async () => {
    const config = await load(`
users:
  - { name: ci, password: longenough, rights: [{ repositories: team/**, actions: [pull, push] }] }
namespaces:
  - { name: team, class: internal, gate: hold, official: true, department: payments }
trust:
  - repositories: team/**
    keys: [{ name: release, file: release.pub }]
`);
    expect(config.namespaces[0]).toMatchObject({ name: 'team', stage: 'development', externalFacing: false });
    expect(config.trust).toEqual([
      { pattern: 'team/**', signers: [{ name: 'release', pem }], formats: ['cosign-v2', 'cosign-v3'] },
    ]);
  });

  test('reads roots, trust stores, layouts and who may break the glass', async () => {
    await writeFile(join(folder, 'root.json'), '{"mediaType":"a root"}');
    await writeFile(
      join(folder, 'layout.yaml'),
      `
name: chain
registry: wharfinger
stages:
  - name: base
    repositories: [base/*]
    teams: [{ team: platform, signers: [base-key] }]
    kinds: [origin]
    intake: false
    approvals: { needed: 0, roles: {}, signers: [] }
`,
    );
    const config = await load(`
trust:
  - repositories: team/**
    keys: [{ name: k, file: release.pub, principal: ann, team: t, purposes: [stamp], algorithm: ecdsa-p256 }]
    formats: [cosign-v3]
sigstoreRoots: [{ name: public, file: root.json }]
trustStores: [{ name: 'ca:acme', file: release.pub }]
custody: [{ repositories: prod/**, file: layout.yaml }]
grantRules:
  - { scope: { repositories: [prod/**] }, approvers: [{ name: ann, file: release.pub }], needed: 2, maxHours: 8 }
`);
    const said = { principal: 'ann', team: 't', purposes: ['stamp'], algorithm: 'ecdsa-p256' };
    expect(config.trust).toEqual([
      { pattern: 'team/**', formats: ['cosign-v3'], signers: [{ name: 'k', pem, ...said }] },
    ]);
    expect(config).toMatchObject({
      sigstoreRoots: { public: '{"mediaType":"a root"}' },
      trustStores: { 'ca:acme': pem },
      custody: [{ pattern: 'prod/**', layout: { name: 'chain', stages: [{ name: 'base' }] } }],
      grantRules: [{ approvers: [{ name: 'ann', pem }], needed: 2, maxHours: 8 }],
    });
  });

  test('lets the environment win, by the path of the setting', async () => {
    const config = await load('registry: { missingParts: refuse }', {
      WHARFINGER_REGISTRY_MISSING_PARTS: 'hold',
      WHARFINGER_INSPECTION_CONCURRENCY: '3',
      WHARFINGER_REGISTRY_READ_BACK: '0s',
      WHARFINGER_NAMESPACES: '[{"name":"a","gate":"hold"}]',
    });
    expect(config.registry).toMatchObject({ missingParts: 'hold', readBack: 0 });
    expect(config.inspection.concurrency).toBe(3);
    expect(config.namespaces[0]).toMatchObject({ name: 'a', gate: 'hold' });
  });

  test('lists all mistakes at once and says where', async () => {
    const found = await mistakes(
      `
listen: nowhere
registry: { missingParts: maybe, unknownSetting: 1 }
users: [{ name: Bad Name, password: short }]
trust: [{ repositories: a//b, keys: [] }]
`,
      { WHARFINGER_NO_SUCH: '1' },
    );
    for (const part of [
      'listen',
      'registry.missingParts',
      'unknownSetting',
      'users.0.name',
      'users.0.password',
      'trust.0.repositories',
      'trust.0.keys',
      'WHARFINGER_NO_SUCH',
    ]) {
      expect(found).toContain(part);
    }
  });

  test.each([
    ['not YAML', 'a: [', 'config.yaml'],
    ['a key twice', 'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2', 'config.yaml'],
    ['a name twice', 'namespaces: [{ name: a }, { name: a }]', 'stands twice'],
    ['the built-in user', 'users: [{ name: admin, password: longenough }]', 'admin is built in'],
    [
      'a key that is none',
      'trust: [{ repositories: a, keys: [{ name: k, pem: nonsense }] }]',
      'trust.0.keys.0 (k)',
    ],
    [
      'a key of another kind than it is to be',
      `trust: [{ repositories: a, keys: [{ name: k, algorithm: rsa, pem: ${JSON.stringify(pem)} }] }]`,
      'trust.0.keys.0 (k): it is to be a key of rsa, and is one of ecdsa-p256',
    ],
    [
      'one name for two signers',
      `trust: [{ repositories: a, keys: [{ name: k, file: release.pub }, { name: k, team: t, file: release.pub }] }]`,
      'two different signers have the name k',
    ],
    [
      'trust in nobody',
      'trust: [{ repositories: a }]',
      'at least one of keys, identities, certificates and trustPolicy',
    ],
    [
      'a root that there is not',
      `trust: [{ repositories: a, identities: [{ name: i, issuer: { exact: a }, subject: { exact: b }, root: r }] }]`,
      'i: there is no Sigstore root r',
    ],
    [
      'a trust store that there is not',
      `trust: [{ repositories: a, certificates: [{ name: c, trustStores: ['ca:x'], trustedIdentities: ['*'] }] }]`,
      '"c": there is no trust store "ca:x"',
    ],
    [
      'a glass that one alone may break',
      'grantRules: [{ approvers: [{ name: k, file: release.pub }], needed: 1, maxHours: 4 }]',
      'at least two break the glass',
    ],
    ['a layout that is none', 'custody: [{ repositories: a, file: release.pub }]', 'custody.0'],
    [
      'a key file that is not there',
      'trust: [{ repositories: a, keys: [{ name: k, file: none.pub }] }]',
      'trust.0.keys.0 (k)',
    ],
  ])('refuses %s', async (_, yaml, expected) => {
    expect(await mistakes(yaml)).toContain(expected);
  });
});

describe('scanners', () => {
  const run = (text: string, more = 'publicUrl: https://registry.example.org') =>
    `${more}\nscanners:\n  run:\n    - { name: trivy, url: 'https://scanner.example.org/', ${text} }`;

  test('are asked where they are, and told where the images are', async () => {
    const { scanners } = await load(run("repositories: ['team/**']"));
    expect(scanners).toEqual({
      concurrency: 16,
      run: [
        {
          name: 'trivy',
          url: 'https://scanner.example.org',
          registry: 'https://registry.example.org',
          repositories: ['team/**'],
          headers: {},
          pull: 'basic',
          concurrency: 2,
          requestTime: 30_000,
          time: 900_000,
          reportLimit: 32 * 2 ** 20,
          maxAge: 86_400_000,
          newDataAfter: 3_600_000,
        },
      ],
    });
  });

  test.each([
    [
      '{ type: basic, user: ann, secret: x y }',
      { authorization: `Basic ${Buffer.from('ann:x y').toString('base64')}` },
    ],
    ['{ type: bearer, secretFile: token }', { authorization: 'Bearer of-a-file' }],
    ['{ type: api-key, secret: key }', { 'x-scanneradapter-api-key': 'key' }],
  ])('are told who asks: %s', async (auth, headers) => {
    await writeFile(join(folder, 'token'), 'of-a-file\n');
    expect((await load(run(`auth: ${auth}`))).scanners.run[0]!.headers).toEqual(headers);
  });

  test.each([
    ["url: 'ftp://scanner.example.org'", /scanners.run.0.url: write an http or https address/],
    ["url: 'https://ann:secret@scanner.example.org'", /write an http or https address, without user/],
    ['auth: { type: basic, secret: x }', /scanners.run.0.auth.user/],
    ['auth: { type: bearer }', /scanners.run.0 \(trivy\).auth: give either secret or secretFile/],
    ['auth: { type: bearer, secret: a, secretFile: b }', /give either secret or secretFile/],
    ['auth: { type: bearer, secretFile: absent }', /scanners.run.0 \(trivy\).auth: .*ENOENT/],
    ["auth: { type: bearer, secret: 'two words' }", /printable ASCII/],
    ['ca: release.pub', /scanners.run.0 \(trivy\).ca: there is no PEM certificate in it/],
    ["repositories: ['team/***']", /scanners.run.0.repositories.0: this repository pattern is wrong/],
    ['time: 0s', /scanners.run.0.time: it must be longer than nothing/],
    ['time: 30d', /it may be 24h at most/],
    ['pull: token', /scanners.run.0.pull/],
    ['name: Trivy', /scanners.run.0.name: write lower-case words/],
    ['secret: x', /scanners.run.0: Unrecognized key/],
  ])('with %s are refused', async (text, expected) => {
    const lines = run(text).replace(/(url|name): '?[^,]+'?, (?=.*\b\1:)/, '');
    expect(await mistakes(lines)).toMatch(expected);
  });

  test('need an address that they can fetch images from, and names of their own', async () => {
    expect(await mistakes(run('time: 1m', ''))).toMatch(/\(trivy\): give registry, .* or publicUrl/);
    const twice = `${run('time: 1m')}\n    - { name: trivy, url: 'https://other.example.org' }`;
    expect(await mistakes(twice)).toMatch(/scanners.run.1 \(trivy\): the name stands twice/);
  });
});
