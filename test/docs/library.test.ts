import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry, type RunningRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { attempt } from '../harness/command.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256 } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guide/library.md'), 'utf8');
const program = /```ts\n(.*?)```/s.exec(guide)![1]!;

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

const [registryKey, releaseKey] = [newKey(), newKey()];
let folder: string;
let registry: RunningRegistry;

/** Pushes an image and gives its digest; signed, where a key is given. */
async function push(repository: string, key?: SigningKey): Promise<string> {
  const session = new RegistrySession(registry.host, { insecure: true });
  const { manifest, mediaType, blobs } = imageOf([smallRoot(repository)]);
  for (const [digest, bytes] of blobs) {
    const descriptor = { mediaType: types.config, digest: parseDigest(digest), size: bytes.length };
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  }
  await pushManifest(session, repository, '1', { mediaType, bytes: manifest });
  const subject = { mediaType, digest: parseDigest(sha256(manifest)), size: manifest.length };
  if (key) await pushArtifact(session, repository, signImage(subject, key, new Date()));
  await session.close();
  return subject.digest;
}

const verify = (image: string) =>
  attempt([process.execPath, 'verify.ts', `${registry.host}/${image}`], { cwd: folder });

describe.skipIf(lacksTools(['docker-registry']))('the program of the guide to the library', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wharfinger-library-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'verify.ts'), program);
    writeFileSync(join(folder, 'registry.pub'), registryKey.publicPem);
    const judgement = makeJudgement({
      madeAt: new Date().toISOString(),
      repositories: [makeRule('**', { gate: 'warn' }), makeRule('strict/**', { official: true })],
      trust: [makeTrust('**', { name: 'release', pem: releaseKey.publicPem })],
    });
    writeFileSync(join(folder, 'judgement.json'), signJudgement(judgement, registryKey));
    registry = await startDockerRegistry();
  });
  afterAll(async () => {
    await registry?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test('has ten lines at most', () => {
    expect(program.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10);
  });

  test('needs nothing of the server', () => {
    expect(program).not.toContain('@wharfinger/server');
    const about = JSON.parse(readFileSync(join(root, 'lib/package.json'), 'utf8')) as {
      dependencies: object;
    };
    expect(Object.keys(about.dependencies).filter((name) => name.startsWith('@wharfinger/'))).toEqual([]);
  });

  test('says by which digest an image of a plain registry may run', async () => {
    const digest = await push('team/app', releaseKey);
    const { code, stdout, stderr } = await verify('team/app:1');
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(`run it by ${digest}`);
    expect(code).toBe(0);
  });

  test('says why one may not', async () => {
    await push('strict/app');
    const { stdout } = await verify('strict/app:1');
    expect(stdout).toContain('not signed by a trusted key');
    expect(stdout).not.toContain('run it');
  });

  test('fails where anything does', async () => {
    expect((await verify('team/none:1')).code).not.toBe(0);
    const sealed = readFileSync(join(folder, 'judgement.json'), 'utf8');
    writeFileSync(join(folder, 'judgement.json'), sealed.replace(/"sig":"..../, '"sig":"AAAA'));
    expect((await verify('team/app:1')).stderr).toContain('JUDGEMENT_UNTRUSTED');
    writeFileSync(join(folder, 'judgement.json'), sealed);
  });
});
