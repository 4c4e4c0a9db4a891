import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mistakesInSpdx } from '@wharfinger/lib/inspect/sbom/spdx-rules.fixtures';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { attempt } from '../harness/command.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { until } from '../harness/registry-client.ts';
import { makeImage, pushImage } from '../cli/small-image.ts';
import { lacksTools } from '../requirements.ts';

let folder: string;
let product: Product;
let places: Readonly<Record<'old' | 'new', string>>;
let layouts: Readonly<Record<'old' | 'new', string>>;

function admin(...given: string[]): Promise<Ran> {
  return wharf(given, { environment: { HOME: folder }, folder });
}

async function json<T>(...given: string[]): Promise<T> {
  const { output, error } = await admin(...given, '--json');
  if (output === '') throw new Error(error);
  return JSON.parse(output) as T;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'look-'));
  product = await startProduct({
    folder: join(folder, 'product'),
    config: { namespaces: [{ name: 'open', gate: 'warn' }] },
  });
  const login = ['login', product.host, '-u', product.user, '--password-stdin'];
  await wharf(login, { environment: { HOME: folder }, input: product.password });
  const images = {
    old: await makeImage(join(folder, 'old'), { left: '1.0.0', 'not a <name> at all': '1.0.0' }),
    new: await makeImage(join(folder, 'new'), { left: '2.0.0', more: '1.0.0' }, { user: '0' }),
  };
  layouts = { old: images.old.layout, new: images.new.layout };
  places = { old: `${product.host}/open/app:old`, new: `${product.host}/open/app:new` };
  for (const name of ['old', 'new'] as const) {
    await pushImage(product, images[name], 'open/app', name);
    await until(async () => {
      const { output } = await admin('verdict', places[name]);
      return output.includes('not checked yet') ? undefined : true;
    }, 'the image to be checked');
  }
});

afterAll(async () => {
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('wharf files', () => {
  test('tells the same by the server and here', async () => {
    for (const more of [[], ['app/node_modules'], ['app', '--layer', '0'], ['/', '--state', 'other']]) {
      const there = await json<object>('files', places.new, ...more);
      const here = await json<object>('files', layouts.new, ...more);
      expect(there).toEqual({ ...here, repository: 'open/app' });
    }
    const { output } = await admin('files', places.new, 'app/node_modules');
    expect(output).toMatch(/^d---- +left\/$/m);
  });

  test('says what is not there, and what cannot be', async () => {
    for (const image of [places.new, layouts.new]) {
      expect(await admin('files', image, 'none')).toMatchObject({
        code: 1,
        error: expect.stringMatching(/nothing at this path: "none"/),
      });
      expect(await admin('files', image, '--layer', '9')).toMatchObject({
        code: 1,
        error: expect.stringMatching(/no layer 9/),
      });
    }
    expect((await admin('files', places.new, '--limit', '0')).code).toBe(2);
    expect((await admin('files', places.new, '--layer', 'x')).code).toBe(2);
  });
});

describe('wharf files --cat', () => {
  const path = 'app/node_modules/more/package.json';
  const content = JSON.stringify({ name: 'more', version: '1.0.0', license: 'MIT' });

  test('gives what a file contains, by the server and here', async () => {
    const archive = join(folder, 'new.tar');
    await attempt(['tar', '-C', layouts.new, '-cf', archive, '.']);
    for (const image of [places.new, layouts.new, archive]) {
      expect(await admin('files', image, path, '--cat')).toEqual({ code: 0, output: content, error: '' });
      expect((await admin('files', image, path, '--cat', '--layer', '0')).output).toBe(content);
    }
    expect((await admin('files', places.new, path, '--cat', '--local')).output).toBe(content);
  });

  test('refuses what has no content, in the same words', async () => {
    for (const [asked, code, what] of [
      ['app', 1, /"app" is a folder/],
      ['app/none', 1, /nothing at this path: "app\/none"/],
    ] as const) {
      const there = await admin('files', places.new, asked, '--cat');
      expect(there).toMatchObject({ code, output: '', error: expect.stringMatching(what) });
      expect(await admin('files', layouts.new, asked, '--cat')).toEqual(there);
    }
    expect((await admin('files', layouts.new, path, '--cat', '--state', 'other')).code).toBe(2);
    expect((await admin('files', layouts.new, path, '--cat', '--json')).code).toBe(2);
  });

  test('is an endpoint that says what it gives', async () => {
    const query = new URLSearchParams({ repository: 'open/app', reference: 'new', path });
    const authorization = `Basic ${Buffer.from(`${product.user}:${product.password}`).toString('base64')}`;
    const address = `http://${product.host}/api/v1/files/content?${query.toString()}`;
    const response = await fetch(address, { headers: { authorization } });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(content.length),
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'wharfinger-layer': '0',
      'wharfinger-complete': 'true',
      'wharfinger-sha256': createHash('sha256').update(content).digest('hex'),
    });
    expect(await response.text()).toBe(content);
  });

  test('says that there may be another file where a layer could not be read', async () => {
    const { layout } = await makeImage(join(folder, 'cut'), { one: '1.0.0', two: '1.0.0' }, { cut: 1024 });
    const ran = await admin('files', layout, 'app/node_modules/one/package.json', '--cat');
    expect(ran).toMatchObject({ code: 4, output: expect.stringContaining('"name":"one"') });
    expect(ran.error).toMatch(/may have another file/);
  });
});

