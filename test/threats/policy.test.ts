import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signGrant, type GrantRequest } from '@wharfinger/lib/assess/grant-request';
import { payloadTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { signEnvelope } from '@wharfinger/lib/signing/dsse';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import canonicalize from 'canonicalize';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { startLyingRegistry } from '../admission/lying-registry.ts';
import { homeOf } from '../harness/cosign.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, visitor, type Told, type Visitor } from '../harness/registry-client.ts';

let folder: string;
let product: Product;
let admin: Visitor;
let reader: Visitor;
let environment: NodeJS.ProcessEnv;

const collection = (version: string, expression: string, test: string): string => `name: house
version: ${version}
description: what our house asks
routines:
  - name: asked
    title: As the house asks
    description: An image is as the house asks.
    appliesTo: [image]
    needs: []
    expression: ${JSON.stringify(expression)}
    message: '"it is not as the house asks"'
    remedy: build it so
    tests:
      - { name: it, ${test} }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'threats-'));
  const pull = ['prod/**', 'vault/**'].map((repositories) => ({ repositories, actions: ['pull'] }));
  product = await startProduct({
    folder,
    config: {
      namespaces: [
        { name: 'rules', class: 'public', gate: 'warn' },
        { name: 'prod', gate: 'hold' },
        { name: 'vault', official: true },
      ],
      users: [{ name: 'reader', password: 'password-of-reader', rights: pull }],
    },
  });
  admin = visitor(product.url, { name: product.user, password: product.password });
  reader = visitor(product.url, { name: 'reader', password: 'password-of-reader' });
  const home = homeOf(folder, product.host, { name: product.user, password: product.password });
  environment = { DOCKER_CONFIG: home, HOME: home };
  mkdirSync(join(folder, 'goods'));
  for (const name of ['rules', 'mallory', 'ann', 'bob', 'bobs-other']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    file(`${name}.key`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    file(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
  }
  await done('publisher', 'add', product.host, 'house');
  await done('publisher', 'key', product.host, 'house', 'rules', '--key', 'rules.pub');
  await done('trust', 'add', product.host, 'rules/**', '--publisher', 'house');
});
afterAll(async () => {
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cli = (...given: string[]): Promise<Ran> => wharf(given, { folder, environment });
async function done(...given: string[]): Promise<string> {
  const { code, output, error } = await cli(...given);
  expect([given.join(' '), code, error]).toEqual([given.join(' '), 0, '']);
  return output;
}
async function refused(...given: string[]): Promise<string> {
  const { code, error, output } = await cli(...given);
  expect([given.join(' '), code]).not.toEqual([given.join(' '), 0]);
  return error + output;
}
const file = (name: string, text: string | object): string => {
  writeFileSync(join(folder, name), typeof text === 'string' ? text : JSON.stringify(text));
  return name;
};
async function pushRules(version: string, expression: string, its: string): Promise<string> {
  const goods = file(`goods/house-${version}.yaml`, collection(version, expression, its));
  const text = await done('routine', 'push', goods, `${product.host}/rules/house`, '--json');
  return `${product.host}/rules/house@${(JSON.parse(text) as { digest: string }).digest}`;
}
async function pushed(repository: string, labels: Record<string, string> = {}): Promise<string> {
  return admin.push(repository, imageOf([smallRoot(repository)], { labels }), 'v1');
}
const verdictOn = (repository: string, digest: string): Promise<Told> =>
  checkedVerdict(admin, repository, digest);
const bind = (id: string, repositories: string) =>
  done(
    'binding',
    'add',
    product.host,
    file(`${id}.yaml`, {
      id,
      collection: 'house',
      routine: 'asked',
      scope: { repositories: [repositories] },
      purposes: ['pull'],
      effect: 'deny',
    }),
  );

test('policy (routine) tampering / unsigned policy', async () => {
  const its = 'facts: { image: { config: { labels: { house: ok } } } }, expect: pass';
  const honest = await pushRules('1.0.0', '"house" in image.config.labels', its);
  expect(await refused('collection', 'use', product.host, honest)).toMatch(/signed by none of the keys/);
  await done('sign', honest, '--key', 'mallory.key');
  expect(await refused('collection', 'use', product.host, honest)).toMatch(/signed by none of the keys/);
  await done('sign', honest, '--key', 'rules.key');
  expect(await refused('collection', 'use', product.host, `${product.host}/rules/house:1.0.0`)).toMatch(
    /digest/,
  );
  // from a registry that serves other rules under the digest that was signed
  const lax = await pushRules('1.0.1', 'true', 'facts: {}, expect: pass');
  {
    await using liar = await startLyingRegistry(product.host);
    const [digest, other] = [honest, lax].map((one) => one.split('@')[1]!) as [string, string];
    liar.lie = (path) =>
      path.includes(digest) && path.includes('/manifests/')
        ? { path: path.replace(digest, other) }
        : undefined;
    const lied = await refused('collection', 'use', product.host, honest.replace(product.host, liar.host));
    expect(lied).toMatch(/digest that was promised/);
  }
  await done('collection', 'use', product.host, honest);
  await bind('house', 'prod/ruled*');
  const bare = await pushed('prod/ruled');
  expect(await verdictOn('prod/ruled', bare)).toMatchObject({ outcome: 'deny' });
  const labelled = await pushed('prod/ruled-well', { house: 'ok' });
  expect((await verdictOn('prod/ruled-well', labelled)).reasons.map(({ routine }) => routine)).not.toContain(
    'asked',
  );

  // what is judged by elsewhere: each change is seen, an older edition refused, an unknown form not guessed at
  await done('judgement', 'key', product.host, '-o', 'registry.pub');
  await done('judgement', 'export', product.host, '-o', 'judgement.json');
  const judge = (judgement: string) =>
    cli(
      'verify',
      `${product.host}/prod/ruled@${bare}`,
      '--judgement',
      judgement,
      '--registry-key',
      'registry.pub',
    );
  expect(await judge('judgement.json')).toMatchObject({ code: 3, output: expect.stringContaining('asked') });
  const sealed = readFileSync(join(folder, 'judgement.json'), 'utf8');
  const envelope = JSON.parse(sealed) as { payload: string };
  const payload = Buffer.from(envelope.payload, 'base64').toString();
  const softened = payload.replace('"effect":"deny"', '"effect":"warn"');
  expect(softened).not.toBe(payload);
  const changed = { ...envelope, payload: Buffer.from(softened).toString('base64') };
  file('softened.json', changed);
  expect(await judge('softened.json')).toMatchObject({
    code: 1,
    error: expect.stringContaining('none of the trusted keys'),
  });
  file('bare.json', softened);
  expect(await judge('bare.json')).toMatchObject({
    code: 1,
    error: expect.stringContaining('nobody signed it'),
  });
  const registryKey = parsePrivateKey(
    readFileSync(join(product.data, 'registry-key.pem'), 'utf8'),
    undefined,
  );
  const signed = (document: object): string =>
    JSON.stringify(
      signEnvelope(
        payloadTypes.judgement,
        Buffer.from(canonicalize(document)!),
        registryKey.algorithm,
        registryKey.key,
      ),
    );
  const document = JSON.parse(payload) as { version: number };
  file('unknown.json', signed({ ...document, format: 99 }));
  expect(await judge('unknown.json')).toMatchObject({ code: 1, error: expect.stringContaining('format') });
  file('older.json', signed({ ...document, version: document.version - 1 }));
  expect(await judge('older.json')).toMatchObject({
    code: 1,
    error: expect.stringContaining('was seen before'),
  });
});

test('policy engine DoS / fail-open on error object', async () => {
  // its author's tests pass; what it does with an image that is made for it is another matter
  const cost = 'image.layers.all(a, image.layers.all(b, a.digest != "" && b.digest != ""))';
  const pattern = '!image.config.labels.exists(k, image.config.labels[k].matches("^(a+)+$"))';
  const division = '1 / (size(image.config.labels) - 1) != 0';
  const expression = `(${division}) && (${pattern}) && (${cost})`;
  const its = 'facts: { image: { config: { labels: { a: x, b: x } } } }, expect: pass';
  const reference = await pushRules('2.0.0', expression, its);
  await done('sign', reference, '--key', 'rules.key');
  await done('collection', 'use', product.host, reference);
  await bind('engine', 'prod/engine*');
  const reasonsOf = async (repository: string, labels: Record<string, string>) => {
    const { outcome, reasons } = await verdictOn(repository, await pushed(repository, labels));
    const { status } = await reader.send('GET', `/v2/${repository}/manifests/v1`);
    return { outcome, status, asked: reasons.filter(({ routine }) => routine === 'asked') };
  };
  expect(await reasonsOf('prod/engine-honest', { a: 'x', b: 'x' })).toMatchObject({ asked: [] });
  // an error inside of the engine is no pass
  const error = await reasonsOf('prod/engine-error', { a: 'x' });
  expect(error).toMatchObject({ status: 403, asked: [{ effect: 'deny' }] });
  // what would hang other engines is decided
  const long = `${'a'.repeat(30_000)}!`;
  expect(await reasonsOf('prod/engine-pattern', { a: long, b: long })).toMatchObject({ asked: [] });
  // what costs too much is not decided, and does not pass
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`l${at}`, 'x']));
  const costly = 'image.config.labels.all(a, image.config.labels.all(b, a + b != ""))';
  const next = await pushRules('3.0.0', costly, its);
  await done('sign', next, '--key', 'rules.key');
  await done('collection', 'use', product.host, next);
  const spent = await reasonsOf('prod/engine-costly', many);
  expect(spent).toMatchObject({ status: 403, asked: [{ effect: 'deny' }] });
  expect(JSON.stringify(spent.asked)).toContain('costs more than one evaluation may');
  // three loops in each other are not taken in at all
  const cubic = '[1].all(a, [1].all(b, [1].all(c, true)))';
  file('goods/cubic.yaml', collection('4.0.0', cubic, 'facts: {}, expect: pass'));
  expect(await refused('routine', 'push', 'goods/cubic.yaml', `${product.host}/rules/house`)).toMatch(
    /more than 2 deep in each other/,
  );
  expect((await admin.send('GET', '/readyz')).status).toBe(200);
});

test('break-glass abuse', async () => {
  const { host } = product;
  for (const [publisher, key] of [
    ['ann', 'ann'],
    ['bob', 'bob'],
    ['bob', 'bobs-other'],
  ] as const) {
    if (publisher === key) await done('publisher', 'add', host, publisher);
    await done(
      'publisher',
      'key',
      host,
      publisher,
      key,
      '--key',
      `${key}.pub`,
      '--purpose',
      'stamp',
      '--principal',
      publisher,
    );
  }
  const rule = {
    name: 'vault',
    scope: { repositories: ['vault/**'] },
    approvers: ['ann', 'bob', 'bobs-other'],
    needed: 2,
    maxHours: 8,
  };
  await done('grant', 'rule', 'add', host, file('rule.yaml', rule));
  const held = { repository: 'vault/burning', digest: await pushed('vault/burning') };
  const other = { repository: 'vault/quiet', digest: await pushed('vault/quiet') };
  const outcome = async ({ repository, digest }: typeof held) =>
    (await verdictOn(repository, digest)).outcome;
  expect(await outcome(held)).toBe('hold');

  const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString();
  const [began, soon] = [hours(-0.1), hours(2)];
  const approve = (id: string, until: string, who: string): string => {
    const request: GrantRequest = {
      id,
      scope: { repositories: ['vault/burning'] },
      purposes: ['pull'],
      reason: 'INC-9',
      requestedBy: 'dave',
      from: began,
      until,
    };
    const key = parsePrivateKey(readFileSync(join(folder, `${who}.key`), 'utf8'), undefined);
    return file(`${id}-${who}.json`, signGrant(request, key));
  };
  const [ann, bob, again, stranger] = ['ann', 'bob', 'bobs-other', 'mallory'].map((who) =>
    approve('outage-1', soon, who),
  ) as [string, string, string, string];
  for (const few of [[ann], [ann, ann], [bob, again], [ann, stranger]])
    expect(await refused('grant', 'add', host, ...few)).toMatch(/2 different approvers/);
  // an hour more than was signed, by one of them and by both
  const stretch = (signed: string): string => {
    const { payload, ...rest } = JSON.parse(readFileSync(join(folder, signed), 'utf8')) as {
      payload: string;
    };
    const request = JSON.parse(Buffer.from(payload, 'base64').toString()) as GrantRequest;
    const longer = canonicalize({ ...request, until: later })!;
    return file(`stretched-${signed}`, { ...rest, payload: Buffer.from(longer).toString('base64') });
  };
  const later = hours(3);
  const [anns, bobs] = [stretch(ann), stretch(bob)];
  expect(await refused('grant', 'add', host, ann, bobs)).toMatch(/approvers signed different grants/);
  expect(await refused('grant', 'add', host, anns, bobs)).toMatch(/2 different approvers/);
  const nextDay = hours(24);
  const tooLong = ['ann', 'bob'].map((who) => approve('outage-2', nextDay, who));
  expect(await refused('grant', 'add', host, ...tooLong)).toMatch(/at most 8/);
  expect(await outcome(held)).toBe('hold');

  await done('grant', 'add', host, ann, bob);
  const open = await verdictOn(held.repository, held.digest);
  expect(open.outcome).toBe('warn');
  expect(JSON.stringify(open)).toMatch(/outage-1/);
  expect((await reader.send('GET', '/v2/vault/burning/manifests/v1')).status).toBe(200);
  expect(await outcome(other)).toBe('hold');
  await done('grant', 'end', host, 'outage-1', '--reason', 'it is mended');
  expect(await outcome(held)).toBe('hold');
  expect(await refused('grant', 'add', host, ann, bob)).toMatch(/does not begin again/);
  const { json } = await admin.api<{ entries: object[] }>('audit', {});
  expect(JSON.stringify(json.entries)).toContain('outage-1');
});
