import { signGrant, type GrantRequest } from '@wharfinger/lib/assess/grant-request';
import { keyOf } from '@wharfinger/lib/custody/custody.fixtures';
import type { Case, Family, PolicyRecord } from '../cases.ts';
import { smallImage, type Contents } from '../images.ts';
import { caseOf } from '../push.ts';

const hour = 3_600_000;
const inHours = (hours: number): string => new Date(Date.now() + hours * hour).toISOString();
const approvers = ['first', 'second', 'third'];

/** Who broke the glass, and which images it opens. */
const grants = {
  'in-force': { by: ['first', 'second'], from: -1, until: 2, outcome: 'warn' },
  'by-three': { by: ['first', 'second', 'third'], from: -1, until: 2, outcome: 'warn' },
  'not-yet': { by: ['first', 'second'], from: 1, until: 3, outcome: 'hold' },
} as const;

const overlay = (id: string, fields: object) => ({
  id,
  collection: 'standard',
  parameters: {},
  purposes: ['pull', 'deploy'],
  scope: { repositories: [`exceptions/${id}`] },
  ...fields,
});

/** Bindings besides those of the gate, and in their places. */
const bindings = [
  overlay('tightened', { routine: 'non-root', effect: 'deny', overlays: 'default/non-root' }),
  overlay('loosened', {
    routine: 'no-fixable-vulnerabilities',
    effect: 'warn',
    overlays: 'default/no-fixable-vulnerabilities',
  }),
  // what nobody may pull is handed out by no registry that judges, so that nothing could be said about its use
  overlay('pull-alone', { routine: 'provenance-present', effect: 'warn', purposes: ['pull'] }),
  overlay('deploy-alone', { routine: 'non-root', effect: 'deny', purposes: ['deploy'] }),
  overlay('undecided-warns', { routine: 'provenance-present', effect: 'deny', undecided: 'warn' }),
  overlay('weekly', {
    routine: 'non-root',
    effect: 'deny',
    window: {
      weekly: [{ days: ['mon', 'wed', 'fri', 'sun'], from: '00:00', until: '23:59' }],
      zone: 'Pacific/Auckland',
    },
  }),
  overlay('paused', {
    routine: 'non-root',
    effect: 'deny',
    window: { pauses: [{ from: inHours(-1), until: inHours(1) }] },
  }),
  overlay('past-grace', { routine: 'non-root', effect: 'deny', graceUntil: inHours(-1) }),
  overlay('stale-advisories', { routine: 'advisories-known', effect: 'deny' }),
];

const edges = ['begins', 'ends', 'grace-ends', 'waiver-begins', 'waiver-ends', 'pause-begins', 'pause-ends'];

/** Break-glass grants, overlays, and windows in time, also asked at the very instant at which they begin and end. */
export function exceptions(): Family {
  const flawed = Object.keys(grants).concat(
    'loosened',
    'waiver-begins',
    'waiver-ends',
    'one-advisory',
    'this-digest',
    'other-digest',
  );
  const names = [
    ...Object.keys(grants),
    ...bindings.map(({ id }) => id),
    ...edges,
    'one-advisory',
    'this-digest',
    'other-digest',
  ];
  const images = new Map(
    [...new Set(names)].map((name): [string, Case] => {
      const contents: Contents =
        name === 'stale-advisories' ? 'uncovered' : flawed.includes(name) ? 'flawed' : 'clean';
      const outcome = (grants as Record<string, { outcome?: Case['outcome'] }>)[name]?.outcome;
      const repository = `exceptions/${name}`;
      return [name, caseOf(repository, smallImage(repository, contents), outcome && { outcome })];
    }),
  );
  const waiver = (id: string, fields: object): PolicyRecord => [
    'waivers',
    {
      id: `waiver-of-${id}`,
      routine: 'no-fixable-vulnerabilities',
      owner: 'reader',
      reason: 'is being replaced',
      scope: { repositories: [`exceptions/${id}`] },
      from: inHours(-1),
      expires: inHours(5),
      ...fields,
    },
  ];
  return {
    config: {
      namespaces: [{ name: 'exceptions', gate: 'hold' }],
      grantRules: [
        {
          scope: { repositories: ['exceptions/*'] },
          approvers: approvers.map((name) => ({
            name: `approver-${name}`,
            principal: name,
            pem: keyOf(`approver-${name}`).publicPem,
          })),
          needed: 2,
          maxHours: 8,
        },
      ],
    },
    before: [
      ...bindings.map((document): PolicyRecord => ['bindings', document]),
      ...Object.entries(grants).map(([name, grant]): PolicyRecord => ['grants', grantOf(name, grant)]),
      waiver('one-advisory', { advisories: ['TEST-left'] }),
      waiver('this-digest', { digest: images.get('this-digest')!.digest }),
      waiver('other-digest', { digest: images.get('this-digest')!.digest }),
    ],
    after: [],
    at(edge) {
      const at = edge.toISOString();
      const binding = (id: string, fields: object): PolicyRecord => [
        'bindings',
        overlay(id, { routine: 'non-root', effect: 'deny', ...fields }),
      ];
      return [
        binding('begins', { window: { from: at } }),
        binding('ends', { window: { until: at } }),
        binding('grace-ends', { graceUntil: at }),
        binding('pause-begins', { window: { pauses: [{ from: at, until: inHours(5) }] } }),
        binding('pause-ends', { window: { pauses: [{ from: inHours(-5), until: at }] } }),
        waiver('waiver-begins', { from: at }),
        waiver('waiver-ends', { expires: at }),
      ];
    },
    cases: [...images.values()],
  };
}

function grantOf(name: string, { by, from, until }: { by: readonly string[]; from: number; until: number }) {
  const request: GrantRequest = {
    id: `outage-${name}`,
    scope: { repositories: [`exceptions/${name}`] },
    purposes: ['pull', 'deploy'],
    reason: 'production is down',
    requestedBy: 'reader',
    from: inHours(from),
    until: inHours(until),
  };
  return { envelopes: by.map((approver) => signGrant(request, keyOf(`approver-${approver}`))) };
}
