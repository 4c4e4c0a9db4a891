import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remoteContent, remoteEvidence } from '../client/content-source.ts';
import { copyImage } from '../client/copy.ts';
import { folderFiles } from '../client/file-set.ts';
import { headManifest, pushManifest } from '../client/manifests.ts';
import { layoutContent } from '../client/oci-layout.ts';
import { listReferrers, pushArtifact, referrersTag } from '../client/referrers.ts';
import { RegistrySession } from '../client/registry-session.ts';
import { startDockerRegistry, type RunningRegistry } from '../client/testing/docker-registry.ts';
import { makeImage, writeLayout } from '../client/testing/images.ts';
import { startOwnRegistry } from '../client/testing/own-registry.ts';
import { lacks, run } from '../client/testing/programs.ts';
import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { signatureTags } from './cosign-v2.ts';
import { parsePrivateKey } from './private-keys.ts';
import { signImage } from './sign-image.ts';
import { trustOfKeys } from './trusted-signers.ts';
import { verifyEvidence } from './verify-evidence.ts';

const at = new Date('2026-11-22T03:00:00Z');
const secret = { COSIGN_PASSWORD: 'a password' };

/** Flags that keep cosign off the network. */
const signing = {
  cosign2: ['sign', '--tlog-upload=false', '--allow-insecure-registry', '-y'],
  cosign3: ['sign', '--use-signing-config=false', '--tlog-upload=false', '--allow-insecure-registry', '-y'],
} as const;
const verifying = ['verify', '--insecure-ignore-tlog=true', '--allow-insecure-registry'];
const tools = ['cosign2', 'cosign3'] as const;
const kinds = ['p256', 'p384', 'p521', 'ed25519', 'rsa'] as const;

function newKeyPem(kind: (typeof kinds)[number]): string {
  const pair =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 3072 })
        : generateKeyPairSync('ec', { namedCurve: kind.replace('p', 'P-') });
  return pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
}

const registries = [
  ['docker-registry', () => startDockerRegistry(), true],
  // It does not list under an image what refers to another, whatever a fallback tag says.
  ['this library', () => startOwnRegistry(), false],
] as const;
const lacking = lacks('cosign2', 'cosign3', 'docker-registry');

