import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry, type RunningRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { predicateNames } from '@wharfinger/lib/signing/predicate-names';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { lacksTools } from '../requirements.ts';
import { makeImage, makeIndex } from './small-image.ts';

const password = 'a password';
const secret = { COSIGN_PASSWORD: password };
const offline = ['--insecure-ignore-tlog=true', '--allow-insecure-registry'];

describe.skipIf(lacksTools(['docker-registry', 'cosign2', 'cosign3']))('wharf signs', () => {
  let folder: string;
  let registry: RunningRegistry;
  let image: string;
  let index: string;

  const at = (name: string): string => join(folder, name);
  const said = (given: readonly string[], environment: NodeJS.ProcessEnv = secret): Promise<Ran> =>
    wharf(given, { environment: { HOME: folder, ...environment } });
  const done = async (given: readonly string[]): Promise<unknown> => {
    const { code, output, error } = await said([...given, '--json']);
    if (code !== 0) throw new Error(`${given.join(' ')}: ${code}: ${error}`);
    return JSON.parse(output);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wharf-sign-'));
    registry = await startDockerRegistry();
    const one = await makeImage(at('one'), { left: '1.0.0' });
    const other = await makeImage(at('other'), { right: '1.0.0' });
    const both = makeIndex(at('both'), { amd64: one, arm64: other });
    const session = new RegistrySession(registry.host);
    const content = await layoutContent(folderFiles(both.layout));
    const target = { session, repository: 'team/app' };
    await copyImage(content, target, both.manifest.digest, { referrers: false, tag: 'all' });
    await session.close();
    image = `${registry.host}/team/app@${one.manifest.digest}`;
    index = `${registry.host}/team/app:all`;
    // cosign 2 wants a root even where nothing of it is used
    const rootType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
    writeFileSync(at('root.json'), JSON.stringify({ mediaType: rootType }));
    for (const name of ['release', 'ci']) await done(['key', 'generate', '--output-key-prefix', at(name)]);
  });

  afterAll(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
  });

  it('with keys that it makes, which cosign opens, and nobody else reads', async () => {
    expect(statSync(at('release.key')).mode & 0o777).toBe(0o600);
    for (const tool of ['cosign2', 'cosign3'])
      expect(await run([tool, 'public-key', '--key', at('release.key')], { env: secret })).toContain(
        readFileSync(at('release.pub'), 'utf8').trim(),
      );
    const shown = await done(['key', 'show', at('release.pub')]);
    expect(shown).toMatchObject({ algorithm: 'ecdsa-p256', keyId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await done(['key', 'show', at('release.key')])).toEqual(shown);
  });

  it('but not over a key that exists, nor with a wrong password, nor without one', async () => {
    const again = await said(['key', 'generate', '--output-key-prefix', at('release')]);
    expect(again).toMatchObject({ code: 2, error: expect.stringContaining('exists already') });
    const sign = ['sign', image, '--key', at('release.key')];
    expect(await said(sign, { COSIGN_PASSWORD: 'another' })).toMatchObject({
      code: 1,
      error: expect.stringContaining('the password is wrong'),
    });
    expect(await said(sign, {})).toMatchObject({
      code: 2,
      error: expect.stringContaining('set WHARF_KEY_PASSWORD'),
    });
  });

  it('an image so that cosign and wharf verify it, with each of several keys', async () => {
    const keys = [at('release.key'), at('ci.key')];
    const signed = await done(['sign', image, '--key', ...keys]);
    expect(signed).toMatchObject({ image, signatures: [{ key: keys[0] }, { key: keys[1] }] });
    for (const key of ['release.pub', 'ci.pub'])
      await run(['cosign3', 'verify', ...offline, '--key', at(key), image]);
    const told = await said(['tree', image, '--key', at('release.pub'), at('ci.pub')]);
    expect(told.output.match(/^ {2}signed .*$/gm)).toHaveLength(2);
  });

  it('an index, and its images where that is wanted', async () => {
    expect(await done(['sign', index, '--key', at('release.key'), '-r'])).toMatchObject({
      signatures: { length: 3 },
    });
    const { nodes } = (await done(['tree', index, '--key', at('release.pub')])) as {
      nodes: Array<{ platform?: string; evidence: { valid: unknown[] } }>;
    };
    expect(nodes.map(({ platform }) => platform)).toEqual([undefined, 'linux/amd64', 'linux/arm64']);
    for (const { evidence } of nodes) expect(evidence.valid.length).toBeGreaterThan(0);
  });

  const predicates: Readonly<Record<string, string>> = {
    slsaprovenance: '{"builder":{"id":"https://ci"},"buildType":"https://make"}',
    slsaprovenance1:
      '{"buildDefinition":{"buildType":"https://make","externalParameters":{}},"runDetails":{"builder":{"id":"https://ci"}}}',
    spdxjson: '{"spdxVersion":"SPDX-2.3","packages":[]}',
    cyclonedx: '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}',
    openvex: '{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}',
    vuln: '{"scanner":{}}',
    custom: 'not even JSON',
    'https://test/scan': '{"found":0}',
  };

  it.each(Object.entries(predicates))('%s, which cosign verifies', async (type, predicate) => {
    const file = at('predicate');
    writeFileSync(file, predicate);
    const made = await done(['attest', image, '--type', type, '--predicate', file, '--key', at('ci.key')]);
    const predicateType = predicateNames[type] ?? type;
    expect(made).toMatchObject({ image, predicateType, attestations: [{}] });
    const flags = [...offline, '--key', at('ci.pub'), '--type', type, image];
    await run(['cosign3', 'verify-attestation', ...flags]);
    const bundles = ['--new-bundle-format', '--trusted-root', at('root.json')];
    await run(['cosign2', 'verify-attestation', ...bundles, ...flags]);
    const told = await said(['tree', image, '--key', at('ci.pub')]);
    expect(told.output).toContain(`attested  ${predicateType} by ci.pub`);
  });

  it('nothing that it could not read', async () => {
    const file = at('broken');
    writeFileSync(file, '{"bomFormat":"CycloneDX"}');
    const attest = (type: string) =>
      said(['attest', image, '--type', type, '--predicate', file, '--key', at('ci.key')]);
    expect(await attest('cyclonedx')).toMatchObject({
      code: 2,
      error: expect.stringContaining('it is no cyclonedx: specVersion is not a string'),
    });
    expect((await attest('sbom')).error).toContain('neither a known name nor a URI');
    expect((await attest('https://sigstore.dev/cosign/sign/v1')).error).toContain('see wharf sign');
    writeFileSync(file, '{"a":1,"a":2}');
    expect((await attest('https://test/scan')).error).toContain('stands twice');
    expect((await said(['sign', `${registry.host}/team/none:1`, '--key', at('ci.key')])).code).toBe(1);
  });
});
