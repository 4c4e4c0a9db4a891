import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signSnapshot } from '@wharfinger/lib/signing/channels/snapshot';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { startLyingRegistry, type LyingRegistry } from '../admission/lying-registry.ts';
import { makeImage, pushImage, type Made } from '../cli/small-image.ts';
import { run } from '../harness/command.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { lacksTools } from '../requirements.ts';

const identity = 'registry.acme';
const secret = { COSIGN_PASSWORD: 'a password of tags', WHARF_KEY_PASSWORD: 'a password of tags' };
const none = lacksTools(['cosign3']);

let folder: string;
let product: Product;
let registry: LyingRegistry;
let old: Made;
let fresh: Made;

/** `wharf` on the machine of the publisher; the registry is where somebody sits between. */
const publisher = (...given: string[]): Promise<Ran> =>
  wharf(given, { environment: environment(folder), folder });
const environment = (home: string) => ({ ...secret, HOME: home, DOCKER_CONFIG: folder });
async function done(...given: string[]): Promise<void> {
  expect(await publisher(...given)).toMatchObject({ code: 0, error: '' });
}
const image = (repository: string): string => `${registry.host}/${repository}:stable`;
const signTag = (repository: string) =>
  done('channel', 'sign', image(repository), '--key', 'release.key', '--registry', identity);
/** A client that remembers what it saw in its home. */
const check = (home: string, repository: string, ...more: string[]): Promise<Ran> =>
  wharf(['channel', 'check', image(repository), '--key', 'release.pub', '--registry', identity, ...more], {
    environment: environment(home),
    folder,
  });
const newHome = (): string => mkdtempSync(join(folder, 'home-'));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'threats-'));
  product = await startProduct({
    folder: join(folder, 'product'),
    config: { registry: { identity }, namespaces: [{ name: 'team', class: 'public', gate: 'warn' }] },
  });
  registry = await startLyingRegistry(product.host);
  const auth = product.authorization.replace('Basic ', '');
  const auths = { [registry.host]: { auth }, [product.host]: { auth } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }));
  await done('key', 'generate', '--output-key-prefix', 'release');
  await done('judgement', 'key', product.host, '-o', 'registry.pub');
  old = await makeImage(join(folder, 'old'), { left: '1.0.0' });
  fresh = await makeImage(join(folder, 'fresh'), { left: '2.0.0' });
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(none)('rollback to an older, validly signed image', async () => {
  const [repository, home] = ['team/rolled', newHome()];
  for (const made of [old, fresh]) {
    await pushImage(product, made, repository, 'stable');
    await done('sign', image(repository), '--key', 'release.key');
    await signTag(repository);
    const checked = await check(home, repository);
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining(made.manifest.digest) });
  }
  await pushImage(product, old, repository, 'stable');
  // to cosign all is well: the old image is signed
  const flags = ['--key', join(folder, 'release.pub'), '--insecure-ignore-tlog', '--allow-insecure-registry'];
  await run(['cosign3', 'verify', ...flags, `${product.host}/${repository}:stable`], {
    env: { HOME: folder, DOCKER_CONFIG: folder },
  });
  const led = await check(home, repository);
  expect(led).toMatchObject({
    code: 3,
    output: expect.stringMatching(/was sha256:.* with number .*ROLLBACK/),
  });
});

test('freeze (stale "all good")', async () => {
  const repository = 'team/frozen';
  await pushImage(product, old, repository, 'stable');
  await signTag(repository);
  const demand = ['--snapshot-key', 'registry.pub'];
  expect(await check(newHome(), repository, ...demand)).toMatchObject({ code: 0 });

  // what the registry itself signed an hour ago, kept by somebody who shows nothing newer since
  const key = parsePrivateKey(readFileSync(join(product.data, 'registry-key.pem'), 'utf8'), undefined);
  const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
  const digest = old.manifest.digest as `sha256:${string}`;
  const snapshot = (expires: string) =>
    signSnapshot(
      {
        registry: identity,
        repository,
        version: 1,
        issuedAt: at(-60),
        expires,
        tags: new Map([['stable', digest]]),
        revocations: 0,
      },
      key,
    );
  const showing = (body: Buffer): void => {
    registry.lie = (path) =>
      path.startsWith('/api/v1/snapshot') ? { status: 200, body, type: 'application/json' } : undefined;
  };
  showing(snapshot(at(10)));
  expect(await check(newHome(), repository, ...demand)).toMatchObject({ code: 0 });
  showing(snapshot(at(-50)));
  const frozen = await check(newHome(), repository, ...demand);
  expect(frozen).toMatchObject({ code: 3, output: expect.stringContaining('SNAPSHOT_EXPIRED') });
  registry.lie = (path) => (path.startsWith('/api/v1/snapshot') ? { status: 404 } : undefined);
  expect((await check(newHome(), repository, ...demand)).code).not.toBe(0);
  registry.lie = undefined;
  expect(await check(newHome(), repository, ...demand)).toMatchObject({ code: 0 });
});
