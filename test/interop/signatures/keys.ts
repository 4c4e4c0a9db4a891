import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { headManifest } from '@wharfinger/lib/client/manifests';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { parseDigest, type Digest } from '@wharfinger/lib/oci/digest';
import type { EvidenceReport } from '@wharfinger/lib/signing/evidence';
import { generateKeyFiles, keyAlgorithms } from '@wharfinger/lib/signing/generate-key';
import type { KeyAlgorithm } from '@wharfinger/lib/signing/keys';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { signaturePredicate } from '@wharfinger/lib/signing/statement';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { makeImage } from '../../cli/small-image.ts';
import { attempt, run } from '../../harness/command.ts';
import type { Gap, Row, Section } from './table.ts';

const password = 'a password';
const secret = { COSIGN_PASSWORD: password };
const predicateType = 'https://test/scan';
const at = new Date('2026-11-22T03:00:00Z');

type What = 'signature' | 'attestation';

const old = 'version 2 (tag)';
const bundles = 'version 3 (bundle)';
const verifiers = ['wharf', 'cosign 2.6', 'cosign 3.1'] as const;

/** Makes a signature or attestation of an image. */
interface Maker {
  readonly by: string;
  readonly format: string;
  make(what: What, image: Placed, key: KeyFile): Promise<void>;
}

interface Placed {
  readonly reference: string;
  readonly repository: string;
  readonly digest: Digest;
}

interface KeyFile {
  readonly algorithm: KeyAlgorithm;
  readonly privateFile: string;
  readonly publicFile: string;
}

/** Known gaps of both releases of cosign. */
const gaps: readonly Gap[] = ['cosign 2.6', 'cosign 3.1'].flatMap((verifier) => [
  {
    verifier,
    made: ({ key }) => key === 'ecdsa-p384' || key === 'ecdsa-p521',
    says: /signatures do not match threshold|invalid signature when validating ASN\.1 encoded signature/,
    because: `${verifier} verifies nothing that is signed with a key on P-384 or P-521, not even what it signed itself.`,
  },
  {
    verifier,
    made: ({ by, key }) => key === 'ed25519' && by.startsWith('cosign'),
    says: /signatures do not match threshold|no matching signatures: failed to verify signature|no matching attestations/,
    because: `${verifier} signs with Ed25519 in its prehashed variant and verifies the plain one: not what cosign signed.`,
  },
]);

/** Everything that is made with a key, by everybody, verified by everybody. */
export async function keySections(): Promise<Section[]> {
  await requireVersions();
  const folder = mkdtempSync(join(tmpdir(), 'interop-'));
  const registry = await startDockerRegistry();
  const session = new RegistrySession(registry.host);
  try {
    const predicate = join(folder, 'predicate.json');
    writeFileSync(predicate, '{"found":0}');
    const root = join(folder, 'root.json');
    const rootType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
    writeFileSync(root, JSON.stringify({ mediaType: rootType }));
    const keys = keyAlgorithms.map((algorithm) => writeKey(folder, algorithm));
    const { layout, manifest } = await makeImage(join(folder, 'image'), { left: '1.0.0' });
    const content = await layoutContent(folderFiles(layout));
    const place = async (repository: string): Promise<Placed> => {
      const { digest } = await copyImage(content, { session, repository }, manifest.digest, {
        referrers: false,
      });
      return {
        reference: `${registry.host}/${repository}@${digest}`,
        repository,
        digest: parseDigest(digest),
      };
    };
    const makers = makersWith(session, predicate);
    const rowsOf = async (what: What): Promise<Row[]> => {
      const rows: Row[] = [];
      for (const maker of makers)
        for (const key of keys) {
          const { by, format } = maker;
          const image = await place(`${what}/${key.algorithm}/${makers.indexOf(maker)}`);
          await maker.make(what, image, key);
          const verdicts = {
            wharf: await verifiedHere(what, image, key, session),
            'cosign 2.6': await verifiedBy('cosign2', what, format, image, key, root),
            'cosign 3.1': await verifiedBy('cosign3', what, format, image, key, root),
          };
          rows.push({ by, format, key: key.algorithm, verdicts });
        }
      return rows;
    };
    return [
      {
        title: 'Signatures with keys',
        about: 'Made with one key, verified with its public key, without a transparency log.',
        verifiers,
        rows: await rowsOf('signature'),
        gaps,
      },
      {
        title: 'Attestations with keys',
        about: 'A statement of a type of its own, made and verified the same way.',
        verifiers,
        rows: await rowsOf('attestation'),
        gaps,
      },
    ];
  } finally {
    await session.close();
    await registry.stop();
    rmSync(folder, { recursive: true });
  }
}

