import { describe, expect, it } from 'vitest';
import { explainBriefly, explainVerdict } from './explain.ts';
import type { Reason, Verdict } from './verdict.ts';

function reason(fields: Partial<Reason>): Reason {
  const base = {
    routine: 'r',
    effect: 'hold',
    state: 'failed',
    message: 'm',
    details: [],
    more: 0,
    remedy: 'mend it',
  } as const;
  const { routine = base.routine } = fields;
  return { ...base, binding: `default/${routine}`, ...fields };
}

function verdict(reasons: readonly Reason[], fields: Partial<Verdict> = {}): Verdict {
  return {
    digest: 'sha256:abc',
    repository: 'team/app',
    purpose: 'pull',
    outcome: reasons[0]?.effect ?? 'allow',
    decided: reasons.every((one) => one.state === 'failed'),
    reasons,
    passed: [],
    at: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

describe('explainBriefly', () => {
  it('says what, by which routine, and what to do; not what only warns', () => {
    const reasons = [
      reason({ routine: 'signed', message: 'not signed by a trusted key', remedy: 'sign it' }),
      reason({ routine: 'non-root', effect: 'warn' }),
    ];
    expect(explainBriefly(verdict(reasons))).toEqual([
      'not signed by a trusted key (signed); to do: sign it.',
    ]);
  });

  it('says once what several routines wait for', () => {
    const waiting = { state: 'undecided', message: 'not checked yet', remedy: 'wait' } as const;
    const reasons = [reason({ routine: 'a', ...waiting }), reason({ routine: 'b', ...waiting })];
    expect(explainBriefly(verdict(reasons))).toEqual(['not checked yet (a, b); to do: wait.']);
  });

  it('fits in the room that there is, and counts what does not', () => {
    const reasons = Array.from({ length: 12 }, (_, i) =>
      reason({ routine: `r${i}`, message: `${i} ${'x'.repeat(250)}` }),
    );
    const sentences = explainBriefly(verdict(reasons));
    expect(sentences.join('').length).toBeLessThanOrEqual(1500);
    expect(sentences).toHaveLength(6);
    expect(sentences.at(-1)).toBe('…and 7 more reasons; wharf verdict lists them.');
  });

  it('shows the first reason in any case', () => {
    const sentences = explainBriefly(
      verdict([reason({ message: 'y'.repeat(400) }), reason({ message: 'z' })]),
      200,
    );
    expect(sentences.join('').length).toBe(200);
    expect(sentences[0]).toMatch(/^y+…$/);
    expect(sentences[1]).toBe('…and 1 more reason; wharf verdict lists them.');
    expect(explainBriefly(verdict([reason({ message: 'y'.repeat(400) })]), 200)).toHaveLength(1);
  });

  it('has nothing to say about what is served', () => {
    expect(explainBriefly(verdict([reason({ effect: 'warn' })]))).toEqual([]);
  });
});

describe('explainVerdict', () => {
  it('lists everything', () => {
    const reasons = [
      reason({ routine: 'vulnerable', message: 'openssl has CVE-1', details: ['openssl: CVE-1'], more: 3 }),
      reason({
        routine: 'signed',
        effect: 'warn',
        state: 'undecided',
        message: 'not checked yet',
        remedy: 'wait',
      }),
    ];
    const text = explainVerdict(
      verdict(reasons, { passed: ['a', 'b'], validUntil: '2026-02-01T00:00:00.000Z' }),
    );
    expect(text).toBe(
      `team/app@sha256:abc
hold for pull, not everything could be decided

hold: vulnerable
  openssl has CVE-1
  - openssl: CVE-1
  - …and 3 more
  to do: mend it

warn: signed, undecided
  not checked yet
  to do: wait

passed: a, b

may change by time alone at 2026-02-01T00:00:00.000Z
`,
    );
  });

  it('names the binding where it is not the default one of its routine', () => {
    const text = explainVerdict(
      verdict([
        reason({ routine: 'a', binding: 'default/a' }),
        reason({ routine: 'b', binding: 'strict-b' }),
      ]),
    );
    expect(text).toContain('\nhold: a\n');
    expect(text).toContain('\nhold: b, bound by strict-b\n');
  });

  it('tells what only warns for now, what is excused and by whom, and who broke the glass', () => {
    const until = '2026-03-10T00:00:00Z';
    const waiver = { id: 'w1', owner: 'alice', reason: 'port 80', expires: until };
    const grant = { id: 'g1', reason: 'outage', requestedBy: 'bob', approvedBy: ['carol', 'dave'], until };
    const text = explainVerdict(
      verdict(
        [
          reason({ routine: 'a', effect: 'warn', eased: { by: 'grace', effect: 'hold', until } }),
          reason({ routine: 'b', effect: 'warn', eased: { by: 'grant', effect: 'deny', until } }),
        ],
        { waived: [{ ...reason({ routine: 'c', details: ['d'] }), waiver }], grants: [grant] },
      ),
    );
    expect(text).toContain('  only warns, in grace until 2026-03-10T00:00:00Z; then: hold\n');
    expect(text).toContain(
      '  only warns, permitted by a break-glass grant until 2026-03-10T00:00:00Z; then: deny\n',
    );
    expect(text).toContain(
      'waived: c\n  m\n  - d\n  excused by alice until 2026-03-10T00:00:00Z: port 80 (waiver w1)\n',
    );
    expect(text).toContain(
      'break-glass: outage\n  requested by bob, approved by carol, dave, until 2026-03-10T00:00:00Z (grant g1)\n',
    );
  });
});
