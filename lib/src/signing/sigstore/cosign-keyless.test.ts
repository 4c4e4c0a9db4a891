import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remoteEvidence } from '../../client/content-source.ts';
import { copyImage } from '../../client/copy.ts';
import { folderFiles } from '../../client/file-set.ts';
import { headManifest } from '../../client/manifests.ts';
import { layoutContent } from '../../client/oci-layout.ts';
import { pushArtifact } from '../../client/referrers.ts';
import { RegistrySession } from '../../client/registry-session.ts';
import type { RunningRegistry } from '../../client/testing/docker-registry.ts';
import { makeImage, writeLayout } from '../../client/testing/images.ts';
import { startOwnRegistry } from '../../client/testing/own-registry.ts';
import { lacks, run } from '../../client/testing/programs.ts';
import type { Digest } from '../../oci/digest.ts';
import type { TrustSet } from '../evidence.ts';
import { verifyEvidence } from '../verify-evidence.ts';
import { parseSigstoreRoot } from './root.ts';
import { signImageKeyless } from './sign-keyless.ts';
import { LocalSigstore, type MeansOptions } from './testing/local-sigstore.ts';
import { serveSigstore, tokenOf, type SigstoreServer } from './testing/sigstore-server.ts';
import { verifyBlob } from './verify-blob.ts';

/** Somebody whom cosign shows a token of. */
const someone = { subject: 'someone@acme.example', issuer: 'https://token.ci.example' };

function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'pem', type: 'spki' });
}

const person = {
  subject: 'https://ci.example/acme/app/.ci/release.yml@refs/heads/main',
  issuer: 'https://token.ci.example',
};

