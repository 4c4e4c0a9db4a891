import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyFiles, keyAlgorithms } from '@wharfinger/lib/signing/generate-key';
import type { KeyAlgorithm } from '@wharfinger/lib/signing/keys';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { signaturePredicate } from '@wharfinger/lib/signing/statement';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { run } from '../../harness/command.ts';
import { agrees, said, type Placed, type Setting, type What } from './place.ts';
import type { Gap, Row, Section } from './table.ts';

const password = 'a password';
const secret = { COSIGN_PASSWORD: password };
const at = new Date('2026-11-22T03:00:00Z');

const old = 'version 2 (tag)';
const bundles = 'version 3 (bundle)';

/** Makes a signature or attestation of an image. */
interface Maker {
  readonly by: string;
  readonly format: string;
  readonly make: (what: What, image: Placed, key: KeyFile) => Promise<void>;
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
export async function keySections(setting: Setting): Promise<Section[]> {
  const { folder } = setting;
  const predicate = join(folder, 'predicate.json');
  writeFileSync(predicate, JSON.stringify(said.predicate));
  // cosign 2 wants a root even where nothing of it is used
  const root = join(folder, 'root.json');
  const rootType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  writeFileSync(root, JSON.stringify({ mediaType: rootType }));
  const keys = keyAlgorithms.map((algorithm) => writeKey(folder, algorithm));
  const makers = makersIn(setting, predicate);
  const rowsOf = async (what: What): Promise<Row[]> => {
    const rows: Row[] = [];
    for (const { by, format, make } of makers)
      for (const key of keys) {
        const image = await setting.place(`${what}/${key.algorithm}/${rows.length}`);
        await make(what, image, key);
        const trust = trustOfKeys([{ name: 'key', pem: readFileSync(key.publicFile, 'utf8') }]);
        const verdicts = {
          wharf: await setting.verify(what, image, trust, at),
          'cosign 2.6': await agrees(verifying('cosign2', what, format, image, key, root)),
          'cosign 3.1': await agrees(verifying('cosign3', what, format, image, key, root)),
        };
        rows.push({ by, format, key: key.algorithm, verdicts });
      }
    return rows;
  };
  const common = { verifiers: ['wharf', 'cosign 2.6', 'cosign 3.1'], gaps };
  return [
    {
      ...common,
      title: 'Signatures with keys',
      about: 'Made with one key, verified with its public key, without a transparency log.',
      rows: await rowsOf('signature'),
    },
    {
      ...common,
      title: 'Attestations with keys',
      about: 'A statement of a type of its own, made and verified the same way.',
      rows: await rowsOf('attestation'),
    },
  ];
}

function writeKey(folder: string, algorithm: KeyAlgorithm): KeyFile {
  const [privateFile, publicFile] = [join(folder, `${algorithm}.key`), join(folder, `${algorithm}.pub`)];
  const { privatePem, publicPem } = generateKeyFiles(algorithm, password);
  writeFileSync(privateFile, privatePem);
  writeFileSync(publicFile, publicPem);
  return { algorithm, privateFile, publicFile };
}

function makersIn(setting: Setting, predicate: string): Maker[] {
  const cosign =
    (tool: string, flags: readonly string[]): Maker['make'] =>
    async (what, { reference }, { privateFile }) => {
      const command =
        what === 'signature' ? ['sign'] : ['attest', '--type', said.predicateType, '--predicate', predicate];
      const common = ['--tlog-upload=false', '--allow-insecure-registry', '-y', '--key', privateFile];
      await run([tool, ...command, ...flags, ...common, reference], { env: secret });
    };
  const offline = '--use-signing-config=false';
  return [
    {
      by: 'wharf',
      format: bundles,
      async make(what, image, { privateFile }) {
        const key = parsePrivateKey(readFileSync(privateFile, 'utf8'), password);
        const statement = what === 'signature' ? { predicateType: signaturePredicate, predicate: {} } : said;
        await setting.attach(image, signStatement(await setting.describe(image), statement, key, at));
      },
    },
    { by: 'cosign 2.6', format: old, make: cosign('cosign2', []) },
    { by: 'cosign 2.6', format: bundles, make: cosign('cosign2', ['--new-bundle-format']) },
    { by: 'cosign 3.1', format: old, make: cosign('cosign3', [offline, '--new-bundle-format=false']) },
    { by: 'cosign 3.1', format: bundles, make: cosign('cosign3', [offline]) },
  ];
}

function verifying(
  tool: 'cosign2' | 'cosign3',
  what: What,
  format: string,
  { reference }: Placed,
  { publicFile }: KeyFile,
  root: string,
): string[] {
  const inBundle = format === bundles;
  const wanted = tool === 'cosign2' && inBundle ? ['--new-bundle-format', '--trusted-root', root] : [];
  const legacy = tool === 'cosign3' && !inBundle ? ['--new-bundle-format=false'] : [];
  const command = what === 'signature' ? ['verify'] : ['verify-attestation', '--type', said.predicateType];
  const common = ['--insecure-ignore-tlog=true', '--allow-insecure-registry', '--key', publicFile, reference];
  return [tool, ...command, ...wanted, ...legacy, ...common];
}
