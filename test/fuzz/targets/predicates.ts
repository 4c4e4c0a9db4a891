import { mistakeInPredicate } from '@wharfinger/lib/assess/facts-of-attestations';
import { makeChain, now, period, registry } from '@wharfinger/lib/custody/custody.fixtures';
import { makeApproval } from '@wharfinger/lib/custody/make/make-approval';
import { makeAssembly } from '@wharfinger/lib/custody/make/make-assembly';
import { readApproval } from '@wharfinger/lib/custody/statements/approval';
import { readAssembly } from '@wharfinger/lib/custody/statements/assembly';
import { readLayerLink } from '@wharfinger/lib/custody/statements/layer-link';
import {
  readVerificationSummary,
  resourceUri,
  writeVerificationSummary,
} from '@wharfinger/lib/custody/statements/verification-summary';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { channelPredicate, readChannel } from '@wharfinger/lib/signing/channels/channel';
import { refuse } from '@wharfinger/lib/signing/refusal';
import { nothing, type Target } from '../target.ts';

const image = { digest: digestOf('an image'), repository: 'team/app', registry, platform: 'linux/amd64' };
const commit = 'c'.repeat(40);
const oci = `pkg:oci/app@${encodeURIComponent(image.digest)}?repository_url=r.example/team/app`;

const spdx = { spdxVersion: 'SPDX-2.3', packages: [{ name: 'a' }, { name: 'b' }] };
const cyclone = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { timestamp: '2026-01-02T00:00:00Z', component: { 'bom-ref': 'me' } },
  components: [{ 'bom-ref': 'outer', components: [{ 'bom-ref': 'a', purl: 'pkg:npm/a@1' }] }],
  vulnerabilities: [
    {
      id: 'CVE-2026-1',
      references: [{ id: 'GHSA-a' }],
      analysis: { state: 'false_positive', justification: 'code_not_reachable' },
      affects: [{ ref: 'a' }, { ref: 'urn:cdx:1/1#pkg:npm/b@2' }],
    },
    { id: 'CVE-2026-2', analysis: { state: 'exploitable' }, affects: [{ ref: 'me' }] },
  ],
};
const vex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://vex.example/1',
  author: 'a',
  timestamp: '2026-01-02T00:00:00Z',
  version: 1,
  statements: [
    {
      vulnerability: { name: 'CVE-2026-1', aliases: ['GHSA-a'] },
      status: 'not_affected',
      justification: 'component_not_present',
      products: [{ '@id': oci, subcomponents: [{ '@id': 'pkg:npm/a@1' }] }, 'pkg:npm/b'],
    },
    {
      vulnerability: { name: 'CVE-2026-3' },
      status: 'affected',
      products: [{ '@id': 'urn:x', identifiers: { purl: oci } }],
    },
  ],
};
const source = { uri: 'git+https://git.example/a@refs/heads/main', digest: { gitCommit: commit } };

/** By the type that statements name, which chooses the reader. */
const byType: Readonly<Record<string, readonly unknown[]>> = {
  'https://slsa.dev/provenance/v0.2': [
    {
      builder: { id: 'https://ci.example/runner' },
      buildType: 'https://ci.example/make',
      invocation: { configSource: { uri: 'git+https://git.example/a', digest: { sha1: commit } } },
      materials: [
        { uri: 'git+https://git.example/a', digest: { sha1: commit } },
        { digest: { sha256: 'ab' } },
      ],
    },
  ],
  'https://slsa.dev/provenance/v1': [
    {
      buildDefinition: {
        buildType: 'https://ci.example/make',
        externalParameters: { workflow: { repository: 'https://git.example/a' } },
        resolvedDependencies: [source, { uri: 'pkg:docker/debian@12', digest: { sha256: 'b'.repeat(64) } }],
      },
      runDetails: { builder: { id: 'https://ci.example/runner' } },
    },
  ],
  'https://spdx.dev/Document': [
    spdx,
    { Data: spdx, Timestamp: '' },
    { Data: JSON.stringify(spdx) },
    'SPDXVersion: SPDX-2.3\nPackageName: a\n',
  ],
  'https://cyclonedx.org/bom': [cyclone, { Data: JSON.stringify(cyclone) }],
  'https://cyclonedx.org/vex': [
    { ...cyclone, components: [{ 'bom-ref': 'a', purl: 'pkg:npm/a@1' }] },
    cyclone,
  ],
  'https://openvex.dev/ns/v0.2.0': [vex],
};

const { app, base } = await makeChain();
const link = app.link;
const approvals = [
  makeApproval({
    image: app.image,
    registry,
    stage: 'app',
    role: 'security',
    approver: 'alice',
    routines: [{ digest: digestOf('routine'), result: 'passed' }],
    ticket: 'CHG-1',
    ...period,
  }),
];
const scope = { registry, repository: 'prod/api' };
const assembly = makeAssembly({
  scope,
  team: 'payments/app',
  manifests: [{ digest: app.image.digest, platform: 'linux/amd64' }],
  excluded: [digestOf('x')],
  ...period,
});
const summary = writeVerificationSummary({
  verifier: 'https://registry.acme',
  timeVerified: now.toISOString(),
  resourceUri: resourceUri(scope, app.image.digest),
  policy: { uri: 'https://acme.example/policy', digest: digestOf('policy') },
  inputs: [digestOf('link'), `sha512:${'a'.repeat(128)}`],
  passed: true,
  levels: ['WHARFINGER_INTAKE'],
});
const channel = channelPredicate({
  ...scope,
  tag: '1.4',
  digest: app.image.digest,
  counter: 10,
  issuedAt: '2026-11-20T00:00:00.000Z',
  expires: '2026-12-20T00:00:00.000Z',
});

const own: ReadonlyArray<
  readonly [name: string, documents: readonly unknown[], read: (predicate: unknown) => unknown]
> = [
  [
    'layer link',
    [{ ...link, materials: [{ uri: 'git+https://code.example/app@1' }] }, base.link],
    readLayerLink,
  ],
  ['approval', approvals, readApproval],
  ['index assembly', [assembly], readAssembly],
  ['verification summary', [summary], readVerificationSummary],
  ['channel', [channel], (predicate) => readChannel({ subject: app.image.digest, predicate })],
];

const asBytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const parse = (bytes: Uint8Array): unknown => parseStrictJson(bytes, refuse);

/** Readers of predicates, which see what is signed after it was verified. */
export const predicateTargets: readonly Target[] = [
  ...Object.entries(byType).map(([type, documents]): Target => ({
    name: `predicate ${type.replace('https://', '')}`,
    refuses: ['SIGNATURE_INVALID'],
    genuine: documents.map(asBytes),
    read(bytes) {
      const mistake = mistakeInPredicate(type, parse(bytes), image);
      return nothing(mistake === undefined || refuse(mistake));
    },
  })),
  ...own.map(([name, documents, read]): Target => ({
    name: `predicate ${name}`,
    refuses: ['SIGNATURE_INVALID'],
    genuine: documents.map(asBytes),
    read: (bytes) => nothing(read(parse(bytes))),
  })),
];
