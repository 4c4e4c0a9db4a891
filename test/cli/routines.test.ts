import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry, type RunningRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { lacksTools } from '../requirements.ts';
import { makeImage, pushImage, type Made } from './small-image.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const said = (...given: string[]): Promise<Ran> =>
  wharf(given, { environment: { HOME: folder, WHARF_KEY_PASSWORD: 'a password' }, folder });
async function done<T = Record<string, unknown>>(...given: string[]): Promise<T> {
  const { code, output, error } = await said(...given, '--json');
  if (code !== 0) throw new Error(`${given.join(' ')}: ${code}: ${error}`);
  return JSON.parse(output) as T;
}
const refusal = async (...given: string[]): Promise<string> => {
  const { code, error } = await said(...given);
  expect(code).not.toBe(0);
  return error;
};
const change = (file: string, ...changes: ReadonlyArray<readonly [from: string, to: string]>): void => {
  const text = changes.reduce(
    (before, [from, to]) => before.replaceAll(from, to),
    readFileSync(at(file), 'utf8'),
  );
  writeFileSync(at(file), text);
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-routine-'));
  for (const name of ['alice', 'bob']) await done('key', 'generate', '--output-key-prefix', at(name));
  await done('routine', 'init', 'payments.yaml');
  writeFileSync(
    at('failing.yaml'),
    readFileSync(at('payments.yaml'), 'utf8').replace('expect: pass', 'expect: fail'),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a collection', () => {
  it('begins with a template that passes its tests, and that nothing overwrites', async () => {
    expect(await done('routine', 'test', 'payments.yaml')).toMatchObject({ failed: 0 });
    expect(await refusal('routine', 'init', 'payments.yaml')).toContain('payments.yaml');
    expect(await refusal('routine', 'init', 'Not A Name.yaml')).toContain(
      'cannot be the name of a collection',
    );
  });

  it('is packed into the same artifact each time, unless its tests fail', async () => {
    const first = await done('routine', 'pack', 'payments.yaml');
    expect(first).toMatchObject({ version: '0.1.0', output: 'payments-0.1.0' });
    const second = await done('routine', 'pack', 'payments.yaml', '-o', 'again');
    expect(second['digest']).toBe(first['digest']);
    expect(readdirSync(at('again')).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(await refusal('routine', 'pack', 'failing.yaml')).toContain('its tests do not pass');
  });
});

describe.skipIf(lacksTools(['docker-registry']))('a collection in any registry', () => {
  let registry: RunningRegistry;
  let repository: string;
  const trusting = (...names: string[]): string[] => ['--key', ...names.map((name) => at(`${name}.pub`))];

  beforeAll(async () => {
    registry = await startDockerRegistry();
    repository = `${registry.host}/rules/payments`;
  });
  afterAll(() => registry.stop());

  it('is pushed with its version, once', async () => {
    const pushed = await done('routine', 'push', 'payments.yaml', repository);
    expect(pushed).toMatchObject({ reference: `${repository}:0.1.0`, isNew: true });
    expect(await done('routine', 'push', 'payments.yaml', repository)).toMatchObject({ isNew: false });
    const before = readFileSync(at('payments.yaml'), 'utf8');
    change('payments.yaml', ['default: 200', 'default: 300']);
    expect(await refusal('routine', 'push', 'payments.yaml', repository)).toContain(
      'was pushed already, with other content',
    );
    writeFileSync(at('payments.yaml'), before);
    expect(await refusal('routine', 'push', 'failing.yaml', repository)).toContain('its tests do not pass');
  });

  it('is pulled only with the signatures that are asked for', async () => {
    const reference = `${repository}:0.1.0`;
    const pull = ['routine', 'pull', reference, '-o', 'pulled.yaml'];
    expect(await refusal(...pull)).toContain('whose signature must it have?');
    expect(await refusal(...pull, ...trusting('alice'))).toContain('signed by none of the keys');
    await done('routine', 'sign', reference, '--key', at('alice.key'));
    expect(await refusal(...pull, ...trusting('bob'))).toContain('signed by none of the keys');
    expect(await refusal(...pull, ...trusting('alice', 'bob'), '--needed', '2')).toContain(
      'signed by alice.pub, and 2 must have signed',
    );
    expect(await refusal(...pull, ...trusting('alice', 'alice'), '--needed', '2')).toContain(
      'and 2 must have signed',
    );
    await done('routine', 'sign', reference, '--key', at('bob.key'));
    expect(await done(...pull, ...trusting('alice', 'bob'), '--needed', '2')).toMatchObject({
      collection: 'payments',
      signedBy: expect.arrayContaining(['alice.pub', 'bob.pub']),
    });
    expect(readFileSync(at('pulled.yaml'), 'utf8')).toBe(readFileSync(at('payments.yaml'), 'utf8'));
    expect(await refusal(...pull, ...trusting('alice'))).toContain('pulled.yaml');
    await done('routine', 'pull', reference, '--unsigned', '-o', 'unsigned.yaml');
  });

  it('is told from an old version under the tag of a new one', async () => {
    const session = new RegistrySession(registry.host);
    const { digest } = await done<{ digest: string }>('routine', 'push', 'payments.yaml', repository);
    const manifest = await fetch(`http://${registry.host}/v2/rules/payments/manifests/${digest}`, {
      headers: { accept: mediaTypes.ociManifest },
    });
    const bytes = new Uint8Array(await manifest.arrayBuffer());
    await pushManifest(session, 'rules/payments', '9.0.0', { mediaType: mediaTypes.ociManifest, bytes });
    await session.close();
    expect(
      await refusal('routine', 'pull', `${repository}:9.0.0`, ...trusting('alice'), '-o', 'old.yaml'),
    ).toContain('9.0.0 was asked for, and the collection is payments 0.1.0');
  });

  it('is compared with another', async () => {
    writeFileSync(at('next.yaml'), readFileSync(at('payments.yaml'), 'utf8'));
    change('next.yaml', ['version: 0.1.0', 'version: 0.2.0'], ['default: 200', 'default: 100']);
    const difference = await done(
      'routine',
      'diff',
      `${repository}:0.1.0`,
      'next.yaml',
      ...trusting('alice'),
    );
    expect(difference).toMatchObject({
      added: [],
      removed: [],
      changed: [{ routine: 'few-packages', fields: [], parameters: [{ parameter: 'most' }] }],
    });
    const { output } = await said('routine', 'diff', 'payments.yaml', 'next.yaml');
    expect(output).toContain('parameter most:');
  });

  it.skipIf(lacksTools(['cosign3', 'oras']))('is signed for cosign, and fetched with oras', async () => {
    const reference = `${repository}:0.1.0`;
    await run([
      'cosign3',
      'verify',
      '--key',
      at('alice.pub'),
      '--insecure-ignore-tlog=true',
      '--allow-insecure-registry',
      reference,
    ]);
    await run(['oras', 'pull', '--plain-http', reference, '-o', at('fetched')]);
    expect(readFileSync(at('fetched/payments.yaml'), 'utf8')).toBe(readFileSync(at('payments.yaml'), 'utf8'));
  });
});

describe('a collection that is not bound yet', () => {
  let product: Product;
  let image: Made;

  beforeAll(async () => {
    product = await startProduct({ folder: at('product'), config: {} });
    image = await makeImage(at('image'), { left: '1.0.0', right: '1.0.0' });
    await pushImage(product, image, 'team/app', '1');
    const login = ['login', product.host, '--username', 'admin', '--password-stdin'];
    await wharf(login, { input: product.password, environment: { HOME: folder } });
  });
  afterAll(() => product?.stop());

  it('is tried against what was pulled', async () => {
    const headers = {
      accept: mediaTypes.ociManifest,
      authorization: `Basic ${Buffer.from(`admin:${product.password}`).toString('base64')}`,
    };
    for (let pulls = 0; pulls < 2; pulls += 1) {
      const answer = await fetch(`http://${product.host}/v2/team/app/manifests/1`, { headers });
      expect(answer.status).toBe(200);
    }
    interface Pulls {
      readonly entries: ReadonlyArray<{ readonly detail?: { readonly count?: number } }>;
    }
    await expect
      .poll(async () => {
        const { entries } = await done<Pulls>('audit', product.host, '--action', 'pull');
        return entries.reduce((sum, { detail }) => sum + (detail?.count ?? 1), 0);
      })
      .toBe(2);
    await expect
      .poll(async () => (await said('verdict', `${product.host}/team/app:1`)).output)
      .not.toContain('not checked yet');
    const replay = ['routine', 'replay', 'strict.yaml', '--server', product.host, '--since', '1d'];
    writeFileSync(at('strict.yaml'), readFileSync(at('payments.yaml'), 'utf8'));
    expect(await done(...replay)).toMatchObject({
      images: 1,
      gone: 0,
      withheld: 0,
      complete: true,
      different: [],
    });
    const strict = [
      {
        id: 'few',
        collection: 'payments',
        routine: 'few-packages',
        parameters: { most: 1 },
        purposes: ['pull'],
        effect: 'deny',
      },
    ];
    writeFileSync(at('bindings.json'), JSON.stringify(strict));
    expect(await done(...replay, '--bindings', 'bindings.json')).toMatchObject({
      different: [
        {
          repository: 'team/app',
          digest: image.manifest.digest,
          effect: 'refuses',
          pulls: 2,
          by: ['admin'],
          reasons: ['deny: has 2 packages, more than 1 (few-packages)'],
        },
      ],
    });
    const { output } = await said(...replay, '--bindings', 'bindings.json');
    expect(output).toContain('would have been refused:');
    expect(output).toContain('pulled 2 times by admin');
    writeFileSync(at('bindings.json'), JSON.stringify([{ ...strict[0], routine: 'absent' }]));
    expect(await refusal(...replay, '--bindings', 'bindings.json')).toContain('has no routine absent');
    expect(await refusal(...replay, '--routine', 'absent')).toContain('has no routine absent');
  });
});
