import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { headManifest } from '@wharfinger/lib/client/manifests';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { pushArtifact, type Artifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { parseDigest, type Digest } from '@wharfinger/lib/oci/digest';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { makeImage } from '../../cli/small-image.ts';
import { attempt, run } from '../../harness/command.ts';

/** An image in a registry, each in a repository of its own. */
export interface Placed {
  /** host/repository@digest */
  readonly reference: string;
  readonly repository: string;
  readonly digest: Digest;
}

export type What = 'signature' | 'attestation';

/** What attestations say here. */
export const said = { predicateType: 'https://test/scan', predicate: { found: 0 } } as const;

/** A registry that is nobody's, and what everybody does with images in it. */
export interface Setting extends AsyncDisposable {
  readonly folder: string;
  place(repository: string): Promise<Placed>;
  describe(image: Placed): Promise<Descriptor>;
  attach(image: Placed, artifact: Artifact): Promise<void>;
  /** Whether exactly one signature or attestation counts here; else the report. */
  verify(what: What, image: Placed, trust: TrustSet, at: Date): Promise<true | string>;
}

/** Starts it, after making sure that the tools are of the versions that the table names. */
export async function openSetting(): Promise<Setting> {
  await requireVersions();
  const folder = mkdtempSync(join(tmpdir(), 'interop-'));
  const registry = await startDockerRegistry();
  const session = new RegistrySession(registry.host);
  const { layout, manifest } = await makeImage(join(folder, 'image'), { left: '1.0.0' });
  const content = await layoutContent(folderFiles(layout));
  return {
    folder,
    async place(repository) {
      const target = { session, repository };
      const { digest } = await copyImage(content, target, manifest.digest, { referrers: false });
      return {
        reference: `${registry.host}/${repository}@${digest}`,
        repository,
        digest: parseDigest(digest),
      };
    },
    async describe({ repository, digest }) {
      return (await headManifest(session, repository, digest))!;
    },
    attach: ({ repository }, artifact) => pushArtifact(session, repository, artifact),
    async verify(what, { repository, digest }, trust, at) {
      const report = await verifyEvidence({ digest }, remoteEvidence(session, repository), trust, at);
      const counts = what === 'signature' ? report.valid : report.statements;
      return counts.length === 1 || JSON.stringify(report);
    },
    async [Symbol.asyncDispose]() {
      await session.close();
      await registry.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** True where a program says yes, else what it says. */
export async function agrees(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<true | string> {
  const { code, stderr } = await attempt(command, { env });
  return code === 0 || stderr;
}

async function requireVersions(): Promise<void> {
  for (const [tool, wanted] of [
    ['cosign2', /GitVersion: +v2\.6\./],
    ['cosign3', /GitVersion: +v3\.1\./],
    ['notation', /Version: +v?1\.3\./],
  ] as const)
    if (!wanted.test(await run([tool, 'version'])))
      throw new Error(`${tool} is another version than ${wanted}`);
}
