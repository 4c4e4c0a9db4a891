import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { homeOf } from '../harness/cosign.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, visitor, type Visitor } from '../harness/registry-client.ts';

const collectionText = (version: string, limit: number) => `name: house
version: ${version}
description: what our house asks
routines:
  - name: few-layers
    title: Few layers
    description: An image has few layers.
    appliesTo: [image]
    needs: []
    expression: size(image.layers) <= ${limit}
    message: '"it has " + string(size(image.layers)) + " layers"'
    remedy: build with fewer steps
    tests:
      - { name: one layer, facts: {}, expect: pass }
`;

const ruleOfNamespaces = [
  { name: 'rules', gate: 'hold' },
  { name: 'prod', gate: 'hold' },
];

interface Record {
  readonly name: string;
  readonly version: number;
  readonly document: Readonly<{ [field: string]: unknown }>;
}

describe('records of a registry, from the command line', () => {
  let folder: string;
  let product: Product;
  let other: Product;
  let admin: Visitor;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'records-'));
    const users = [
      {
        name: 'ann',
        password: 'password-of-ann',
        rights: [{ repositories: 'prod/**', actions: ['pull', 'govern'] }],
      },
    ];
    product = await startProduct({
      folder: join(folder, 'one'),
      config: { users, namespaces: ruleOfNamespaces },
    });
    other = await startProduct({
      folder: join(folder, 'two'),
      config: { namespaces: [{ name: 'rules', class: 'public' }] },
    });
    admin = visitor(product.url, { name: product.user, password: product.password });
    const home = homeOf(folder, product.host, { name: product.user, password: product.password });
    const auth = Buffer.from(`${product.user}:${product.password}`).toString('base64');
    const auths = { [product.host]: { auth }, [other.host]: { auth } };
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths }));
    environment = { DOCKER_CONFIG: home, HOME: home, WHARF_KEY_PASSWORD: 'a password of keys' };
    for (const name of ['release', 'next', 'eve', 'bob'])
      await done('key', 'generate', '--output-key-prefix', name);
  });
  afterAll(async () => {
    await product?.stop();
    await other?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...given: string[]): Promise<Ran> => wharf(given, { folder, environment });
  async function done(...given: string[]): Promise<string> {
    const { code, output, error } = await run(...given);
    expect([given.join(' '), code, error]).toEqual([given.join(' '), 0, '']);
    return output;
  }
  const json = async <T>(...given: string[]): Promise<T> => JSON.parse(await done(...given, '--json')) as T;
  async function refused(...given: string[]): Promise<string> {
    const { code, error } = await run(...given);
    expect([given.join(' '), code]).toEqual([given.join(' '), 1]);
    return error;
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  async function pushed(repository: string, tag = 'v1', layers = 1) {
    const roots = Array.from({ length: layers }, (_, at) => smallRoot(`${repository} ${tag} ${at}`));
    const digest = await admin.push(repository, imageOf(roots), tag);
    return { repository, digest, verdict: await checkedVerdict(admin, repository, digest) };
  }
  const verdictOn = (repository: string, digest: string) => checkedVerdict(admin, repository, digest);

  it('publishers, keys and trust: entered, listed, rotated, revoked, ended', async () => {
    const { host } = product;
    await done('publisher', 'add', host, 'payments', '--team', 'payments');
    await done(
      'publisher',
      'key',
      host,
      'payments',
      'release',
      '--key',
      'release.pub',
      '--valid-to',
      '2099-01-01T00:00:00Z',
    );
    await done('trust', 'add', host, 'prod/**', '--publisher', 'payments');
    await done('trust', 'add', host, 'rules/**', '--publisher', 'payments');
    expect(await done('publisher', 'ls', host)).toMatch(
      /payments +payments +prod\/\*\*, rules\/\*\* +release +release, attest +2099/,
    );

    const image = await pushed('prod/app');
    expect(image.verdict.outcome).toBe('hold');
    const reference = `${host}/prod/app@${image.digest}`;
    await done('sign', reference, '--key', 'release.key');
    expect((await verdictOn('prod/app', image.digest)).reasons.map(({ routine }) => routine)).not.toContain(
      'signed',
    );

    const rotated = await json<{ ended: Record; next: Record }>(
      'publisher',
      'rotate',
      host,
      'release',
      'next',
      '--key',
      'next.pub',
      '--overlap-until',
      '2098-01-01T00:00:00Z',
    );
    expect(rotated.ended.document).toMatchObject({ validTo: '2098-01-01T00:00:00.000Z', rotatedTo: 'next' });
    expect(rotated.next.document).toMatchObject({ publisher: 'payments' });
    expect(rotated.next.document).not.toHaveProperty('validTo');

    expect(await done('key', 'revoke', host, 'release', '--reason', 'laptop stolen, INC-77')).toMatch(
      /release is revoked \(list \d+\); 1 image that it signed will be judged anew/,
    );
    const { reasons } = await verdictOn('prod/app', image.digest);
    expect(JSON.stringify(reasons)).toContain('laptop stolen, INC-77');
    expect(await done('publisher', 'ls', host)).toMatch(/ release +release, attest +revoked 20\d\d-/);
    await done('key', 'end', host, 'release', '--reason', 'revoked');
    expect(await done('publisher', 'ls', host, '--all')).toMatch(/release \(ended\)/);
    expect(await refused('publisher', 'end', host, 'payments', '--reason', 'left us')).toMatch(
      /there is no publisher payments/,
    );
    expect(await refused('publisher', 'key', host, 'payments', 'x', '--key', 'release.key')).toMatch(
      /ENCRYPTED|PRIVATE/,
    );
  });

  it('bindings and waivers', async () => {
    const { host } = product;
    const binding = file(
      'binding.yaml',
      `
id: house-labels
collection: standard
routine: required-labels
parameters: { labels: [house.owner] }
scope: { repositories: ["prod/**"] }
purposes: [pull]
effect: hold
`,
    );
    await done('binding', 'add', host, binding);
    expect(await done('binding', 'ls', host)).toMatch(
      /house-labels +standard\/required-labels +hold +prod\/\*\*/,
    );
    expect(await refused('binding', 'add', host, binding)).toMatch(/in force.*binding house-labels/s);
    const image = await pushed('prod/aged', 'old');
    const ages = async () =>
      (await verdictOn('prod/aged', image.digest)).reasons
        .filter(({ routine }) => routine === 'required-labels')
        .map(({ effect }) => effect);
    expect(await ages()).toContain('hold');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const waiver = [
      '--routine',
      'required-labels',
      '--repositories',
      'prod/aged',
      '--reason',
      'a rebuild is on its way',
      '--until',
      until,
    ];
    expect(await refused('waiver', 'add', host, 'rebuild', ...waiver, '--owner', 'nobody')).toMatch(
      /nobody is called/,
    );
    await done('waiver', 'add', host, 'rebuild', ...waiver, '--owner', 'ann');
    expect(await ages()).not.toContain('hold');
    await done('waiver', 'end', host, 'rebuild', '--reason', 'rebuilt');
    expect(await ages()).toContain('hold');
    await done('binding', 'end', host, 'house-labels', '--reason', 'too strict');
    expect(await ages()).not.toContain('hold');
    expect(await done('binding', 'ls', host, '--all')).toMatch(/by admin: too strict/);
  });

  it('grants: signatures open, not rights; what ended does not begin again', async () => {
    const { host } = product;
    for (const name of ['bob', 'eve']) {
      await done('publisher', 'add', host, name);
      await done('publisher', 'key', host, name, `${name}-key`, '--key', `${name}.pub`, '--purpose', 'stamp');
    }
    const rule = file(
      'rule.yaml',
      'name: prod\nscope: { repositories: ["prod/**"] }\napprovers: [bob-key, eve-key]\nneeded: 2\nmaxHours: 8\n',
    );
    await done('grant', 'rule', 'add', host, rule);
    const image = await pushed('prod/outage');
    expect(image.verdict.outcome).toBe('hold');
    const time = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const request = (id: string, until: string) =>
      file(
        `${id}.yaml`,
        `id: ${id}\nscope: { repositories: [prod/outage] }\npurposes: [pull]\nreason: INC-9\nrequestedBy: ann\nfrom: ${time(-0.1)}\nuntil: ${until}\n`,
      );
    const sign = async (id: string, who: string) => {
      await done('grant', 'sign', `${id}.yaml`, '--key', `${who}.key`, '-o', `${id}-${who}.json`);
      return `${id}-${who}.json`;
    };
    request('outage-1', time(2));
    const bob = await sign('outage-1', 'bob');
    const eve = await sign('outage-1', 'eve');
    expect(await refused('grant', 'add', host, bob)).toMatch(/2 different approvers/);
    expect(await refused('grant', 'add', host, bob, bob)).toMatch(/2 different approvers/);
    request('outage-2', time(24));
    expect(
      await refused('grant', 'add', host, await sign('outage-2', 'bob'), await sign('outage-2', 'eve')),
    ).toMatch(/at most 8/);
    await done('grant', 'add', host, bob, eve);
    expect((await verdictOn('prod/outage', image.digest)).outcome).toBe('warn');
    await done('grant', 'end', host, 'outage-1', '--reason', 'it is mended');
    expect((await verdictOn('prod/outage', image.digest)).outcome).toBe('hold');
    expect(await refused('grant', 'add', host, bob, eve)).toMatch(/one that ended does not begin again/);

    request('outage-3', time(2));
    await done('grant', 'add', host, await sign('outage-3', 'bob'), await sign('outage-3', 'eve'));
    expect((await verdictOn('prod/outage', image.digest)).outcome).toBe('warn');
    await done('key', 'revoke', host, 'eve-key', '--reason', 'she left in anger');
    expect((await verdictOn('prod/outage', image.digest)).outcome).toBe('hold');
  });

  it('collections: pinned, signed by who is trusted for releases, from here or elsewhere', async () => {
    const { host } = product;
    mkdirSync(join(folder, 'goods'), { recursive: true });
    const push = async (where: string, version: string, limit: number): Promise<string> => {
      const text = file(`goods/house-${version}.yaml`, collectionText(version, limit));
      const { digest } = await json<{ digest: string }>('routine', 'push', text, `${where}/rules/house`);
      return `${where}/rules/house@${digest}`;
    };
    const first = await push(host, '1.0.0', 1);
    expect(await refused('collection', 'use', host, first)).toMatch(/signed by none of the keys/);
    await done('sign', first, '--key', 'eve.key');
    expect(await refused('collection', 'use', host, first)).toMatch(/signed by none of the keys/);
    await done('sign', first, '--key', 'next.key');
    expect((await run('collection', 'use', host, `${host}/rules/house:1.0.0`)).code).toBe(2);
    await done('collection', 'use', host, first);
    expect(await done('collection', 'ls', host)).toMatch(/house +1\.0\.0 +rules\/house@sha256:\w+ +next/);

    await done(
      'binding',
      'add',
      host,
      file(
        'few.yaml',
        'id: few\ncollection: house\nroutine: few-layers\nscope: { repositories: [prod/layered] }\npurposes: [pull]\neffect: deny\n',
      ),
    );
    const image = await pushed('prod/layered', 'v1', 2);
    const few = async () =>
      (await verdictOn('prod/layered', image.digest)).reasons.some(({ routine }) => routine === 'few-layers');
    expect(await few()).toBe(true);
    expect(await refused('collection', 'end', host, 'house', '--reason', 'not needed')).toMatch(
      /no collection house/,
    );

    const second = await push(other.host, '2.0.0', 5);
    await done('sign', second, '--key', 'next.key');
    await done('collection', 'use', host, second);
    expect(await few()).toBe(false);
    expect(await done('collection', 'ls', host, '--all')).toMatch(/2\.0\.0 is used instead/);
  });
});