describe.skipIf(lacking).each(registries)(
  'cosign, offline, with keys, and a registry of %s',
  (_, start, listsForeign) => {
    let registry: RunningRegistry;
    let session: RegistrySession;
    let folder: string;

    beforeAll(async () => {
      registry = await start();
      session = new RegistrySession(registry.host);
      folder = await mkdtemp(join(tmpdir(), 'wharfinger-cosign-'));
      for (const kind of kinds) {
        await writeFile(join(folder, `${kind}.pem`), newKeyPem(kind));
        const to = join(folder, kind);
        await run(
          'cosign3',
          ['import-key-pair', '-y', '--key', `${to}.pem`, '--output-key-prefix', to],
          secret,
        );
      }
    });

    afterAll(async () => {
      await session.close();
      await registry.stop();
      await rm(folder, { recursive: true });
    });

    /** Pushes a new image; where it is, and by which digest. */
    async function pushImage(repository: string): Promise<{ reference: string; digest: Digest }> {
      const layout = await mkdtemp(join(folder, 'layout-'));
      await writeLayout(layout, [{ image: await makeImage([repository]), name: 'latest' }]);
      const from = await layoutContent(folderFiles(layout));
      const { digest } = await copyImage(from, { session, repository }, 'latest', { referrers: false });
      return { reference: `${registry.host}/${repository}@${digest}`, digest };
    }

    const key = (kind: string) => join(folder, `${kind}.key`);
    const publicKey = (kind: string) => join(folder, `${kind}.pub`);

    async function verify(repository: string, digest: Digest, kind = 'p256') {
      const pem = await readFile(publicKey(kind), 'utf8');
      const trust = trustOfKeys([{ name: kind, pem }]);
      return verifyEvidence({ digest }, remoteEvidence(session, repository), trust, at);
    }

    for (const tool of tools) {
      it.each(kinds)(`what ${tool} signs with %s counts, and not for another key`, async (kind) => {
        const repository = `signed/${tool}-${kind}`;
        const { reference, digest } = await pushImage(repository);
        expect(await verify(repository, digest, kind)).toEqual({
          valid: [],
          refused: [],
          statements: [],
          refusedStatements: [],
        });
        await run(tool, [...signing[tool], '--key', key(kind), reference], secret);
        const format = tool === 'cosign2' ? 'cosign-v2' : 'cosign-v3';
        expect(await verify(repository, digest, kind)).toMatchObject({
          valid: [{ format, key: kind }],
          refused: [],
        });
        const other = await verify(repository, digest, kind === 'p256' ? 'rsa' : 'p256');
        expect(other).toMatchObject({ valid: [], refused: [{ format, reason: 'no trusted key signed it' }] });
      });
    }

    it('of release 3 writes signatures of release 2 too; two signers of one image both count', async () => {
      const { reference, digest } = await pushImage('signed/both');
      const old = [...signing.cosign3, '--new-bundle-format=false'];
      await run('cosign3', [...old, '--key', key('p256'), reference], secret);
      await run('cosign3', [...old, '--key', key('p384'), '-a', 'who=b', reference], secret);
      await run('cosign3', [...signing.cosign3, '--key', key('p256'), reference], secret);
      expect(await verify('signed/both', digest)).toMatchObject({
        valid: [{ format: 'cosign-v2' }, { format: 'cosign-v3' }],
        refused: [{ format: 'cosign-v2', reason: 'no trusted key signed it' }],
      });
    });

    it('of release 2 attaches signatures as referrers, which count', async () => {
      const { reference, digest } = await pushImage('signed/oci11');
      const flags = ['--registry-referrers-mode', 'oci-1-1', '--key', key('p256'), reference];
      await run('cosign2', [...signing.cosign2, ...flags], { ...secret, COSIGN_EXPERIMENTAL: '1' });
      expect(await listReferrers(session, 'signed/oci11', digest)).toHaveLength(1);
      expect(await verify('signed/oci11', digest)).toMatchObject({
        valid: [{ format: 'cosign-v2', key: 'p256' }],
        refused: [],
      });
    });

    it('attests, which is no signature', async () => {
      const { reference, digest } = await pushImage('signed/attested');
      const predicate = join(folder, 'predicate.json');
      await writeFile(predicate, '{"scan":"failed"}');
      const flags = [...signing.cosign3.slice(1), '--type', 'https://test/scan', '--predicate', predicate];
      await run('cosign3', ['attest', ...flags, '--key', key('p256'), reference], secret);
      expect(await verify('signed/attested', digest)).toMatchObject({
        valid: [],
        refused: [],
        statements: [
          { predicateType: 'https://test/scan', predicate: { scan: 'failed' }, signer: { key: 'p256' } },
        ],
      });
    });

    it('signed another image: neither a moved tag nor a referrer under a foreign name counts', async () => {
      const good = await pushImage('signed/moved');
      const bad = await pushImage('signed/moved');
      await run('cosign2', [...signing.cosign2, '--key', key('p256'), good.reference], secret);
      await run('cosign3', [...signing.cosign3, '--key', key('p256'), good.reference], secret);
      const content = remoteContent(session, 'signed/moved');
      const signature = await content.manifest(signatureTags(good.digest)[0]);
      await pushManifest(session, 'signed/moved', signatureTags(bad.digest)[0], signature!);
      const manifests = await listReferrers(session, 'signed/moved', good.digest);
      const forged = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
      await pushManifest(session, 'signed/moved', referrersTag(bad.digest), {
        mediaType: mediaTypes.ociIndex,
        bytes: Buffer.from(JSON.stringify(forged)),
      });
      const report = await verify('signed/moved', bad.digest);
      expect(report.valid).toEqual([]);
      expect(report.refused.map(({ reason }) => reason)).toEqual([
        `p256 signed another image, ${good.digest}`,
        ...(listsForeign ? ['it is listed for this image, but refers to another'] : []),
      ]);
      expect((await verify('signed/moved', good.digest)).valid).toHaveLength(2);
    });

    it('and its signatures travel with the image', async () => {
      const { reference, digest } = await pushImage('signed/here');
      await run('cosign2', [...signing.cosign2, '--key', key('p256'), reference], secret);
      await run('cosign3', [...signing.cosign3, '--key', key('p256'), reference], secret);
      const target = { session, repository: 'signed/there' };
      await copyImage(remoteContent(session, 'signed/here'), target, digest, { referrers: true, tag: 'v1' });
      expect((await verify('signed/there', digest)).valid).toHaveLength(2);
    });

    // With the larger curves, cosign does not verify what cosign itself signed either.
    it.each(['p256', 'rsa', 'ed25519'] as const)(
      'of release 3 verifies what is signed here with %s',
      async (kind) => {
        const repository = `ours/${kind}`;
        const { reference, digest } = await pushImage(repository);
        const command = [...verifying, '--key', publicKey(kind), reference];
        await expect(run('cosign3', command)).rejects.toThrow(/no signatures found/);
        const signer = parsePrivateKey(await readFile(key(kind), 'utf8'), secret.COSIGN_PASSWORD);
        const subject = await headManifest(session, repository, digest);
        const signed = signImage(subject!, signer, new Date('2026-11-22T03:00:00Z'));
        await pushArtifact(session, repository, signed);
        const [verified]: Array<{ critical: { image: object } }> = JSON.parse(await run('cosign3', command));
        expect(verified?.critical.image).toEqual({ 'docker-manifest-digest': digest });
        expect((await verify(repository, digest, kind)).valid).toHaveLength(1);
      },
    );

    it('makes key files of both releases that are opened with their password alone', async () => {
      for (const tool of tools) {
        const prefix = join(folder, `made-by-${tool}`);
        await run(tool, ['generate-key-pair', '--output-key-prefix', prefix], secret);
        const text = await readFile(`${prefix}.key`, 'utf8');
        const opened = parsePrivateKey(text, secret.COSIGN_PASSWORD);
        expect(opened.publicPem.trim()).toBe((await readFile(`${prefix}.pub`, 'utf8')).trim());
        expect(() => parsePrivateKey(text, 'another')).toThrow(/password is wrong/);
        expect(() => parsePrivateKey(text, undefined)).toThrow(/no password was given/);
      }
    });
  },
);
