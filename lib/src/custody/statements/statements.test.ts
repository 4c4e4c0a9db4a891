import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { digestOf } from '../../oci/digest.ts';
import {
  addImage,
  appConfig,
  appLayers,
  emptyWorld,
  makeChain,
  now,
  period,
  registry,
} from '../custody.fixtures.ts';
import { makeApproval } from '../make/make-approval.ts';
import { makeAssembly } from '../make/make-assembly.ts';
import type { LayerLink } from './layer-link.ts';
import { readApproval } from './approval.ts';
import { readAssembly } from './assembly.ts';
import { readLayerLink } from './layer-link.ts';
import { readVerificationSummary, writeVerificationSummary } from './verification-summary.ts';

interface Form {
  readonly read: (predicate: unknown) => object;
  /** one that is right */
  readonly made: object;
  /** what is read of it */
  readonly same: object;
}

const forms = new Map<string, Form>();
const names = ['layer link', 'approval', 'assembly', 'verification summary'] as const;

beforeAll(async () => {
  const { app } = await makeChain();
  const link: LayerLink = { ...app.link, materials: [{ uri: 'git+https://code.example/app@1' }] };
  forms.set('layer link', { read: readLayerLink, made: link, same: link });
  const image = await addImage(emptyWorld(), 'prod/api', { layers: appLayers, config: appConfig });
  const routines = [{ digest: digestOf('routine'), result: 'passed' as const }];
  const approval = makeApproval({
    image,
    registry,
    stage: 'app',
    role: 'security',
    approver: 'alice',
    routines,
    ...period,
  });
  forms.set('approval', { read: readApproval, made: approval, same: approval });
  const manifests = [{ digest: image.digest, platform: 'linux/amd64' }];
  const scope = { registry, repository: 'prod/api' };
  const assembly = makeAssembly({
    scope,
    team: 'payments/app',
    manifests,
    excluded: [digestOf('x')],
    ...period,
  });
  forms.set('assembly', { read: readAssembly, made: assembly, same: assembly });
  const summary = {
    verifier: 'https://registry.acme',
    timeVerified: now.toISOString(),
    resourceUri: 'oci://registry.acme/prod/api@sha256:…',
    policy: { uri: 'https://acme.example/policy', digest: digestOf('policy') },
    inputs: [digestOf('link'), `sha512:${'a'.repeat(128)}` as const],
    passed: true,
    levels: ['WHARFINGER_INTAKE'],
  };
  forms.set('verification summary', {
    read: readVerificationSummary,
    made: writeVerificationSummary(summary),
    same: summary,
  });
});

/** What protobuf's Struct makes of JSON: another order of names, numbers as doubles. */
function throughStruct(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toExponential());
  if (Array.isArray(value)) return value.map(throughStruct);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, throughStruct(inner)]),
  );
}

describe.each(names)('a %s', (name) => {
  test('is read as it was made, and so is what cosign makes of it', () => {
    const { read, made, same } = forms.get(name)!;
    expect(read(made)).toEqual(same);
    expect(read(throughStruct(JSON.parse(JSON.stringify(made))))).toEqual(same);
  });

  test('is refused, and never a crash, whatever stands in it', () => {
    const { read, made } = forms.get(name)!;
    const refuses = (predicate: unknown): boolean => {
      try {
        read(predicate);
        return false;
      } catch (error) {
        if (isWharfingerError(error, 'SIGNATURE_INVALID')) return true;
        throw error;
      }
    };
    for (const nothing of [undefined, null, 1, 'text', [], {}]) expect(refuses(nothing)).toBe(true);
    for (const field of Object.keys(made)) {
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue(), fc.constant({ __proto__: null, toString: 1 })), (value) => {
          refuses({ ...made, [field]: value });
        }),
        { numRuns: 50 },
      );
    }
    fc.assert(fc.property(fc.jsonValue(), (value) => void refuses(value)));
  });
});

test.each<[string, (link: LayerLink) => object, string]>([
  ['an unknown field', (link) => ({ ...link, more: 1 }), 'unknown field'],
  [
    'more layers than images have',
    (link) => ({ ...link, added: Array.from({ length: 1001 }, () => link.added[0]) }),
    'more than 1000',
  ],
  ['a fraction', (link) => ({ ...link, seq: 1.5 }), 'whole number'],
  ['a time without its zone', (link) => ({ ...link, notAfter: '2026-11-22T12:00:00' }), 'RFC 3339'],
  ['an end before its beginning', (link) => ({ ...link, notAfter: link.notBefore }), 'not after'],
  ['a digest in capitals', (link) => ({ ...link, prev: link.prev!.toUpperCase() }), 'digest'],
  ['a kind that there is not', (link) => ({ ...link, kind: 'copy' }), 'kind'],
  ['an origin with a parent', (link) => ({ ...link, kind: 'origin' }), 'has no parent'],
  ['an extension without one', (link) => ({ ...link, parent: null }), 'needs a parent'],
  [
    'a patch that copies',
    (link) => ({ ...link, configDelta: [{ op: 'copy', from: '/Env', path: '/Cmd' }] }),
    'not add',
  ],
  ['a name beyond measure', (link) => ({ ...link, team: 'x'.repeat(1001) }), 'longer than'],
  ['a number beyond a double', (link) => ({ ...link, materials: [JSON.parse('1e999')] }), 'number'],
  ['a scope of more', (link) => ({ ...link, scope: { ...link.scope, host: 'x' } }), 'unknown field'],
])('a layer link with %s is refused', (_, change, reason) => {
  const { made } = forms.get('layer link')!;
  expect(() => readLayerLink(change(made as LayerLink))).toThrow(reason);
});
