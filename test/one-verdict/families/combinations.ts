import { keyOf } from '@wharfinger/lib/custody/custody.fixtures';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import type { Case, Family } from '../cases.ts';
import { smallImage, type Contents } from '../images.ts';
import { caseOf, subjectOf } from '../push.ts';

const gates = ['warn', 'hold', 'official'] as const;

/** Who signed it, and whether that counts. */
const signatures = [
  'none',
  'good',
  'stranger',
  'revoked',
  'compromised',
  'future',
  'over',
  'stamp',
  'format',
] as const;
type Signature = (typeof signatures)[number];

/** What advisories say of its packages, and what a waiver says of that. */
const flaws = ['clean', 'flawed', 'waived', 'lapsed', 'uncovered'] as const;
type Flaw = (typeof flaws)[number];

/** What applies besides: a hold by hand, a binding that denies, in its window or not, or with grace. */
const rules = ['plain', 'held', 'open', 'closed', 'grace'] as const;

const day = 24 * 3_600_000;
const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString();
const scope = (end: string) => ({ repositories: [`*/${end}`] });
const waiver = { routine: 'no-fixable-vulnerabilities', owner: 'reader', reason: 'is being replaced' };
const binding = {
  collection: 'standard',
  routine: 'non-root',
  parameters: {},
  purposes: ['pull', 'deploy'],
  effect: 'deny',
};

interface Combined extends Case {
  readonly held: boolean;
}

/** Gate, signature, flaw and rule: every third of all combinations, so that every pair of states is there. */
export function combinations(): Family {
  const cases = gates.flatMap((gate, g) =>
    signatures.flatMap((signature, s) =>
      flaws.flatMap((flaw, f) =>
        rules
          .filter((_, r) => (g + s + f + r) % 3 === 0)
          .map((rule) => combined(`${gate}-${signature}/${flaw}-${rule}`, signature, flaw, rule === 'held')),
      ),
    ),
  );
  return {
    config: {
      namespaces: gates.flatMap((gate) =>
        signatures.map((signature) => ({
          name: `${gate}-${signature}`,
          ...(gate === 'official' ? { official: true } : { gate }),
        })),
      ),
      trust: gates.flatMap((gate) =>
        signatures.map((signature) => ({
          repositories: `${gate}-${signature}/**`,
          keys: [trusted(signature)],
          ...(signature === 'format' && { formats: ['notation'] }),
        })),
      ),
    },
    before: [
      ['waivers', { id: 'open', ...waiver, scope: scope('waived-*'), from: inDays(-1), expires: inDays(1) }],
      [
        'waivers',
        { id: 'lapsed', ...waiver, scope: scope('lapsed-*'), from: inDays(-2), expires: inDays(-1) },
      ],
      [
        'bindings',
        { id: 'open', ...binding, scope: scope('*-open'), window: { from: inDays(-1), until: inDays(1) } },
      ],
      ['bindings', { id: 'closed', ...binding, scope: scope('*-closed'), window: { until: inDays(-1) } }],
      ['bindings', { id: 'grace', ...binding, scope: scope('*-grace'), graceUntil: inDays(2) }],
      ['keys/revoke', { key: 'signer-revoked', reason: 'it was lost' }],
      [
        'keys/revoke',
        { key: 'signer-compromised', reason: 'it was lost', compromisedSince: '2026-03-01T00:00:00Z' },
      ],
    ],
    after: cases
      .filter(({ held }) => held)
      .map(({ repository }) => ['holds', { repository, reference: 'v1', reason: 'looks odd' }]),
    cases,
  };
}

function combined(repository: string, signature: Signature, flaw: Flaw, held: boolean): Combined {
  const contents: Contents = flaw === 'clean' || flaw === 'uncovered' ? flaw : 'flawed';
  const image = smallImage(repository, contents);
  // of a fixed time, so that both registries have the same signature
  const at = new Date('2026-01-01T00:00:00Z');
  const evidence =
    signature === 'none' ? [] : [signImage(subjectOf(image), keyOf(`signer-${signature}`), at)];
  return { ...caseOf(repository, image, { evidence }), held };
}

/** What the configuration says of the signer of a state. */
function trusted(signature: Signature) {
  const name = `signer-${signature === 'none' || signature === 'stranger' ? 'good' : signature}`;
  return {
    name,
    pem: keyOf(name).publicPem,
    ...(signature === 'future' ? { validFrom: '2099-01-01T00:00:00Z' } : {}),
    ...(signature === 'over' ? { validTo: '2020-01-01T00:00:00Z' } : {}),
    ...(signature === 'stamp' ? { purposes: ['stamp'] } : {}),
  };
}
