import { createPublicKey, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { signImageKeyless } from '@wharfinger/lib/signing/sigstore/sign-keyless';
import { LocalSigstore, type MeansOptions } from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import { serveSigstore, tokenOf } from '@wharfinger/lib/signing/sigstore/testing/sigstore-server';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { run } from '../../harness/command.ts';
import { agrees, said, type Placed, type Setting, type What } from './place.ts';
import type { Row, Section } from './table.ts';

const person = { subject: 'someone@acme.example', issuer: 'https://token.ci.example' };
const old = 'version 2 (tag)';
const bundles = 'version 3 (bundle)';

interface Maker {
  readonly by: string;
  readonly format: string;
  /** what vouches for it */
  readonly key: string;
  readonly make: (what: What, image: Placed) => Promise<void>;
}

/** What is made without a key of one's own: a certificate authority, logs and a timestamp authority, all of this machine. */
export async function keylessSections(setting: Setting): Promise<Section[]> {
  const { folder } = setting;
  const sigstore = new LocalSigstore();
  const server = await serveSigstore(sigstore);
  try {
    const root = join(folder, 'trusted_root.json');
    writeFileSync(root, sigstore.trustedRoot());
    const predicate = join(folder, 'keyless.json');
    writeFileSync(predicate, JSON.stringify(said.predicate));
    const files = {
      SIGSTORE_REKOR_PUBLIC_KEY: publicPem(sigstore.log.key),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: publicPem(sigstore.authority.logKey),
      SIGSTORE_ROOT_FILE: sigstore.authority.issuer.chainPem,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const env = Object.fromEntries(Object.keys(files).map((name) => [name, join(folder, name)]));

    const here =
      (options: MeansOptions): Maker['make'] =>
      async (what, image) => {
        const statement = what === 'signature' ? undefined : said;
        const means = sigstore.means(person, options);
        const made = await signImageKeyless(await setting.describe(image), means, sigstore.now, statement);
        await setting.attach(image, made);
      };
    const cosign =
      (tool: string, flags: readonly string[], environment: Record<string, string>): Maker['make'] =>
      async (what, { reference }) => {
        const command =
          what === 'signature'
            ? ['sign']
            : ['attest', '--type', said.predicateType, '--predicate', predicate];
        const common = ['-y', '--allow-insecure-registry', '--identity-token', tokenOf(person)];
        await run([tool, ...command, ...flags, ...common, reference], { env: environment });
      };
    const services = (kind: 1 | 2): string[] => {
      const config = join(folder, `signing_config_${kind}.json`);
      writeFileSync(config, server.signingConfig(kind));
      return ['--signing-config', config, '--trusted-root', root];
    };
    const urls = ['--fulcio-url', server.url, '--rekor-url', server.url];
    const [promise, proof] = ['log that promises', 'log that proves and a timestamp'];
    const makers: Maker[] = [
      { by: 'wharf', format: bundles, key: promise, make: here({}) },
      { by: 'wharf', format: bundles, key: proof, make: here({ log: sigstore.secondLog }) },
      { by: 'cosign 2.6', format: old, key: promise, make: cosign('cosign2', urls, env) },
      { by: 'cosign 3.1', format: bundles, key: promise, make: cosign('cosign3', services(1), {}) },
      { by: 'cosign 3.1', format: bundles, key: proof, make: cosign('cosign3', services(2), {}) },
    ];
    const { subject, issuer } = person;
    const trust: TrustSet = {
      ...trustOfKeys([]),
      signers: [
        {
          name: 'someone',
          keyless: { issuer: { exact: issuer }, subject: { exact: subject }, root: 'local' },
        },
      ],
      sigstoreRoots: { local: sigstore.trustedRoot() },
    };
    const rowsOf = async (what: What): Promise<Row[]> => {
      const rows: Row[] = [];
      for (const { by, format, key, make } of makers) {
        const image = await setting.place(`keyless/${what}/${rows.length}`);
        await make(what, image);
        const command =
          what === 'signature' ? ['verify'] : ['verify-attestation', '--type', said.predicateType];
        const whose = ['--certificate-identity', subject, '--certificate-oidc-issuer', issuer];
        const common = [...command, ...whose, '--allow-insecure-registry', image.reference];
        const rooted = ['--trusted-root', root];
        const stamped = key === proof ? ['--use-signed-timestamps'] : [];
        const [two, three] =
          format === old
            ? [[], ['--new-bundle-format=false', ...rooted]]
            : [['--new-bundle-format', ...rooted, ...stamped], rooted];
        const verdicts = {
          wharf: await setting.verify(what, image, trust, sigstore.now),
          'cosign 2.6': await agrees(['cosign2', ...common, ...two], format === old ? env : {}),
          'cosign 3.1': await agrees(['cosign3', ...common, ...three]),
        };
        rows.push({ by, format, key, verdicts });
      }
      return rows;
    };
    const common = { verifiers: ['wharf', 'cosign 2.6', 'cosign 3.1'], gaps: [] };
    return [
      {
        ...common,
        title: 'Signatures without keys',
        about:
          'By an identity: a certificate authority, logs and a timestamp authority made for the test, trusted by their root. ' +
          'A log that promises is of the first kind of Rekor, one that proves of the second.',
        rows: await rowsOf('signature'),
      },
      {
        ...common,
        title: 'Attestations without keys',
        about: 'A statement of a type of its own, made and verified the same way.',
        rows: await rowsOf('attestation'),
      },
    ];
  } finally {
    await server.stop();
  }
}

function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'pem', type: 'spki' });
}
