import { array, assert, constantFrom, property, record, shuffledSubarray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factsFromFragment } from './fact-fragment.ts';
import { judge } from './judge.ts';
import { parseWaiver } from './read-records.ts';
import type { Exceptions, Grant, Waiver } from './records.ts';
import type { Binding } from './routine.ts';
import { loadStandardCollection } from './standard.ts';
import type { Effect, Verdict } from './verdict.ts';

const now = new Date('2026-03-04T12:00:00Z');
const standard = loadStandardCollection();
const bind = (name: string, effect: Effect = 'hold'): Binding => ({
  id: `bound-${name}`,
  routine: standard.routines.find((routine) => routine.name === name)!,
  parameters: {},
  effect,
  purposes: ['pull', 'deploy'],
});
const bindings = [
  bind('non-root'),
  bind('no-fixable-vulnerabilities', 'deny'),
  bind('not-malicious'),
  bind('not-held-by-hand'),
  bind('parts-present'),
];
const bad = {
  image: { config: { user: '' } },
  findings: [
    { advisory: 'GHSA-1', aliases: ['CVE-1'], fixedIn: '2' },
    { advisory: 'CVE-2', package: 'zlib', fixedIn: '2' },
  ],
};
const waiver: Waiver = {
  id: 'w1',
  routine: 'non-root',
  scope: {},
  owner: 'alice',
  reason: 'needs port 80',
  from: '2026-03-01T00:00:00Z',
  expires: '2026-04-01T00:00:00Z',
};
const grant: Grant = {
  id: 'g1',
  scope: { repositories: ['team/app'] },
  purposes: ['pull'],
  reason: 'outage',
  requestedBy: 'bob',
  approvedBy: ['carol', 'dave'],
  from: '2026-03-04T11:00:00Z',
  until: '2026-03-04T15:00:00Z',
};
const verdictOf = (exceptions: Partial<Exceptions>, fragment: object = bad, at = now): Verdict =>
  judge(factsFromFragment({ ...fragment }), bindings, 'pull', at, { waivers: [], grants: [], ...exceptions });
const reasonsOf = (verdict: Verdict) => verdict.reasons.map(({ routine, effect }) => `${routine} ${effect}`);

describe('a waiver of a routine', () => {
  test('takes its reason out of what counts, and shows it with owner, reason and end', () => {
    const verdict = verdictOf({ waivers: [waiver] });
    expect(reasonsOf(verdict)).toEqual(['no-fixable-vulnerabilities deny']);
    expect(verdict.waived).toMatchObject([
      {
        routine: 'non-root',
        message: 'runs as root, because it names no user',
        waiver: { id: 'w1', owner: 'alice', reason: 'needs port 80', expires: '2026-04-01T00:00:00Z' },
      },
    ]);
    expect(verdict.passed).not.toContain('non-root');
    expect(verdict.validUntil).toBe('2026-04-01T00:00:00.000Z');
  });

  test.each([
    ['before it begins', { from: '2026-03-05T00:00:00Z' }, '2026-03-05T00:00:00.000Z'],
    ['from its end on', { expires: '2026-03-04T12:00:00Z' }, undefined],
    ['for another image', { digest: `sha256:${'1'.repeat(64)}` as const }, undefined],
    ['for another repository', { scope: { repositories: ['other'] } }, undefined],
    ['where a time is none', { expires: 'never' }, undefined],
  ])('does nothing %s', (_, fields, validUntil) => {
    const verdict = verdictOf({ waivers: [{ ...waiver, ...fields }] });
    expect(verdict).toEqual({ ...verdictOf({}), ...(validUntil && { validUntil }) });
  });

  test('is only for its own image where it names a digest', () => {
    const { digest } = factsFromFragment({}).image as { digest: `sha256:${string}` };
    expect(verdictOf({ waivers: [{ ...waiver, digest }] }).waived).toHaveLength(1);
  });

  test('does nothing where what its scope asks is not known of the repository', () => {
    const scoped = { ...waiver, scope: { classes: ['private'] } } as const;
    expect(verdictOf({ waivers: [scoped] }).waived).toHaveLength(1);
    expect(verdictOf({ waivers: [scoped] }, { ...bad, repository: null }).waived).toBeUndefined();
  });

  test('makes what its owner wrote harmless for terminals', () => {
    const verdict = verdictOf({ waivers: [{ ...waiver, reason: 'x\u001b[31m\nheld: nothing' }] });
    expect(verdict.waived?.[0]?.waiver.reason).toBe('x\\u{1b}[31m held: nothing');
  });

  test('excuses what is undecided, too', () => {
    const all = { ...waiver, routine: 'no-fixable-vulnerabilities' };
    const verdict = verdictOf({ waivers: [all] }, { findings: null });
    expect(verdict.waived).toMatchObject([{ state: 'undecided' }]);
    expect(reasonsOf(verdict)).toEqual(['not-malicious hold']);
  });

  test.each([
    ['not-malicious', { findings: [{ malicious: true }] }],
    ['not-held-by-hand', { held: {} }],
    ['parts-present', { image: { missing: ['sha256:aa'] } }],
  ])('of %s does not exist', (routine, fragment) => {
    const verdict = verdictOf({ waivers: [{ ...waiver, routine }] }, fragment);
    expect(verdict.reasons.map((reason) => reason.routine)).toContain(routine);
    expect(() => parseWaiver({ ...waiver, routine })).toThrow(`routine cannot be waived: ${routine}`);
  });
});

