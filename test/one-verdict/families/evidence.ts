import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf } from '@wharfinger/lib/custody/custody.fixtures';
import { issue } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { signImageNotation } from '@wharfinger/lib/signing/notation/sign-image-notation';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { signStatement, type SignedImage } from '@wharfinger/lib/signing/sign-statement';
import { signImageKeyless } from '@wharfinger/lib/signing/sigstore/sign-keyless';
import { LocalSigstore, type Person } from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import type { Pushable } from '../../harness/registry-client.ts';
import type { Case, Family, PolicyRecord } from '../cases.ts';
import { smallImage } from '../images.ts';
import { caseOf, subjectOf } from '../push.ts';

const ci: Person = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };
const day = 24 * 3_600_000;
const routine = 'no-fixable-vulnerabilities';

/** Signatures without keys and by certificates, and attestations that routines ask for. */
export async function evidence(folder: string): Promise<Family> {
  const sigstore = new LocalSigstore();
  const other = new LocalSigstore();
  const root = join(folder, 'trusted_root.json');
  writeFileSync(root, sigstore.trustedRoot());
  const issuedAt = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) };
  const authority = issue({ subject: [['CN', 'Acme Root']], ca: true, ...issuedAt });
  const stranger = issue({ subject: [['CN', 'Other Root']], ca: true, ...issuedAt });
  const named = (organisation: string, issuer = authority) =>
    issue({
      subject: [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', organisation],
        ['CN', 'release'],
      ],
      issuer,
      ...issuedAt,
    });
  const cases: Case[] = [];
  const add = async (
    repository: string,
    outcome: Case['outcome'],
    make: (image: Pushable) => Promise<SignedImage> | SignedImage | undefined,
    contents: 'clean' | 'flawed' = 'clean',
  ): Promise<void> => {
    const image = smallImage(repository, contents);
    const made = await make(image);
    cases.push(caseOf(repository, image, { evidence: made ? [made] : [], ...(outcome && { outcome }) }));
  };
  const keyless = (person: Person, by = sigstore, options: Parameters<LocalSigstore['means']>[1] = {}) => {
    return (image: Pushable) => signImageKeyless(subjectOf(image), by.means(person, options), by.now);
  };
  const certified = (leaf: ReturnType<typeof issue>, expiry?: Date) => (image: Pushable) =>
    signImageNotation(
      subjectOf(image),
      { key: parsePrivateKey(leaf.keyPem, undefined), chain: leaf.chainPem },
      { signedAt: new Date(Date.now() - 60_000), ...(expiry && { expiry }) },
    );
  await add('keyless/first-log', 'warn', keyless(ci));
  await add('keyless/second-log', 'warn', keyless(ci, sigstore, { log: sigstore.secondLog }));
  await add('keyless/nobody', 'hold', () => undefined);
  await add('keyless/other-person', 'hold', keyless({ ...ci, subject: `${ci.subject}.evil.example` }));
  await add('keyless/other-issuer', 'hold', keyless({ ...ci, issuer: 'https://token.evil.example' }));
  await add('keyless/other-instance', 'hold', keyless(ci, other));
  const late = new Date(sigstore.now.getTime() - 3_600_000);
  await add('keyless/out-of-time', 'hold', keyless(ci, sigstore, { at: late }));
  await add('keyless/with-a-key', 'hold', (image) =>
    signImage(subjectOf(image), keyOf('signer-good'), sigstore.now),
  );
  await add('certified/acme', 'warn', certified(named('Acme')));
  await add('certified/nobody', 'hold', () => undefined);
  await add('certified/other-name', 'hold', certified(named('Emca')));
  await add('certified/other-authority', 'hold', certified(named('Acme', stranger)));
  await add('certified/expires', 'warn', certified(named('Acme'), new Date(Date.now() + day)));
  await add('certified/with-a-key', 'hold', (image) =>
    signImage(subjectOf(image), keyOf('signer-good'), sigstore.now),
  );

  const attest = (predicateType: string, predicate: object, key: string) => (image: Pushable) =>
    signStatement(
      subjectOf(image),
      { predicateType, predicate },
      keyOf(key),
      new Date('2026-01-02T00:00:00Z'),
    );
  const vex = (status: string, vulnerability = 'TEST-left') => ({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.com/vex/1',
    author: 'payments',
    timestamp: '2026-01-02T00:00:00Z',
    version: 1,
    statements: [
      {
        vulnerability: { name: vulnerability },
        products: [{ '@id': 'pkg:npm/left' }],
        status,
        ...(status === 'not_affected' && { justification: 'vulnerable_code_not_in_execute_path' }),
      },
    ],
  });
  const openvex = 'https://openvex.dev/ns/v0.2.0';
  await add('attested/vex', undefined, attest(openvex, vex('not_affected'), 'attests-security'), 'flawed');
  await add('attested/vex-affected', 'hold', attest(openvex, vex('affected'), 'attests-security'), 'flawed');
  await add(
    'attested/vex-of-another',
    'hold',
    attest(openvex, vex('not_affected', 'TEST-other'), 'attests-security'),
    'flawed',
  );
  await add(
    'attested/vex-by-another',
    'hold',
    attest(openvex, vex('not_affected'), 'attests-builder'),
    'flawed',
  );
  await add(
    'attested/vex-by-a-stranger',
    'hold',
    attest(openvex, vex('not_affected'), 'attests-nobody'),
    'flawed',
  );
  await add(
    'attested/vex-unreadable',
    'hold',
    attest(openvex, { ...vex('not_affected'), '@context': 'x' }, 'attests-security'),
    'flawed',
  );
  const slsa = {
    buildDefinition: { buildType: 'https://example.com/build', externalParameters: {} },
    runDetails: { builder: { id: 'https://ci.example' } },
  };
  const provenance = 'https://slsa.dev/provenance/v1';
  await add('built/provenance', undefined, attest(provenance, slsa, 'attests-builder'));
  await add('built/nothing', 'deny', () => undefined);
  await add(
    'built/other-builder',
    'deny',
    attest(
      provenance,
      { ...slsa, runDetails: { builder: { id: 'https://ci.evil.example' } } },
      'attests-builder',
    ),
  );
  await add('built/by-a-stranger', 'deny', attest(provenance, slsa, 'attests-nobody'));
  await add('built/revoked', 'deny', attest(provenance, slsa, 'attests-revoked'));

  const exactly = { issuer: { exact: ci.issuer }, subject: { exact: ci.subject }, root: 'local' };
  const signer = (name: string) => ({ name, pem: keyOf(name).publicPem, purposes: ['attest'] });
  const binding = (id: string, fields: object): PolicyRecord => [
    'bindings',
    { id, collection: 'standard', purposes: ['pull', 'deploy'], ...fields },
  ];
  return {
    config: {
      namespaces: [
        { name: 'keyless', official: true },
        { name: 'certified', official: true },
        { name: 'attested', gate: 'hold' },
        { name: 'built', gate: 'hold' },
      ],
      sigstoreRoots: [{ name: 'local', file: root }],
      trustStores: [{ name: 'ca:acme', pem: authority.pem }],
      trust: [
        { repositories: 'keyless/**', identities: [{ name: 'ci', ...exactly }] },
        {
          repositories: 'certified/**',
          certificates: [
            {
              name: 'acme',
              trustStores: ['ca:acme'],
              trustedIdentities: ['x509.subject: C=US, ST=WA, O=Acme'],
              override: { revocation: 'skip' },
            },
          ],
        },
        { repositories: 'attested/**', keys: ['attests-security', 'attests-builder'].map(signer) },
        { repositories: 'built/**', keys: ['attests-builder', 'attests-revoked'].map(signer) },
      ],
    },
    before: [
      binding('vex-counts', {
        routine,
        overlays: `default/${routine}`,
        scope: { repositories: ['attested/*'] },
        parameters: { vexBy: ['attests-security'] },
        effect: 'hold',
      }),
      binding('builder', {
        routine: 'provenance-builder',
        scope: { repositories: ['built/*'] },
        parameters: { builders: ['https://ci.example'] },
        effect: 'deny',
      }),
    ],
    after: [['keys/revoke', { key: 'attests-revoked', reason: 'it was lost' }]],
    cases,
  };
}
