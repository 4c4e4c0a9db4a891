import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { attempt, run } from '../harness/command.ts';
import { startProduct } from '../harness/product.ts';
import { lacksTools } from '../requirements.ts';
import {
  attempted,
  cosignVerifies,
  done,
  logIn,
  makeImages,
  makePolicy,
  pushImages,
  secret,
  type Images,
} from './setting.ts';

interface Registry {
  readonly host: string;
  stop(): Promise<void>;
}

const registries = {
  'a plain docker-registry': async (): Promise<Registry> => startDockerRegistry(),
  async 'this product'(folder: string): Promise<Registry> {
    const product = await startProduct({ folder, config: { namespaces: [{ name: '*', gate: 'warn' }] } });
    logIn(folder, product.host, product.authorization);
    return product;
  },
};

describe.skipIf(lacksTools(['docker-registry', 'cosign2', 'cosign3'])).each(Object.entries(registries))(
  'a chain of custody in %s',
  (_, start) => {
    let folder: string;
    let registry: Registry;
    let images: Images;
    let base: string;
    let app: string;
    let rules: string[];
    const custody = (...given: string[]) => done(folder, 'custody', ...given, ...rules);
    const tried = (...given: string[]) => attempted(folder, 'custody', ...given, ...rules);
    const key = (name: string) => ['--key', join(folder, 'keys', `${name}.key`)];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'wharf-custody-'));
      registry = await start(folder);
      images = makeImages(folder);
      const session = new RegistrySession(registry.host, await loginOf(folder, registry.host));
      await pushImages(images, session);
      await session.close();
      rules = ['--layout', await makePolicy(folder)];
      base = `${registry.host}/base/debian:12`;
      app = `${registry.host}/prod/api:app`;
    });
    afterAll(async () => {
      await registry.stop();
      rmSync(folder, { recursive: true });
    });

    test('nothing is complete that nobody has linked, and nobody takes it in', async () => {
      const { code, output } = await tried('verify', base, '--stage', 'base');
      expect(code).toBe(3);
      expect(output).toContain('no team of stage base has linked it');
      const refused = await tried('intake', base, '--team', 'payments', ...key('app'));
      expect(refused).toMatchObject({ code: 1, error: expect.stringContaining('not complete') });
      const early = await tried('link', app, '--parent', base, '--team', 'payments', ...key('app'));
      expect(early).toMatchObject({ code: 1, error: expect.stringContaining('not complete') });
    });

    test('the base team links with cosign alone, by what --print wrote', async () => {
      const predicate = await custody('link', base, '--team', 'platform', '--print');
      writeFileSync(join(folder, 'link.json'), JSON.stringify(predicate));
      const reference = `${registry.host}/base/debian@${images.base.digest}`;
      const said = [
        '--type',
        predicateTypes.layerLink,
        '--predicate',
        join(folder, 'link.json'),
        ...key('base'),
      ];
      const offline = [
        '--use-signing-config=false',
        '--tlog-upload=false',
        '--allow-insecure-registry',
        '-y',
      ];
      await run(['cosign3', 'attest', ...offline, ...said, reference], {
        env: { ...secret, HOME: folder, DOCKER_CONFIG: folder },
      });
      expect(await custody('show', base, '--stage', 'base')).toMatchObject({
        complete: true,
        layers: [{ index: 0, team: 'platform' }],
      });
    });

    test('the next team takes it in, links, and two people approve', async () => {
      await custody('intake', base, '--team', 'payments', ...key('app'));
      await custody('link', app, '--parent', base, '--team', 'payments', ...key('app'));
      const short = await tried('verify', app);
      expect(short.code).toBe(3);
      expect(short.output).toContain('needs 2 approvals');
      await custody('approve', app, '--role', 'security', '--ticket', 'CHG-17', ...key('alice'));
      await custody('approve', app, '--role', 'release', '--until', '30d', ...key('bob'));
      const { code, output } = await tried('verify', app);
      expect(code).toBe(0);
      expect(output).toContain('chain of custody complete');
      const shown = await tried('show', app);
      expect(shown.output).toMatch(/0 +platform +base .*\n1 +payments +app /);
      expect(shown.output).toMatch(/alice \(security\)/);
    });

    test('each statement is one that cosign 2 and 3 verify', async () => {
      const at = {
        base: `${registry.host}/base/debian@${images.base.digest}`,
        app: `${registry.host}/prod/api@${images.app.digest}`,
      };
      const { layerLink, approval, verificationSummary } = predicateTypes;
      await cosignVerifies(folder, at.base, layerLink, 'base');
      await cosignVerifies(folder, at.base, verificationSummary, 'app');
      await cosignVerifies(folder, at.app, layerLink, 'app');
      await cosignVerifies(folder, at.app, approval, 'alice');
      await cosignVerifies(folder, at.app, approval, 'bob');
      await expect(cosignVerifies(folder, at.app, approval, 'app')).rejects.toThrow('cosign');
    });

    test('the summary of a whole chain is one command for cosign', async () => {
      await done(folder, 'key', 'generate', '--output-key-prefix', join(folder, 'keys', 'registry'));
      await custody('verify', app, '--summary-key', join(folder, 'keys', 'registry.key'));
      const reference = `${registry.host}/prod/api@${images.app.digest}`;
      await cosignVerifies(folder, reference, predicateTypes.verificationSummary, 'registry');
      const tampered = await tried(
        'verify',
        `${registry.host}/prod/api:tampered`,
        '--summary-key',
        join(folder, 'keys', 'registry.key'),
      );
      expect(tampered).toMatchObject({ code: 3, output: expect.stringContaining('link-missing') });
    });

    test('an unattributed layer is named with the image that it was put on', async () => {
      const tampered = await tried('show', `${registry.host}/prod/api:tampered`);
      expect(tampered.output).toMatch(
        /layer 2 \(sha256:[0-9a-f]{12}\) unattributed: .* of platform and payments/,
      );
      expect(tampered.output).toMatch(/0 +platform .*\n1 +payments .*\n2 +nobody /);
    });

    test('an index needs an assembly besides', async () => {
      const index = `${registry.host}/prod/api:index`;
      expect(await tried('verify', index)).toMatchObject({
        code: 3,
        output: expect.stringContaining('assembly-missing'),
      });
      await custody('assemble', index, '--team', 'payments', ...key('app'));
      expect(await custody('verify', index)).toMatchObject({
        kind: 'index',
        complete: true,
        children: [{ complete: true }],
      });
      await cosignVerifies(
        folder,
        `${registry.host}/prod/api@${images.index.digest}`,
        predicateTypes.assembly,
        'app',
      );
    });

    test('what nobody would accept is not signed', async () => {
      const wrong = await tried(
        'link',
        app,
        '--parent',
        base,
        '--team',
        'payments',
        '--material',
        'git+https://other',
        ...key('app'),
      );
      expect(wrong).toMatchObject({ code: 1, error: expect.stringContaining('contradict') });
      const stranger = await tried('approve', app, '--role', 'security', ...key('app'));
      expect(stranger).toMatchObject({ code: 2, error: expect.stringContaining('alice-key or bob-key') });
      const role = await tried('approve', app, '--role', 'release', ...key('alice'));
      expect(role).toMatchObject({ code: 2, error: expect.stringContaining('release (bob)') });
      const elsewhere = await tried('show', app, '--registry', 'another');
      expect(elsewhere).toMatchObject({ code: 2, error: expect.stringContaining('is for "wharfinger"') });
    });
  },
);