describe('a waiver of advisories', () => {
  const some = { ...waiver, routine: 'no-fixable-vulnerabilities', advisories: ['CVE-1'] };

  test('excuses these, by id or alias, and no others', () => {
    const verdict = verdictOf({ waivers: [some] });
    const reason = verdict.reasons.find(({ routine }) => routine === 'no-fixable-vulnerabilities');
    expect(reason?.details).toEqual(['zlib 3.0.1: CVE-2 (high), fixed in 2']);
    expect(verdict.waived).toMatchObject([
      { routine: 'no-fixable-vulnerabilities', details: ['openssl 3.0.1: GHSA-1'], advisories: ['CVE-1'] },
    ]);
  });

  test('lets the routine pass when nothing else is left', () => {
    const both = { ...some, advisories: ['GHSA-1', 'CVE-2'] };
    const verdict = verdictOf({ waivers: [both] });
    expect(reasonsOf(verdict)).toEqual(['non-root hold']);
    expect(verdict.passed).toContain('no-fixable-vulnerabilities');
  });

  test('excuses nothing from another routine', () => {
    const verdict = verdictOf({ waivers: [{ ...some, routine: 'non-root' }] });
    expect(reasonsOf(verdict)).toEqual(['no-fixable-vulnerabilities deny', 'non-root hold']);
  });

  test('never excuses a malicious package', () => {
    const fragment = { findings: [{ advisory: 'MAL-1', malicious: true, fixedIn: '2' }] };
    const verdict = verdictOf({ waivers: [{ ...some, advisories: ['MAL-1'] }] }, fragment);
    expect(reasonsOf(verdict)).toEqual(['no-fixable-vulnerabilities deny', 'not-malicious hold']);
  });
});

describe('a break-glass grant', () => {
  test('makes what holds and denies warn, says so, and keeps the reasons', () => {
    const verdict = verdictOf({ grants: [grant] });
    expect(verdict).toMatchObject({
      outcome: 'warn',
      validUntil: '2026-03-04T15:00:00.000Z',
      grants: [{ id: 'g1', approvedBy: ['carol', 'dave'], requestedBy: 'bob', reason: 'outage' }],
    });
    expect(verdict.reasons.map(({ eased }) => eased)).toEqual([
      { by: 'grant', effect: 'deny', until: '2026-03-04T15:00:00Z' },
      { by: 'grant', effect: 'hold', until: '2026-03-04T15:00:00Z' },
    ]);
  });

  test.each([
    ['after its hours', { until: '2026-03-04T12:00:00Z' }],
    ['before them', { from: '2026-03-04T12:00:01Z' }],
    ['for another purpose', { purposes: ['deploy'] }],
    ['for another repository', { scope: { repositories: ['other'] } }],
    ['for another image', { digest: `sha256:${'1'.repeat(64)}` as const }],
  ] as const)('does nothing %s', (_, fields) => {
    const { validUntil: _until, ...verdict } = verdictOf({ grants: [{ ...grant, ...fields }] });
    expect(verdict).toEqual(verdictOf({}));
  });

  test('is not named where there is nothing to permit', () => {
    expect(verdictOf({ grants: [grant] }, {})).not.toHaveProperty('grants');
  });
});

describe('any waivers', () => {
  const anyWaiver = record({
    id: constantFrom('a', 'b', 'c', 'd'),
    routine: constantFrom(...bindings.map(({ routine }) => routine.name)),
    scope: constantFrom({}, { repositories: ['team/*'] }, { repositories: ['other'] }),
    owner: constantFrom('alice', 'bob'),
    reason: constantFrom('x', 'y'),
    from: constantFrom('2026-03-01T00:00:00Z', '2026-03-05T00:00:00Z'),
    expires: constantFrom('2026-03-04T00:00:00Z', '2026-04-01T00:00:00Z'),
    advisories: constantFrom(undefined, ['CVE-1'], ['CVE-2'], ['CVE-9']),
  }).map(({ advisories, ...rest }): Waiver => ({ ...rest, ...(advisories && { advisories }) }));

  test('one more never changes a reason of another routine', () => {
    let compared = 0;
    assert(
      property(array(anyWaiver, { maxLength: 4 }), anyWaiver, (some, more) => {
        const others = (verdict: Verdict) =>
          verdict.reasons.filter(({ routine }) => routine !== more.routine);
        const before = verdictOf({ waivers: some });
        const after = verdictOf({ waivers: [...some, more] });
        expect(others(after)).toEqual(others(before));
        for (const reason of before.reasons.filter(({ routine }) => routine === more.routine)) {
          const visible = [...after.reasons, ...(after.waived ?? [])].map(({ routine }) => routine);
          expect(visible).toContain(reason.routine);
          compared += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('give the same verdict in any order, and one that holds until it says', () => {
    const edges = ['2026-03-04T00:00:00Z', '2026-03-05T00:00:00Z', '2026-04-01T00:00:00Z'].map(Date.parse);
    let compared = 0;
    assert(
      property(
        array(anyWaiver, { maxLength: 5 }).chain((all) =>
          shuffledSubarray(all, { minLength: all.length }).map((shuffled) => ({ all, shuffled })),
        ),
        ({ all, shuffled }) => {
          const verdict = verdictOf({ waivers: all });
          expect(JSON.stringify(verdictOf({ waivers: shuffled }))).toBe(JSON.stringify(verdict));
          const end = verdict.validUntil === undefined ? Infinity : Date.parse(verdict.validUntil);
          for (const at of edges.filter((time) => time > now.getTime() && time < end)) {
            const { at: _, ...later } = verdictOf({ waivers: all }, bad, new Date(at));
            const { at: _now, ...held } = verdict;
            expect(later).toEqual(held);
            compared += 1;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(100);
  });
});
