import { keyOf } from '@wharfinger/lib/custody/custody.fixtures';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { probePredicate } from '@wharfinger/lib/probes/statement';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { signStatement, type SignedImage } from '@wharfinger/lib/signing/sign-statement';
import type { Pushable } from '../../harness/registry-client.ts';
import type { Case, Family, PolicyRecord } from '../cases.ts';
import { smallImage } from '../images.ts';
import { caseOf, subjectOf } from '../push.ts';

const time = '2026-01-02T00:00:00Z';
const probe = digestOf('the probe that is bound');

/** An OpenVEX document that is brought in for one repository. */
function vex(repository: string, fields: object, more: object = {}): PolicyRecord {
  const scope = encodeURIComponent(JSON.stringify({ repositories: [repository] }));
  const statement = {
    vulnerability: { name: 'TEST-left' },
    products: [{ '@id': 'pkg:npm/left' }],
    status: 'not_affected',
    justification: 'vulnerable_code_not_in_execute_path',
    ...fields,
  };
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `https://vex.example/${repository}`,
    author: 'The Vendor',
    timestamp: time,
    version: 1,
    statements: [statement],
    ...more,
  };
  return [`vex?scope=${scope}`, document];
}

/** The same with a range of versions, as CycloneDX has it. */
function ranged(repository: string, range: string): PolicyRecord {
  const scope = encodeURIComponent(JSON.stringify({ repositories: [repository] }));
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:${repository}`,
    metadata: { timestamp: time, authors: [{ name: 'The Vendor' }] },
    components: [{ 'bom-ref': 'left', purl: 'pkg:npm/left' }],
    vulnerabilities: [
      {
        id: 'TEST-left',
        analysis: { state: 'not_affected', justification: 'code_not_reachable' },
        affects: [{ ref: 'left', versions: [{ range, status: 'unaffected' }] }],
      },
    ],
  };
  return [`vex?scope=${scope}`, document];
}

/** What probes found, and VEX documents that somebody brought in. */
export function said(): Family {
  const cases: Case[] = [];
  const records: PolicyRecord[] = [];
  const about = (
    name: string,
    outcome: Case['outcome'],
    record: (repository: string, image: Pushable) => PolicyRecord | undefined,
  ): void => {
    const repository = `said/${name}`;
    const image = smallImage(repository, 'flawed');
    const made = record(repository, image);
    if (made) records.push(made);
    cases.push(caseOf(repository, image, { ...(outcome && { outcome }) }));
  };
  about('nothing', 'hold', () => undefined);
  about('not-affected', 'warn', (repository) => vex(repository, {}));
  about('fixed', 'warn', (repository) => vex(repository, { status: 'fixed', justification: undefined }));
  about('affected', 'hold', (repository) =>
    vex(repository, { status: 'affected', justification: undefined, action_statement: 'update' }),
  );
  about('elsewhere', 'hold', () => vex('said/no-such', {}));
  about('other-version', 'hold', (repository) =>
    vex(repository, { products: [{ '@id': 'pkg:npm/left@1.0.1' }] }),
  );
  about('this-image', 'warn', (repository, image) =>
    vex(repository, { products: [{ '@id': subjectOf(image).digest }] }),
  );
  about('other-image', 'hold', (repository) =>
    vex(repository, { products: [{ '@id': digestOf('another image') }] }),
  );
  about('in-range', 'warn', (repository) => ranged(repository, 'vers:npm/>=1.0.0|<1.1.0'));
  about('out-of-range', 'hold', (repository) => ranged(repository, 'vers:npm/>=1.1.0'));
  about('unreadable-range', 'hold', (repository) => ranged(repository, 'all of them'));

  const probed = (
    name: string,
    outcome: Case['outcome'],
    runs: readonly (readonly [object, string?])[],
  ): void => {
    const repository = `probed/${name}`;
    const image = smallImage(repository);
    const evidence = runs.map(([fields, key = 'attests-probes']): SignedImage => {
      const run = {
        probe,
        declaration: {
          name: 'lint',
          version: '1',
          mediaType: 'application/json',
          schemaDigest: digestOf('schema'),
        },
        outcome: { complete: true, result: { findings: [] } },
        at: new Date(time),
      } as const;
      const predicate = { ...probePredicate(run), ...fields };
      const statement = { predicateType: predicateTypes.probe, predicate };
      return signStatement(subjectOf(image), statement, keyOf(key), new Date(time));
    });
    cases.push(caseOf(repository, image, { evidence, ...(outcome && { outcome }) }));
  };
  const found = (severity: string) => ({ result: { findings: [{ rule: 'odd', severity, path: 'app' }] } });
  const failed = { complete: false, result: undefined, problem: 'it took too long' };
  const later = '2026-01-03T00:00:00Z';
  probed('nothing-found', 'warn', [[{}]]);
  probed('found', 'deny', [[found('high')]]);
  probed('found-little', 'warn', [[found('low')]]);
  probed('failed', 'deny', [[failed]]);
  probed('not-run', 'hold', []);
  probed('other-probe', 'hold', [[{ probe: digestOf('another probe') }]]);
  probed('other-name', 'hold', [[{ name: 'other' }]]);
  probed('by-a-stranger', 'hold', [[{}, 'attests-nobody']]);
  probed('not-trusted-for-it', 'hold', [
    [failed, 'attests-other'],
    [{}, 'attests-other'],
    [found('low'), 'attests-other'],
  ]);
  probed('unreadable', 'hold', [[{ result: { findings: {} } }]]);
  probed('later-found', 'deny', [[{}], [{ ...found('critical'), at: later }]]);
  probed('later-clean', 'warn', [[found('critical')], [{ at: later }]]);
  probed('forged-clean-at-once', 'deny', [[failed], [{}]]);

  const purposes = ['pull', 'deploy'];
  const routine = 'no-fixable-vulnerabilities';
  return {
    config: {
      namespaces: [
        { name: 'said', gate: 'hold' },
        { name: 'probed', gate: 'hold' },
      ],
      trust: [
        {
          repositories: 'probed/**',
          keys: [
            { name: 'probes', pem: keyOf('attests-probes').publicPem, purposes: ['probe'] },
            { name: 'other', pem: keyOf('attests-other').publicPem, purposes: ['attest'] },
          ],
        },
      ],
    },
    probes: [{ repositories: 'probed/**', name: 'lint', probe: `tools/lint@${probe}` }],
    before: [
      [
        'bindings',
        {
          id: 'imported-vex-counts',
          collection: 'standard',
          routine,
          overlays: `default/${routine}`,
          scope: { repositories: ['said/*'] },
          parameters: { vexBy: ['user/admin'] },
          purposes,
          effect: 'hold',
        },
      ],
      [
        'bindings',
        {
          id: 'lint-finds-nothing',
          collection: 'standard',
          routine: 'probe-passed',
          scope: { repositories: ['probed/*'] },
          parameters: { probe: 'lint', severity: 'medium' },
          purposes,
          effect: 'deny',
          undecided: 'hold',
        },
      ],
    ],
    after: records,
    cases,
  };
}