async function loginOf(folder: string, host: string) {
  const { findLogin } = await import('../../server/src/cli/credentials.ts');
  const credentials = await findLogin(host, { DOCKER_CONFIG: folder });
  return credentials === undefined ? {} : { credentials };
}

describe('a chain of custody in an OCI layout on disk', () => {
  let folder: string;
  let images: Images;
  let rules: string[];
  const asBase = ['--as', 'base/debian'];
  const asApp = ['--as', 'prod/api'];
  const custody = (...given: string[]) => done(folder, 'custody', ...given, ...rules);
  const key = (name: string) => ['--key', join(folder, 'keys', `${name}.key`)];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wharf-custody-'));
    images = makeImages(folder);
    rules = ['--layout', await makePolicy(folder)];
    const [base, app] = [`${images.layout}:base`, `${images.layout}:app`];
    await custody('link', base, ...asBase, '--team', 'platform', ...key('base'));
    await custody('intake', base, ...asBase, '--team', 'payments', ...key('app'));
    await custody(
      'link',
      app,
      ...asApp,
      '--parent',
      base,
      '--parent-as',
      'base/debian',
      '--team',
      'payments',
      ...key('app'),
    );
    await custody('approve', app, ...asApp, '--role', 'security', ...key('alice'));
    await custody('approve', app, ...asApp, '--role', 'release', ...key('bob'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is made, shown and verified with nothing but files', async () => {
    expect(await custody('verify', `${images.layout}:app`, ...asApp)).toMatchObject({
      complete: true,
      layers: [{ team: 'platform' }, { team: 'payments' }],
    });
  });

  test('is verified from a tar of it too, to which nothing can be added', async () => {
    const tar = join(folder, 'chain.tar');
    await run(['tar', '-cf', tar, '-C', images.layout, '.']);
    expect(await custody('verify', `${tar}:app`, ...asApp)).toMatchObject({ complete: true });
    const added = await attempted(
      folder,
      'custody',
      'approve',
      `${tar}:app`,
      ...asApp,
      '--role',
      'release',
      ...key('bob'),
      ...rules,
    );
    expect(added).toMatchObject({ code: 2, error: expect.stringContaining('nothing can be added') });
  });

  test('cannot be verified with a file changed, whichever it is, and is not complete without one', async () => {
    const report = (await custody('show', `${images.layout}:app`, ...asApp)) as {
      evidence: Array<{ digest: string; what: string }>;
    };
    expect(report.evidence.length).toBeGreaterThanOrEqual(9);
    const pathOf = (layout: string, digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
    // the manifests and configurations, and the bundles that some of the manifests carry
    const digests = report.evidence.flatMap(({ digest, what }) => {
      if (what === 'manifest' || what === 'config') return [digest];
      const { layers } = JSON.parse(readFileSync(pathOf(images.layout, digest), 'utf8')) as {
        layers: Array<{ digest: string }>;
      };
      return [digest, ...layers.map((layer) => layer.digest)];
    });
    const copy = join(folder, 'copy');
    expect(new Set(digests).size).toBeGreaterThan(9);
    for (const digest of new Set(digests)) {
      cpSync(images.layout, copy, { recursive: true });
      const path = pathOf(copy, digest);
      writeFileSync(path, `${readFileSync(path, 'utf8')} `);
      const changed = await attempted(folder, 'custody', 'verify', `${copy}:app`, ...asApp, ...rules);
      expect(changed).toMatchObject({ code: 1, error: expect.stringContaining('is damaged or was changed') });
      rmSync(path);
      const without = await attempted(folder, 'custody', 'verify', `${copy}:app`, ...asApp, ...rules);
      // of the image itself nothing can be said where it is not there
      expect([digest, without.code]).toEqual([digest, digest === images.app.digest ? 1 : 3]);
      rmSync(copy, { recursive: true });
    }
  });

  test('has to be told which repository is meant', async () => {
    const { code, error } = await attempted(folder, 'custody', 'show', `${images.layout}:app`, ...rules);
    expect(code).toBe(2);
    expect(error).toContain('--as');
    const other = await attempted(
      folder,
      'custody',
      'verify',
      `${images.layout}:app`,
      '--as',
      'prod/other',
      ...rules,
    );
    expect(other).toMatchObject({ code: 3, output: expect.stringContaining('link-scope') });
  });

  test('is not walked by a custody file with a mistake; all are listed', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(
      file,
      'signers:\n  - name: a\n    file: keys/base.pub\n    purposes: [release]\nlayout:\n  name: x\n  registry: r\n  stages: []\n  extra: 1\n',
    );
    const { code, error } = await attempted(
      folder,
      'custody',
      'show',
      `${images.layout}:app`,
      ...asApp,
      '--layout',
      file,
    );
    expect(code).toBe(1);
    expect(error).toContain('line 9: layout.extra is not known');
    expect(error).toContain('line 8: layout.stages must name at least one stage');
  });

  test('the example is left alone where it exists', async () => {
    const { code } = await attempted(folder, 'custody', 'init', rules[1]!);
    expect(code).toBe(2);
    expect((await attempt(['grep', '-c', 'wharf key generate', rules[1]!])).stdout).toContain('1');
  });
});
