import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { until } from '../harness/registry-client.ts';
import { advisoryFor, makeImage, makeIndex, pushImage, signPushed, type Made } from './small-image.ts';

let folder: string;
let product: Product;
let images: Readonly<Record<'old' | 'new' | 'cut', Made>>;

/** Runs a command as the administrator, who logged in before. */
function admin(...given: string[]): Promise<Ran> {
  return wharf(given, { environment: { HOME: folder }, folder });
}

async function json<T>(...given: string[]): Promise<T> {
  const { output, error } = await admin(...given, '--json');
  if (output === '') throw new Error(error);
  return JSON.parse(output) as T;
}

/** Waits until the image has a verdict, and gives the last run of `wharf verdict`. */
function verdict(image: string): Promise<Ran> {
  return until(async () => {
    const ran = await admin('verdict', image);
    return /not checked yet/.test(ran.output) ? undefined : ran;
  }, `${image} to be checked`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-'));
  for (const name of ['key', 'other']) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(folder, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  product = await startProduct({
    folder: join(folder, 'product'),
    config: {
      namespaces: [
        { name: 'strict', gate: 'hold' },
        { name: 'open', gate: 'warn' },
        { name: 'signed', official: true },
      ],
      trust: [{ repositories: 'signed/**', keys: [{ name: 'release', file: join(folder, 'key.pub') }] }],
    },
  });
  images = {
    old: await makeImage(join(folder, 'old'), { left: '1.0.0' }),
    new: await makeImage(join(folder, 'new'), { left: '2.0.0' }),
    cut: await makeImage(join(folder, 'cut'), { left: '2.0.0' }, { cut: 700 }),
  };
  await pushImage(product, images.old, 'strict/app', '1');
  await pushImage(product, images.new, 'strict/app', '1');
  await pushImage(product, images.old, 'strict/app', 'old');
  await pushImage(product, images.old, 'open/app', '1');
  await pushImage(product, images.new, 'signed/app', '1');
  await pushImage(product, images.cut, 'strict/cut', '1');
});

/** Advisories about npm that concern none of the images: without any, nothing could be known of their packages. */
async function importOthers(): Promise<void> {
  const file = join(folder, 'others.json');
  writeFileSync(file, advisoryFor('TEST-0', 'elsewhere', '1.0.0'));
  await admin('advisories', 'import', file, '--server', product.host);
}

afterAll(async () => {
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('wharf login', () => {
  it('keeps a login that the registry takes, and no other', async () => {
    const login = ['login', product.host, '-u', product.user, '--password-stdin'];
    const environment = { HOME: folder };
    const wrong = await wharf(login, { environment, input: 'not the password' });
    expect(wrong).toMatchObject({ code: 1, output: '' });
    expect((await admin('ls', product.host)).output).not.toContain('strict/app');
    const right = await wharf(login, { environment, input: product.password });
    expect(right).toMatchObject({ code: 0, output: expect.stringContaining(`Logged in to ${product.host}`) });
    const file = join(folder, '.docker', 'config.json');
    expect(readFileSync(file, 'utf8')).toContain(product.host);
  });

  it('says what a stranger should do', async () => {
    const { code, error } = await wharf(['tags', `${product.host}/strict/app`], {
      environment: { HOME: join(folder, 'none') },
    });
    expect(code).toBe(1);
    expect(error).toContain(`wharf login ${product.host}`);
  });
});

describe('repositories and tags', () => {
  it('are listed', async () => {
    const { repositories } = await json<{ repositories: object[] }>('ls', product.host);
    expect(repositories).toContainEqual({
      name: 'strict/app',
      class: 'private',
      gate: 'hold',
      official: false,
    });
    expect(repositories).toContainEqual({
      name: 'signed/app',
      class: 'private',
      gate: 'hold',
      official: true,
    });
    expect((await admin('tags', `${product.host}/strict/app`)).output).toMatch(
      new RegExp(`^1 +${images.new.manifest.digest} .*admin$`, 'm'),
    );
    expect((await admin('tags', `${product.host}/none`)).code).toBe(1);
  });

  it('have a history, and a way back', async () => {
    const image = `${product.host}/strict/app:1`;
    const before = await admin('tags', 'history', image);
    expect(before.output.trim().split('\n')).toHaveLength(3);
    expect((await admin('tags', 'rollback', image)).output).toContain(
      `now points to ${images.old.manifest.digest}`,
    );
    const forward = await json<object>('tags', 'rollback', image, '--to', images.new.manifest.digest);
    expect(forward).toEqual({ tag: '1', from: images.old.manifest.digest, to: images.new.manifest.digest });
    const { moves } = await json<{ moves: object[] }>('tags', 'history', image, '--limit', '2');
    expect(moves).toHaveLength(2);
  });
});

describe('an advisory', () => {
  it('of the ecosystem must be there before an image passes', async () => {
    const image = `${product.host}/strict/app:old`;
    const unknown = await verdict(image);
    expect(unknown).toMatchObject({
      code: 3,
      output: expect.stringMatching(/held +no advisories about npm/),
    });
    const found = await admin('findings', image);
    expect(found).toMatchObject({ code: 4, error: expect.stringContaining('No advisories about npm') });
    await importOthers();
    expect((await verdict(image)).code).toBe(0);
    expect((await admin('findings', image)).code).toBe(0);
  });

  it('changes the verdicts of the images that it concerns', async () => {
    expect(await verdict(`${product.host}/strict/app:old`)).toMatchObject({ code: 0 });
    expect((await verdict(`${product.host}/open/app:1`)).code).toBe(0);
    const file = join(folder, 'left.json');
    writeFileSync(file, advisoryFor('TEST-1', 'left', '1.0.1'));
    const imported = await json<object>('advisories', 'import', file, '--server', product.host);
    expect(imported).toMatchObject({ read: 1, new: 1, refused: [], refusedCount: 0, imagesTouched: 2 });
    const held = await verdict(`${product.host}/strict/app:old`);
    expect(held.code).toBe(3);
    expect(held.output).toMatch(/held +left 1\.0\.0 has TEST-1/);
    expect(await verdict(`${product.host}/open/app:1`)).toMatchObject({
      code: 0,
      output: expect.stringContaining('warnings'),
    });
    expect((await verdict(`${product.host}/strict/app:1`)).code).toBe(0);
    const { output } = await admin('advisories', 'status', '--server', product.host);
    expect(output).toMatch(/^2 advisories, imported last 20/);
    const { findings } = await json<{ findings: object[] }>('findings', `${product.host}/strict/app:old`);
    expect(findings).toMatchObject([{ advisory: 'TEST-1', package: 'left', fixedIn: '1.0.1' }]);
  });

  it('that cannot be read is told, and fails the command', async () => {
    const file = join(folder, 'bad.jsonl');
    writeFileSync(file, `${advisoryFor('TEST-2', 'right', '1.0.0')}\n{"id":"TEST-3","affected":5}\n`);
    const { code, output } = await admin('advisories', 'import', file, '--server', product.host);
    expect(code).toBe(1);
    expect(output).toMatch(/1 refused[^]*TEST-3/);
  });
});

describe('what a registry knows of an image', () => {
  it('is shown as it would be found here', async () => {
    const image = `${product.host}/strict/app:old`;
    await verdict(image);
    interface Shown {
      judgedBy: string;
      digest: string;
      facts: { inventory: object; findings: object[] };
      verdict: { outcome: string; reasons: Array<{ routine: string }> };
    }
    const there = await json<Shown>('inspect', image);
    const here = await json<Shown>('inspect', image, '--advisories', join(folder, 'left.json'));
    expect([there.judgedBy, here.judgedBy]).toEqual(['server', 'local']);
    expect(here.digest).toBe(there.digest);
    expect(here.facts.inventory).toEqual(there.facts.inventory);
    expect(here.facts.findings).toEqual(there.facts.findings);
    expect(here.verdict.reasons).toEqual(there.verdict.reasons);
    const bills = await Promise.all(
      [[], ['--local']].map((more) => json<{ components: object[] }>('sbom', image, ...more)),
    );
    expect(bills[0]!.components).toEqual(bills[1]!.components);
  });

  it('is incomplete where it could not be read', async () => {
    const image = `${product.host}/strict/cut:1`;
    expect((await verdict(image)).code).toBe(3);
    expect((await admin('inspect', image)).output).toContain('INCOMPLETELY');
    expect((await admin('sbom', image)).code).toBe(4);
  });
});

describe('a hold by hand', () => {
  it('stops an image, and can be ended', async () => {
    const image = `${product.host}/open/app:1`;
    expect((await admin('hold', image, '--reason', 'leaks its token')).code).toBe(0);
    const held = await verdict(image);
    expect(held).toMatchObject({ code: 3, output: expect.stringContaining('leaks its token') });
    expect((await admin('release', image, '--reason', 'token was revoked')).code).toBe(0);
    expect((await verdict(image)).code).toBe(0);
    const { entries } = await json<{ entries: Array<{ actor: string; action: string }> }>(
      'audit',
      product.host,
      '--repository',
      'open/app',
      '--limit',
      '50',
    );
    expect(entries.some(({ actor, action }) => actor === 'admin' && /release/.test(action))).toBe(true);
  });
});

describe('a judgement', () => {
  it('taken along gives the verdict of the registry', async () => {
    const file = join(folder, 'judgement.json');
    expect((await admin('judgement', 'export', product.host, '-o', file)).code).toBe(0);
    const image = `${product.host}/signed/app:1`;
    const there = await verdict(image);
    const key = join(folder, 'registry.pub');
    expect((await admin('judgement', 'key', product.host, '-o', key)).code).toBe(0);
    const by = ['--judgement', file, '--advisories', join(folder, 'left.json')];
    const here = await admin('verify', image, ...by, '--registry-key', key);
    expect(here.error).toBe('');
    expect([there.code, here.code]).toEqual([3, 3]);
    expect(here.output).toMatch(/held +not signed by a trusted key/);
    expect(here.output).toContain('Trusted: release.');
    const layout = ['verdict', images.new.layout, '--as', 'open/app', ...by];
    expect((await admin(...layout, '--registry-key', key)).code).toBe(0);
    const unchecked = await admin(...layout);
    expect(unchecked).toMatchObject({
      code: 1,
      error: expect.stringContaining('no key of a registry is trusted'),
    });
    const other = await admin(...layout, '--registry-key', join(folder, 'other.pub'));
    expect(other).toMatchObject({ code: 1, error: expect.stringContaining('none of the trusted keys') });
    expect((await admin(...layout, '--insecure-judgement')).code).toBe(0);
  });

  it('older than the last one that was seen is refused', async () => {
    const [old, newer, key] = ['old.json', 'newer.json', 'registry.pub'].map((name) => join(folder, name));
    await admin('judgement', 'export', product.host, '-o', old!);
    await admin('hold', `${product.host}/strict/app:old`, '--reason', 'to have something change');
    await admin('judgement', 'export', product.host, '-o', newer!);
    const by = (file: string) =>
      admin('verdict', images.new.layout, '--as', 'open/app', '--judgement', file, '--registry-key', key!);
    const [first, second, third] = [await by(old!), await by(newer!), await by(old!)];
    expect([first.error, second.error].join('')).not.toContain('was seen before');
    expect(third).toMatchObject({ code: 1, error: expect.stringContaining('was seen before') });
    await admin('release', `${product.host}/strict/app:old`, '--reason', 'it has changed');
  });
});

describe('a signature', () => {
  it('counts if it is by the key, here and there', async () => {
    const image = `${product.host}/signed/app:1`;
    const key = parsePrivateKey(readFileSync(join(folder, 'key.pem'), 'utf8'), undefined);
    await signPushed(product, images.new, 'signed/app', key);
    expect((await verdict(image)).code).toBe(0);
    const verify = (name: string) =>
      admin('verify', image, '--key', join(folder, name), '--advisories', join(folder, 'left.json'));
    const right = await verify('key.pub');
    expect(right).toMatchObject({
      code: 0,
      output: expect.stringMatching(/signed {2}by key\.pub \(cosign-v3/),
    });
    const wrong = await verify('other.pub');
    expect(wrong.code).toBe(3);
    expect(wrong.output).toMatch(
      /held +not signed by a trusted key; a signature was found that does not count/,
    );
  });
});

describe('an index', () => {
  it('is judged with its images, and pinned if all that count pass', async () => {
    const index = makeIndex(join(folder, 'index'), { amd64: images.new, arm64: images.old });
    await pushImage(product, index, 'strict/many', '1');
    const image = `${product.host}/strict/many:1`;
    await verdict(image);
    const { children } = await json<{ children: Array<{ platform: string; verdict: { outcome: string } }> }>(
      'verdict',
      image,
    );
    expect(children.map((child) => [child.platform, child.verdict.outcome])).toEqual([
      ['linux/amd64', 'allow'],
      ['linux/arm64', 'hold'],
    ]);
    const file = join(folder, 'Dockerfile');
    writeFileSync(file, `FROM ${image}\n`);
    const all = await admin('pin', '--write', file);
    expect(all).toMatchObject({ code: 3, output: expect.stringContaining('linux/arm64: hold: left') });
    expect((await admin('pin', '--write', file, '--platform', 'linux/amd64')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`FROM ${image}@${index.manifest.digest}\n`);
    const local = await json<{ digest: string; index: string }>(
      'inspect',
      image,
      '--local',
      '--platform',
      'linux/arm64',
    );
    expect(local).toMatchObject({ digest: images.old.manifest.digest, index: index.manifest.digest });
  });
});

describe('wharf pin', () => {
  it('writes what passed, leaves what is held, and changes nothing else', async () => {
    const deploy = join(folder, 'deploy');
    mkdirSync(deploy);
    const file = join(deploy, 'compose.yaml');
    const text = (tail: string) =>
      `# ours\nservices:\n  good:\n    image: '${product.host}/strict/app:1${tail}'   # keep me\n  bad:\n    image: ${product.host}/strict/app:old\n`;
    writeFileSync(file, text(''));
    expect((await admin('pin', '--check', file)).code).toBe(1);
    const told = await admin('pin', file);
    expect(told).toMatchObject({ code: 3, error: expect.stringContaining('--write') });
    expect(told.output).toMatch(/refused .*:6 .*hold: left 1\.0\.0 has TEST-1/);
    expect(readFileSync(file, 'utf8')).toBe(text(''));
    expect((await admin('pin', '--write', file)).code).toBe(3);
    expect(readFileSync(file, 'utf8')).toBe(text(`@${images.new.manifest.digest}`));
    const stray = join(deploy, 'Dockerfile');
    writeFileSync(stray, `FROM ${product.host}/none/there:1 AS a\nFROM ${product.host}/strict/app:1\n`);
    const mixed = await admin('pin', '--write', stray);
    expect(mixed).toMatchObject({
      code: 1,
      output: expect.stringMatching(/refused .*:1 .*none\/there:1 .*not known/),
    });
    expect(readFileSync(stray, 'utf8')).toContain(`strict/app:1@${images.new.manifest.digest}`);
    const { images: told2 } = await json<{ images: object[] }>('pin', '--check', file);
    expect(told2).toMatchObject([
      { outcome: 'pinned', line: 4 },
      { outcome: 'unpinned', line: 6 },
    ]);
  });
});
