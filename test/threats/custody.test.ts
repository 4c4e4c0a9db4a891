import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import {
  attempted,
  done,
  logIn,
  makeImages,
  makePolicy,
  pushImages,
  secret,
  type Images,
} from '../custody/setting.ts';
import { run } from '../harness/command.ts';
import { indexOf } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { sha256, visitor, type Visitor } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';

/** A scope, and whatever else a predicate says. */
interface Predicate {
  readonly scope: object;
  readonly [field: string]: unknown;
}

describe.skipIf(lacksTools(['cosign3', 'oras']))('statements of custody, attacked', () => {
  let folder: string;
  let product: Product;
  let admin: Visitor;
  let images: Images;
  let rules: string[];
  let base: string;
  let app: string;
  const custody = (...given: string[]) => done(folder, 'custody', ...given, ...rules);
  const tried = (...given: string[]) => attempted(folder, 'custody', ...given, ...rules);
  const key = (name: string) => ['--key', join(folder, 'keys', `${name}.key`)];
  const at = (repository: string): string => `${product.host}/${repository}`;
  let build: string[];
  /** Signs any predicate with cosign, as somebody does who has a key and none of our caution. */
  async function attest(reference: string, type: string, predicate: object, by: string): Promise<void> {
    writeFileSync(join(folder, 'predicate.json'), JSON.stringify(predicate));
    const said = ['--type', type, '--predicate', join(folder, 'predicate.json'), ...key(by)];
    const offline = ['--use-signing-config=false', '--tlog-upload=false', '--allow-insecure-registry', '-y'];
    await run(['cosign3', 'attest', ...offline, ...said, reference], {
      env: { ...secret, HOME: folder, DOCKER_CONFIG: folder },
    });
  }
  const printed = async (...given: string[]) => (await custody(...given, '--print')) as Predicate;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'threats-'));
    product = await startProduct({ folder, config: { namespaces: [{ name: '*', gate: 'warn' }] } });
    logIn(folder, product.host, product.authorization);
    admin = visitor(product.url, { name: product.user, password: product.password });
    images = makeImages(folder);
    const session = new RegistrySession(product.host, {
      credentials: { username: product.user, password: product.password },
    });
    await pushImages(images, session);
    await session.close();
    rules = ['--layout', await makePolicy(folder)];
    build = ['--team', 'payments', ...key('app')];
    base = at('base/debian:12');
    app = at('prod/api:app');
    await custody('link', base, '--team', 'platform', ...key('base'));
    await custody('intake', base, ...build);
    await custody('link', app, '--parent', base, ...build);
    await custody('approve', app, '--role', 'security', ...key('alice'));
  });
  afterAll(async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('replay of approvals across repos/stages', async () => {
    // bob approves, but for the stage before
    const approval = await printed('approve', app, '--role', 'release', '--approver', 'bob');
    await attest(app, predicateTypes.approval, { ...approval, stage: 'base' }, 'bob');
    expect(await tried('verify', app)).toMatchObject({
      code: 3,
      output: expect.stringContaining('approval-stage'),
    });
    await custody('approve', app, '--role', 'release', ...key('bob'));
    expect(await tried('verify', app)).toMatchObject({ code: 0 });

    // the image and all that refers to it, in another repository of the same stage
    const from = `${at('prod/api')}@${images.app.digest}`;
    await run(['oras', 'cp', '-r', '--from-plain-http', '--to-plain-http', from, at('prod/other:app')], {
      env: { HOME: folder, DOCKER_CONFIG: folder },
    });
    const list = async (repository: string): Promise<number> => {
      const { body } = await admin.send('GET', `/v2/${repository}/referrers/${images.app.digest}`);
      return (JSON.parse(body.toString()) as { manifests: object[] }).manifests.length;
    };
    expect(await list('prod/other')).toBe(await list('prod/api'));
    const replayed = await tried('verify', at('prod/other:app'));
    expect(replayed).toMatchObject({ code: 3, output: expect.stringContaining('link-scope') });
    // its team links it there: the approvals are still those of another place
    await custody('link', at('prod/other:app'), '--parent', base, ...build);
    const linked = await tried('verify', at('prod/other:app'));
    expect(linked).toMatchObject({ code: 3, output: expect.stringContaining('approval-scope') });
    for (const [name, role] of [
      ['alice', 'security'],
      ['bob', 'release'],
    ] as const)
      await custody('approve', at('prod/other:app'), '--role', role, ...key(name));
    expect(await tried('verify', at('prod/other:app'))).toMatchObject({ code: 0 });
  });

  test('unknown/unsigned index child (assembly)', async () => {
    const index = at('prod/api:index');
    await custody('assemble', index, ...build);
    expect(await custody('verify', index)).toMatchObject({ complete: true, children: [{ complete: true }] });

    const child = async (part: { digest: string }) => {
      const { body } = await admin.send('GET', `/v2/prod/api/manifests/${part.digest}`);
      return { manifest: body, mediaType: 'application/vnd.oci.image.manifest.v1+json', blobs: new Map() };
    };
    const wider = indexOf([
      { image: await child(images.app), platform: { os: 'linux', architecture: 'amd64' } },
      { image: await child(images.tampered), platform: { os: 'linux', architecture: 'arm64' } },
    ]);
    await admin.push('prod/api', wider, 'index');
    expect(await tried('verify', index)).toMatchObject({
      code: 3,
      output: expect.stringContaining('assembly-missing'),
    });
    // what was signed of the index before, said of this one
    const { manifests, ...said } = (await printed('assemble', index, ...build)) as Predicate & {
      manifests: object[];
    };
    expect(manifests).toHaveLength(2);
    const reference = `${at('prod/api')}@${sha256(wider.manifest)}`;
    await attest(reference, predicateTypes.assembly, { ...said, manifests: manifests.slice(0, 1) }, 'app');
    expect(await tried('verify', index)).toMatchObject({
      code: 3,
      output: expect.stringMatching(/assembly-/),
    });
    // named or not, a child that nobody has linked is refused
    await custody('assemble', index, ...build);
    expect(await tried('verify', index)).toMatchObject({
      code: 3,
      output: expect.stringMatching(/link-missing|equivocation/),
    });
  });

  test('equivocation by a team/registry', async () => {
    const twice = at('prod/twice:app');
    const from = `${at('prod/api')}@${images.app.digest}`;
    await run(['oras', 'cp', '--from-plain-http', '--to-plain-http', from, twice], {
      env: { HOME: folder, DOCKER_CONFIG: folder },
    });
    await custody('link', twice, '--parent', base, ...build);
    for (const [name, role] of [
      ['alice', 'security'],
      ['bob', 'release'],
    ] as const)
      await custody('approve', twice, '--role', role, ...key(name));
    expect(await tried('verify', twice)).toMatchObject({ code: 0 });
    const link = await printed('link', twice, '--parent', base, '--team', 'payments');
    await attest(
      twice,
      predicateTypes.layerLink,
      { ...link, materials: [{ uri: 'git+https://other' }] },
      'app',
    );
    expect(await tried('verify', twice)).toMatchObject({
      code: 3,
      output: expect.stringContaining('equivocation'),
    });
  });
});