describe.skipIf(lacks('cosign2', 'cosign3'))('cosign 3, offline, without keys', () => {
  const sigstore = new LocalSigstore();
  let registry: RunningRegistry;
  let session: RegistrySession;
  let folder: string;
  let rootFile: string;

  beforeAll(async () => {
    registry = await startOwnRegistry();
    session = new RegistrySession(registry.host);
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-keyless-'));
    rootFile = join(folder, 'trusted_root.json');
    await writeFile(rootFile, sigstore.trustedRoot());
  });

  afterAll(async () => {
    await session.close();
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  async function pushImage(repository: string): Promise<{ reference: string; digest: Digest }> {
    const layout = await mkdtemp(join(folder, 'layout-'));
    await writeLayout(layout, [{ image: await makeImage([repository]), name: 'latest' }]);
    const from = await layoutContent(folderFiles(layout));
    const { digest } = await copyImage(from, { session, repository }, 'latest', { referrers: false });
    return { reference: `${registry.host}/${repository}@${digest}`, digest };
  }

  async function signed(
    repository: string,
    options: MeansOptions,
    statement?: { predicateType: string; predicate: object },
  ) {
    const image = await pushImage(repository);
    const subject = await headManifest(session, repository, image.digest);
    const made = await signImageKeyless(subject!, sigstore.means(person, options), sigstore.now, statement);
    await pushArtifact(session, repository, made);
    return image;
  }

  function cosign(verb: string, reference: string, identity = person.subject, flags: readonly string[] = []) {
    return run('cosign3', [
      verb,
      '--allow-insecure-registry',
      '--trusted-root',
      rootFile,
      '--certificate-identity',
      identity,
      '--certificate-oidc-issuer',
      person.issuer,
      ...flags,
      reference,
    ]);
  }

  const trust: TrustSet = {
    signers: [
      {
        name: 'release',
        keyless: { issuer: { exact: person.issuer }, subject: { exact: person.subject }, root: 'local' },
      },
      {
        name: 'someone',
        keyless: { issuer: { exact: someone.issuer }, subject: { exact: someone.subject }, root: 'local' },
      },
    ],
    formats: ['cosign-v2', 'cosign-v3'],
    sigstoreRoots: { local: sigstore.trustedRoot() },
    trustStores: {},
    certificateRevocations: [],
    revocations: [],
  };

  const verify = (repository: string, digest: Digest) =>
    verifyEvidence({ digest }, remoteEvidence(session, repository), trust, sigstore.now);

  const logs = [
    ['a log that promises', {}],
    ['a log that promises, and a timestamp', { stamped: true }],
    ['a log that proves, and a timestamp', { log: sigstore.secondLog }],
  ] as const;

  it.each(logs)('verifies what is signed here with %s, for its identity alone', async (name, options) => {
    const repository = `keyless/${name.length}`;
    const { reference, digest } = await signed(repository, options);
    const [verified]: Array<{ critical: { image: object } }> = JSON.parse(await cosign('verify', reference));
    expect(verified?.critical.image).toEqual({ 'docker-manifest-digest': digest });
    await expect(cosign('verify', reference, `${person.subject}x`)).rejects.toThrow(
      /failed to verify certificate identity/,
    );
    expect(await verify(repository, digest)).toMatchObject({
      valid: [{ key: 'release', identity: person, signedAt: sigstore.now.toISOString() }],
      refused: [],
    });
  });

  it('verifies attestations that are made here', async () => {
    const predicateType = 'https://test.example/scan';
    const statement = { predicateType, predicate: { found: 0 } };
    const { reference, digest } = await signed('keyless/attested', {}, statement);
    await cosign('verify-attestation', reference, person.subject, ['--type', predicateType]);
    expect(await verify('keyless/attested', digest)).toMatchObject({
      valid: [],
      statements: [{ ...statement, signer: { key: 'release', identity: person } }],
    });
  });

  describe('signs with services of this machine', () => {
    let server: SigstoreServer;
    beforeAll(async () => {
      server = await serveSigstore(sigstore);
    });
    afterAll(() => server.stop());

    async function services(logVersion: 1 | 2): Promise<string[]> {
      const config = join(folder, `signing_config_${logVersion}.json`);
      await writeFile(config, server.signingConfig(logVersion));
      const flags = ['-y', '--signing-config', config, '--trusted-root', rootFile];
      return [...flags, '--identity-token', tokenOf(someone)];
    }

    it.each([1, 2] as const)('images, which count here: log of kind %i', async (logVersion) => {
      const repository = `theirs/${logVersion}`;
      const { reference, digest } = await pushImage(repository);
      await run('cosign3', ['sign', '--allow-insecure-registry', ...(await services(logVersion)), reference]);
      expect(await verify(repository, digest)).toMatchObject({
        valid: [{ format: 'cosign-v3', key: 'someone', identity: someone }],
        refused: [],
      });
    });

    /** What cosign 2 is told of the services, and of the keys that it would fetch. */
    async function oldServices(): Promise<{ flags: string[]; environment: Record<string, string> }> {
      const files = {
        SIGSTORE_REKOR_PUBLIC_KEY: publicPem(sigstore.log.key),
        SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: publicPem(sigstore.authority.logKey),
        SIGSTORE_ROOT_FILE: sigstore.authority.issuer.chainPem,
      };
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const urls = ['--fulcio-url', server.url, '--rekor-url', server.url];
      const flags = ['-y', '--allow-insecure-registry', ...urls, '--identity-token', tokenOf(someone)];
      const names = Object.keys(files).map((name) => [name, join(folder, name)]);
      return { flags, environment: Object.fromEntries(names) as Record<string, string> };
    }

    it.each([false, true])('images as release 2 does, with timestamp: %s', async (stamped) => {
      const repository = `theirs/old-${stamped}`;
      const { reference, digest } = await pushImage(repository);
      const { flags, environment } = await oldServices();
      const stamping = stamped ? ['--timestamp-server-url', `${server.url}/api/v1/timestamp`] : [];
      await run('cosign2', ['sign', ...flags, ...stamping, reference], environment);
      expect(await verify(repository, digest)).toMatchObject({
        valid: [{ format: 'cosign-v2', key: 'someone', identity: someone }],
        refused: [],
      });
    });

    it('attestations as release 2 does', async () => {
      const { reference, digest } = await pushImage('theirs/old-attested');
      const { flags, environment } = await oldServices();
      const predicate = join(folder, 'predicate.json');
      await writeFile(predicate, '{"found":1}');
      const what = ['--type', 'https://test.example/scan', '--predicate', predicate];
      await run('cosign2', ['attest', ...flags, ...what, reference], environment);
      expect(await verify('theirs/old-attested', digest)).toMatchObject({
        statements: [{ format: 'cosign-v2', predicate: { found: 1 }, signer: { identity: someone } }],
        refusedStatements: [],
      });
    });

    it.each([1, 2] as const)('files, which verify here: log of kind %i', async (logVersion) => {
      const file = join(folder, `file-${logVersion}`);
      await writeFile(file, `a file of ${logVersion}`);
      const bundle = `${file}.sigstore.json`;
      await run('cosign3', ['sign-blob', ...(await services(logVersion)), '--bundle', bundle, file]);
      const root = parseSigstoreRoot(sigstore.trustedRoot());
      const by = (subject: string) =>
        verifyBlob(
          readFileSync(bundle),
          { read: () => createReadStream(file) },
          { root, issuer: { exact: someone.issuer }, subject: { exact: subject } },
          sigstore.now,
        );
      expect(await by(someone.subject)).toMatchObject({ identity: someone });
      await expect(by('somebody@acme.example')).rejects.toThrow(/signed by "someone@acme.example"/);
    });
  });
});