/** The table names versions: others would make it untrue. */
async function requireVersions(): Promise<void> {
  for (const [tool, wanted] of [
    ['cosign2', /GitVersion: +v2\.6\./],
    ['cosign3', /GitVersion: +v3\.1\./],
  ] as const)
    if (!wanted.test(await run([tool, 'version'])))
      throw new Error(`${tool} is another version than ${wanted}`);
}

function writeKey(folder: string, algorithm: KeyAlgorithm): KeyFile {
  const [privateFile, publicFile] = [join(folder, `${algorithm}.key`), join(folder, `${algorithm}.pub`)];
  const { privatePem, publicPem } = generateKeyFiles(algorithm, password);
  writeFileSync(privateFile, privatePem);
  writeFileSync(publicFile, publicPem);
  return { algorithm, privateFile, publicFile };
}

function makersWith(session: RegistrySession, predicate: string): Maker[] {
  const cosign =
    (tool: string, flags: readonly string[]): Maker['make'] =>
    async (what, { reference }, { privateFile }) => {
      const command =
        what === 'signature' ? ['sign'] : ['attest', '--type', predicateType, '--predicate', predicate];
      const common = [
        '--tlog-upload=false',
        '--allow-insecure-registry',
        '-y',
        '--key',
        privateFile,
        reference,
      ];
      await run([tool, ...command, ...flags, ...common], { env: secret });
    };
  const offline = '--use-signing-config=false';
  return [
    {
      by: 'wharf',
      format: bundles,
      async make(what, { repository, digest }, { privateFile }) {
        const key = parsePrivateKey(readFileSync(privateFile, 'utf8'), password);
        const subject = await headManifest(session, repository, digest);
        const said =
          what === 'signature'
            ? { predicateType: signaturePredicate, predicate: {} }
            : { predicateType, predicate: { found: 0 } };
        await pushArtifact(session, repository, signStatement(subject!, said, key, at));
      },
    },
    { by: 'cosign 2.6', format: old, make: cosign('cosign2', []) },
    { by: 'cosign 2.6', format: bundles, make: cosign('cosign2', ['--new-bundle-format']) },
    { by: 'cosign 3.1', format: old, make: cosign('cosign3', [offline, '--new-bundle-format=false']) },
    { by: 'cosign 3.1', format: bundles, make: cosign('cosign3', [offline]) },
  ];
}

async function verifiedHere(
  what: What,
  { repository, digest }: Placed,
  { publicFile }: KeyFile,
  session: RegistrySession,
): Promise<true | string> {
  const trust = trustOfKeys([{ name: 'key', pem: readFileSync(publicFile, 'utf8') }]);
  const report = await verifyEvidence({ digest }, remoteEvidence(session, repository), trust, at);
  return countOf(what, report) === 1 || JSON.stringify(report);
}

function countOf(what: What, { valid, statements }: EvidenceReport): number {
  return what === 'signature' ? valid.length : statements.length;
}

async function verifiedBy(
  tool: 'cosign2' | 'cosign3',
  what: What,
  format: string,
  { reference }: Placed,
  { publicFile }: KeyFile,
  root: string,
): Promise<true | string> {
  const inBundle = format === bundles;
  const wanted = tool === 'cosign2' && inBundle ? ['--new-bundle-format', '--trusted-root', root] : [];
  const legacy = tool === 'cosign3' && !inBundle ? ['--new-bundle-format=false'] : [];
  const command = what === 'signature' ? ['verify'] : ['verify-attestation', '--type', predicateType];
  const common = ['--insecure-ignore-tlog=true', '--allow-insecure-registry', '--key', publicFile, reference];
  const { code, stderr } = await attempt([tool, ...command, ...wanted, ...legacy, ...common]);
  return code === 0 || stderr;
}
