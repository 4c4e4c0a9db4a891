import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { channelPredicate } from '@wharfinger/lib/signing/channels/channel';
import type { Seen } from '@wharfinger/lib/signing/channels/freshness';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { verifyImage } from '@wharfinger/lib/verify-image';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { makeImage, pushImage, type Made } from '../cli/small-image.ts';
import { startProduct, type Product } from '../harness/product.ts';

/** A tag that its publisher signs, and a client that remembers: what Docker Content Trust gave. */

const identity = 'registry.acme';
let folder: string;
let product: Product;
let old: Made;
let fresh: Made;
let clients = 0;
let home: string;
let image: string;

/** `wharf` on the machine of the publisher, or on that of somebody who pulls. */
const as = (place: string, ...given: string[]): Promise<Ran> =>
  wharf(given, { environment: { HOME: place }, folder });
const sign = (...more: string[]) =>
  as(folder, 'channel', 'sign', image, '--key', 'release.pem', '--registry', identity, ...more);
const check = (...more: string[]) =>
  as(home, 'channel', 'check', image, '--key', 'release.pub', '--registry', identity, ...more);
/** What an attacker in the registry can do: the tag means what he wants. */
const show = (made: Made, tag = 'stable') => pushImage(product, made, `team/app${clients}`, tag);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-channels-'));
  for (const name of ['release', 'other']) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(folder, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  product = await startProduct({
    folder: join(folder, 'product'),
    config: {
      registry: { identity },
      namespaces: [{ name: 'team', class: 'public', gate: 'warn' }],
      trust: [
        {
          repositories: 'team/**',
          keys: [{ name: 'release', pem: readFileSync(join(folder, 'release.pub'), 'utf8') }],
        },
      ],
    },
  });
  old = await makeImage(join(folder, 'old'), { left: '1.0.0' });
  fresh = await makeImage(join(folder, 'fresh'), { left: '2.0.0' });
  await wharf(['login', product.host, '--username', product.user, '--password-stdin'], {
    environment: { HOME: folder },
    input: product.password,
  });
});
afterAll(async () => {
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  clients += 1;
  home = mkdtempSync(join(folder, 'home-'));
  image = `${product.host}/team/app${clients}:stable`;
  await show(old);
});

