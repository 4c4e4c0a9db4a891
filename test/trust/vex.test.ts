import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { homeOf, makeKey, signer, type SigningKey } from '../harness/cosign.ts';
import { imageOf, layerOf, smallRoot } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, until, visitor, type Visitor } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';

/** About a package with a fix, which every image here has. */
const advisory = {
  id: 'CVE-2026-1234',
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};

const vex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex/1',
  author: 'payments',
  timestamp: '2026-11-22T10:00:00Z',
  version: 1,
  statements: [
    {
      vulnerability: { name: 'CVE-2026-1234' },
      products: [{ '@id': 'pkg:npm/left' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    },
  ],
};

const signers = ['ci', 'second', 'third', 'stamps'] as const;
const routine = 'no-fixable-vulnerabilities';

describe.skipIf(lacksTools(['cosign3']))('an image with a flaw that can be fixed', () => {
  let folder: string;
  let product: Product;
  let admin: Visitor;
  let reader: Visitor;
  let environment: NodeJS.ProcessEnv;
  const keys: Record<string, SigningKey> = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vex-'));
    for (const name of [...signers, 'stranger']) keys[name] = await makeKey(folder, 'p256', name);
    product = await startProduct({
      folder,
      config: {
        namespaces: [{ name: 'team', gate: 'hold' }],
        users: [
          {
            name: 'reader',
            password: 'reader-and-no-other',
            rights: [{ repositories: 'team/**', actions: ['pull'] }],
          },
        ],
        trust: [
          {
            repositories: 'team/**',
            keys: signers.map((name) => ({
              name,
              pem: keys[name]!.pem,
              purposes: [name === 'stamps' ? 'stamp' : 'attest'],
            })),
          },
        ],
      },
    });
    const login = { name: product.user, password: product.password };
    admin = visitor(product.url, login);
    reader = visitor(product.url, { name: 'reader', password: 'reader-and-no-other' });
    const home = homeOf(folder, product.host, login);
    environment = { DOCKER_CONFIG: home, HOME: home, WHARF_KEY_PASSWORD: 'a password of keys' };
    writeFileSync(join(folder, 'predicate.json'), JSON.stringify(vex));
    const imported = await admin.send('POST', '/api/v1/advisories', {
      body: `${JSON.stringify(advisory)}\n`,
    });
    if (imported.status !== 200) throw new Error(imported.message);
  });
  afterAll(async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...given: string[]) => wharf(given, { folder, environment });
  async function done(...given: string[]): Promise<string> {
    const { code, output, error } = await run(...given);
    expect([given.join(' '), code, error]).toEqual([given.join(' '), 0, '']);
    return output;
  }

  async function bind(id: string, fields: object): Promise<{ code: number | null; error: string }> {
    const document = {
      id,
      collection: 'standard',
      routine,
      purposes: ['pull', 'deploy'],
      effect: 'hold',
      ...fields,
    };
    writeFileSync(join(folder, `${id}.yaml`), JSON.stringify(document));
    return run('binding', 'add', product.host, `${id}.yaml`);
  }
  const bound = async (id: string, fields: object): Promise<void> =>
    expect(await bind(id, fields)).toMatchObject({ code: 0, error: '' });
  const overlay = (repository: string) => ({
    overlays: `default/${routine}`,
    scope: { repositories: [repository] },
    parameters: { vexBy: ['ci', 'second', 'third'] },
  });

  async function push(repository: string): Promise<string> {
    const flawed = layerOf({
      name: 'app/node_modules/left/package.json',
      body: JSON.stringify({ name: 'left', version: '1.0.0' }),
    });
    const digest = await admin.push(repository, imageOf([smallRoot(repository), flawed]), 'v1');
    await checkedVerdict(admin, repository, digest);
    return digest;
  }
  const attest = (repository: string, digest: string, key: string): Promise<string> =>
    done(
      'attest',
      `${product.host}/${repository}@${digest}`,
      '--type',
      'openvex',
      '--predicate',
      'predicate.json',
      '--key',
      `${key}.key`,
    );
  const statusOf = async (repository: string): Promise<number> =>
    (await reader.send('GET', `/v2/${repository}/manifests/v1`)).status;
  const saidOf = async (repository: string, digest: string): Promise<string> => {
    const { output, error } = await run('verdict', `${product.host}/${repository}@${digest}`);
    return `${output}${error}`;
  };

  it('is opened by a trusted VEX statement where an overlay of the default binding names its signer, until the key is revoked', async () => {
    const repository = 'team/wharf';
    const digest = await push(repository);
    expect(await statusOf(repository)).toBe(403);
    expect(await saidOf(repository, digest)).toContain(`(${routine})`);

    await attest(repository, digest, 'ci');
    // that somebody may attest does not mean that his word on flaws counts
    expect(await statusOf(repository)).toBe(403);

    await bound('beside', { ...overlay(repository), overlays: undefined });
    // a binding beside the default one loosens nothing
    expect(await statusOf(repository)).toBe(403);
    await done('binding', 'end', product.host, 'beside', '--reason', 'it is of no use');

    await bound('vex-counts', overlay(repository));
    expect(await statusOf(repository)).toBe(200);

    await done('key', 'revoke', product.host, 'ci', '--reason', 'it was lost');
    expect(await statusOf(repository)).toBe(403);
    expect(await saidOf(repository, digest)).toContain(`(${routine}, bound by vex-counts)`);
  });

  it('is opened by what cosign 3 attests, until the overlay ends', async () => {
    const repository = 'team/cosign';
    const digest = await push(repository);
    const reference = `${product.host}/${repository}@${digest}`;
    const second = signer(folder, environment['HOME']!, keys['second']!);
    await second.attest('cosign3', reference, 'openvex', vex);
    await bound('for-a-while', overlay(repository));
    expect(await statusOf(repository)).toBe(200);
    await done('binding', 'end', product.host, 'for-a-while', '--reason', 'it is fixed');
    expect(await statusOf(repository)).toBe(403);
  });

  it('is closed again by itself when the window of the overlay closes', async () => {
    const repository = 'team/window';
    const digest = await push(repository);
    await attest(repository, digest, 'third');
    const ends = new Date(Date.now() + 20_000).toISOString();
    await bound('soon-over', { ...overlay(repository), window: { until: ends } });
    await until(async () => ((await statusOf(repository)) === 403 ? true : undefined), 'the window to close');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(ends));
  });

  it.each(['stranger', 'stamps'])('stays closed to a statement by %s', async (key) => {
    const repository = `team/${key}`;
    const digest = await push(repository);
    await bound(`for-${key}`, { ...overlay(repository), parameters: { vexBy: [key] } });
    await attest(repository, digest, key);
    expect(await statusOf(repository)).toBe(403);
  });

  it('is never opened by loosening what nobody can be excused from', async () => {
    for (const name of ['not-malicious', 'not-held-by-hand', 'parts-present']) {
      const { code, error } = await bind(`loosen-${name}`, {
        routine: name,
        overlays: `default/${name}`,
        effect: 'warn',
      });
      expect(code).toBe(1);
      expect(error).toContain(`would loosen default/${name}, which is not delegable`);
    }
    const { error } = await bind('of-nothing', { overlays: 'default/maximum-size', routine: 'maximum-size' });
    expect(error).toContain('there is no binding default/maximum-size here');
  });
});