describe('wharf diff', () => {
  test('tells the same by the server and here', async () => {
    const there = await json<Record<string, unknown>>('diff', places.old, places.new);
    const here = await json<Record<string, unknown>>('diff', layouts.old, layouts.new);
    const { findings: _, ...known } = there;
    expect(here).toEqual(known);
    expect(there).toMatchObject({
      same: false,
      sharedLayers: 0,
      packages: { changed: [{ name: 'left', before: '1.0.0', after: '2.0.0', direction: 'up' }] },
      configuration: [{ field: 'user', before: '1000', after: '0' }],
    });
  });

  test('ends with 3 where it is asked to and they differ', async () => {
    expect((await admin('diff', layouts.old, layouts.new)).code).toBe(0);
    expect((await admin('diff', layouts.old, layouts.new, '--exit-code')).code).toBe(3);
    const same = await admin('diff', layouts.new, layouts.new, '--exit-code');
    expect(same).toMatchObject({
      code: 0,
      output: expect.stringMatching(/They are the same in all that is compared/),
    });
  });
});

describe('wharf sbom', () => {
  test('is valid in every format, of the image and of a layer, by the server and here', async () => {
    for (const image of [places.old, layouts.old]) {
      for (const layer of [[], ['--layer', '0']]) {
        const spdx = await written('sbom', image, '--format', 'spdx', ...layer);
        expect(mistakesInSpdx(JSON.parse(spdx))).toEqual([]);
        for (const [version, spec] of [
          ['1.6', Spec.Version.v1dot6],
          ['1.7', Spec.Version.v1dot7],
        ] as const) {
          const text = await written('sbom', image, '--spec-version', version, ...layer);
          expect(await new Validation.JsonStrictValidator(spec).validate(text)).toBeNull();
        }
      }
      expect(await admin('sbom', image, '--layer', '7')).toMatchObject({
        code: 1,
        error: expect.stringMatching(/no layer 7/),
      });
    }
  });

  test('is the same each time where SOURCE_DATE_EPOCH is set', async () => {
    const environment = { HOME: folder, SOURCE_DATE_EPOCH: '1700000000' };
    const texts: string[] = [];
    for (const name of ['a', 'b']) {
      const file = join(folder, name);
      await wharf(['sbom', layouts.old, '--format', 'spdx', '-o', file], { environment, folder });
      texts.push(readFileSync(file, 'utf8'));
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toContain('2023-11-14T22:13:20Z');
  });

  test.skipIf(lacksTools(['cosign3']))('is attached as an attestation that cosign verifies', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = join(folder, 'ci.key');
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(folder, 'ci.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const home = join(folder, 'cosign');
    mkdirSync(home);
    const auth = Buffer.from(`${product.user}:${product.password}`).toString('base64');
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [product.host]: { auth } } }));
    for (const [format, type] of [
      ['spdx', 'spdxjson'],
      ['cyclonedx', 'cyclonedx'],
    ] as const) {
      const { digest } = await json<{ digest: string }>(
        'sbom',
        places.new,
        '--format',
        format,
        '--attest',
        '--key',
        key,
      );
      const verified = await attempt(
        [
          'cosign3',
          'verify-attestation',
          '--type',
          type,
          '--key',
          join(folder, 'ci.pub'),
          '--insecure-ignore-tlog',
          '--allow-insecure-registry',
          `${product.host}/open/app@${digest}`,
        ],
        { env: { HOME: home, DOCKER_CONFIG: home } },
      );
      expect(verified).toMatchObject({ code: 0 });
      const { payload } = JSON.parse(verified.stdout) as { payload: string };
      const statement = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as { predicate: object };
      expect(JSON.stringify(statement.predicate)).toContain('pkg:npm/left@2.0.0');
    }
    const refused = await admin('sbom', layouts.new, '--attest', '--key', key);
    expect(refused).toMatchObject({ code: 2, error: expect.stringMatching(/lies in no registry/) });
    expect((await admin('sbom', layouts.new, '--attest')).code).toBe(2);
  });

  test.skipIf(lacksTools(['cosign3']))('is signed by the registry itself where it is asked to', async () => {
    const before = await json<{ verdict: object }>('verdict', places.old);
    const attested = await json<{ digest: string; predicateType: string }>('sbom', places.old, '--attest');
    expect(attested.predicateType).toBe('https://cyclonedx.org/bom');
    const key = join(folder, 'registry.pub');
    expect((await admin('judgement', 'key', product.host, '-o', key)).code).toBe(0);
    const home = join(folder, 'cosign-home');
    mkdirSync(home);
    const auth = Buffer.from(`${product.user}:${product.password}`).toString('base64');
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [product.host]: { auth } } }));
    const given = [
      '--type',
      'cyclonedx',
      '--key',
      key,
      '--insecure-ignore-tlog',
      '--allow-insecure-registry',
    ];
    const verified = await attempt(
      ['cosign3', 'verify-attestation', ...given, `${product.host}/open/app@${attested.digest}`],
      { env: { HOME: home, DOCKER_CONFIG: home } },
    );
    expect(verified).toMatchObject({ code: 0 });
    const { payload } = JSON.parse(verified.stdout) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
      predicate: object;
    };
    expect(
      await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(predicate)),
    ).toBeNull();
    expect(JSON.stringify(predicate)).toContain('pkg:npm/left@1.0.0');

    // asked again it adds nothing, and in another form another
    const again = async (...more: string[]) =>
      (await json<{ attestations: object[] }>('sbom', places.old, '--attest', ...more)).attestations;
    expect(await again()).toEqual((attested as unknown as { attestations: object[] }).attestations);
    expect(await again('--format', 'spdx')).toEqual(await again('--format', 'spdx'));

    // who asked is known, and what the registry says of what it looks into itself decides nothing
    const { entries } = await call<{ entries: object[] }>('audit?action=attest-sbom');
    expect(entries).toEqual([
      expect.objectContaining({ actor: product.user, digest: attested.digest, outcome: 'done' }),
      expect.objectContaining({ actor: product.user, digest: attested.digest, outcome: 'done' }),
    ]);
    const { facts } = await call<{ facts: { attestations: object } }>(
      'images?repository=open/app&reference=old',
    );
    expect(facts.attestations).toMatchObject({ valid: [], refused: [], sboms: [] });
    const after = await json<{ verdict: object }>('verdict', places.old);
    expect({ ...after.verdict, at: '' }).toEqual({ ...before.verdict, at: '' });
  });
});

/** What the API answers the administrator. */
async function call<T>(path: string): Promise<T> {
  const authorization = `Basic ${Buffer.from(`${product.user}:${product.password}`).toString('base64')}`;
  const response = await fetch(`http://${product.host}/api/v1/${path}`, { headers: { authorization } });
  return (await response.json()) as T;
}

/** What a command writes as a document: to a file, since it writes to the standard output of this process otherwise. */
async function written(...given: string[]): Promise<string> {
  const file = join(folder, 'document.json');
  await admin(...given, '-o', file);
  return readFileSync(file, 'utf8');
}