describe('a client that remembers', () => {
  test('takes what was signed, and what was signed later', async () => {
    expect(await sign()).toMatchObject({
      code: 0,
      output: expect.stringMatching(/ means sha256:[0-9a-f]{64}\nnumber \d+, until /),
    });
    expect(await check()).toMatchObject({ code: 0, output: expect.stringContaining(old.manifest.digest) });
    await show(fresh);
    expect(await check()).toMatchObject({ code: 3, output: expect.stringContaining('UNSIGNED') });
    expect(await sign()).toMatchObject({ code: 0 });
    expect(await check()).toMatchObject({ code: 0, output: expect.stringContaining(fresh.manifest.digest) });
  });

  test('is not led back to an older image, though its statement still runs (rollback)', async () => {
    await sign();
    await show(fresh);
    await sign();
    expect((await check()).code).toBe(0);
    await show(old);
    expect(await check()).toMatchObject({ code: 3, output: expect.stringContaining('ROLLBACK') });
  });

  test('does not stay at a statement that has expired (freeze)', async () => {
    const key = parsePrivateKey(readFileSync(join(folder, 'release.pem'), 'utf8'), undefined);
    const { digest, size, mediaType } = old.manifest;
    const name = { registry: identity, repository: `team/app${clients}`, tag: 'stable' };
    const statement = {
      predicateType: predicateTypes.channel,
      predicate: channelPredicate({
        ...name,
        digest: digest as `sha256:${string}`,
        counter: 1,
        issuedAt: new Date(Date.now() - 60_000).toISOString(),
        expires: new Date(Date.now() - 1000).toISOString(),
      }),
    };
    const session = new RegistrySession(product.host, {
      credentials: { username: product.user, password: product.password },
    });
    const subject = { digest: digest as `sha256:${string}`, size, mediaType };
    await pushArtifact(session, name.repository, signStatement(subject, statement, key, new Date()));
    await session.close();
    expect(await check()).toMatchObject({ code: 3, output: expect.stringContaining('EXPIRED') });
  });

  test('takes the word of nobody else, of no other tag and of no other registry', async () => {
    await as(folder, 'channel', 'sign', image, '--key', 'other.pem', '--registry', identity);
    expect(await check()).toMatchObject({ code: 3, output: expect.stringContaining('UNSIGNED') });
    await as(folder, 'channel', 'sign', image, '--key', 'release.pem', '--registry', 'registry.other');
    expect((await check()).code).toBe(3);
    await show(old, 'canary');
    const canary = image.replace(':stable', ':canary');
    await as(folder, 'channel', 'sign', canary, '--key', 'release.pem', '--registry', identity);
    expect((await check()).code).toBe(3);
  });

  test('checks with a snapshot that the registry shows it nothing old, where its key is given', async () => {
    await sign();
    const key = await fetch(`${product.url}/api/v1/registry/key`).then((answer) => answer.text());
    writeFileSync(join(folder, 'registry.pub'), key);
    const snapshot = ['--snapshot-key', 'registry.pub'];
    expect(await check(...snapshot)).toMatchObject({ code: 0 });
    // who has seen snapshots once is not content without
    expect(await check()).toMatchObject({ code: 3, output: expect.stringContaining('SNAPSHOT_MISSING') });
    expect(await check('--snapshot-key', 'other.pub')).toMatchObject({ code: 1 });
    await show(fresh);
    await sign();
    expect(await check(...snapshot)).toMatchObject({ code: 0 });
  });

  test('verifies an image by a tag only where the tag may be believed, and then the digest that was checked', async () => {
    const verify = (...more: string[]) =>
      as(home, 'verify', image, '--key', 'release.pub', '--registry', identity, '--fresh', ...more);
    await sign();
    await show(fresh);
    await sign();
    const { output } = await verify('--json');
    expect(JSON.parse(output)).toMatchObject({
      digest: fresh.manifest.digest,
      tag: { fresh: true, digest: fresh.manifest.digest },
      verdict: { digest: fresh.manifest.digest },
    });
    await show(old);
    const refused = await verify();
    expect(refused).toMatchObject({ code: 3, output: expect.stringContaining('ROLLBACK') });
    expect(refused.output).not.toContain('signed');
  });

  test('is told the same by the library, which remembers what it is given', async () => {
    const ask = (path: string) =>
      fetch(`${product.url}/api/v1/${path}`, { headers: { authorization: product.authorization } });
    const judgement = new Uint8Array(await (await ask('judgement')).arrayBuffer());
    const registryKeys = [await (await ask('registry/key')).text()];
    const verify = async (seen: Seen) => {
      const snapshot = new Uint8Array(
        await (await ask(`snapshot?repository=team/app${clients}`)).arrayBuffer(),
      );
      const tag = { seen, snapshot };
      return verifyImage(image, { judgement, registryKeys, now: new Date(), tag, purpose: 'pull' });
    };
    await expect(verify({})).rejects.toMatchObject({ code: 'TAG_NOT_FRESH' });
    await sign();
    await show(fresh);
    await sign();
    const { seen, digest } = await verify({});
    expect(digest).toBe(fresh.manifest.digest);
    expect(seen).toMatchObject({ channel: { digest }, snapshot: { version: expect.any(Number) } });
    await show(old);
    await expect(verify(seen!)).rejects.toThrow(/ROLLBACK/);
  });

  test('does not forget: a memory that cannot be read is an error', async () => {
    await sign();
    expect((await check()).code).toBe(0);
    writeFileSync(join(home, '.local/state/wharfinger/tags.json'), '{"format":1');
    expect(await check()).toMatchObject({ code: 1, error: expect.stringContaining('seen before') });
  });
});
