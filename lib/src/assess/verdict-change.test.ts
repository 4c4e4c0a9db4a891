import { describe, expect, test } from 'vitest';
import { factsFromFragment } from '../routines/fact-fragment.ts';
import { judge } from '../routines/judge.ts';
import { loadStandardCollection } from '../routines/standard.ts';
import type { Binding } from '../routines/routine.ts';
import { verdictChange, type MadeVerdict } from './verdict-change.ts';

const routine = loadStandardCollection().routines.find(({ name }) => name === 'no-severe-vulnerabilities')!;
const binding: Binding = {
  id: 'severe',
  routine,
  parameters: { severity: 'high', daysHigh: 10 },
  purposes: ['pull'],
  effect: 'hold',
};

function made(fragment: object, at = '2026-01-01T00:00:00Z', policy = 'one'): MadeVerdict {
  const facts = factsFromFragment(fragment as Readonly<Record<string, unknown>>);
  return { facts, policy, verdict: judge(facts, [binding], 'pull', new Date(at)) };
}

const finding = { advisory: 'CVE-2025-1', severity: 'high', purl: 'pkg:deb/debian/a@1' };
const other = { advisory: 'CVE-2025-2', severity: 'high', purl: 'pkg:deb/debian/b@1' };
const came = (advisory: string, purl: string) => ({ advisory, purl, what: 'came', fields: [] });

describe('a verdict is another one', () => {
  test('where a finding comes, goes, or weighs otherwise', () => {
    expect(verdictChange(made({}), made({ findings: [finding] }))).toEqual({
      findings: [came('CVE-2025-1', 'pkg:deb/debian/a@1')],
      more: 0,
      facts: [],
      policy: false,
      time: false,
    });
    expect(
      verdictChange(made({ findings: [finding, other] }), made({ findings: [finding] }))?.findings,
    ).toEqual([{ advisory: 'CVE-2025-2', purl: 'pkg:deb/debian/b@1', what: 'went', fields: [] }]);
    const worse = { ...finding, severity: 'critical', summary: 'in other words' };
    expect(verdictChange(made({ findings: [finding] }), made({ findings: [worse] }))?.findings).toMatchObject(
      [{ what: 'changed', fields: ['severity'] }],
    );
  });

  test('where time has passed, the rules are others, or another fact is', () => {
    const fresh = { findings: [{ ...finding, since: '2025-12-30T00:00:00Z' }] };
    expect(verdictChange(made(fresh), made(fresh, '2026-01-20T00:00:00Z'))).toMatchObject({
      findings: [],
      facts: [],
      policy: false,
      time: true,
    });
    const strict = { ...made({ findings: [finding] }), policy: 'two' };
    expect(verdictChange(made({}), { ...strict, facts: made({}).facts })).toMatchObject({
      policy: true,
      time: false,
    });
    expect(verdictChange(made({ findings: null }), made({}))).toMatchObject({ facts: ['findings'] });
    expect(verdictChange(undefined, made({}))).toMatchObject({ facts: ['image'] });
  });
});

describe('a verdict is the same', () => {
  test('where only words, or what no routine counts, are others', () => {
    const worded = { ...finding, summary: 'in other words', aliases: ['GHSA-1'] };
    expect(verdictChange(made({ findings: [finding] }), made({ findings: [worded] }))).toBeUndefined();
    expect(verdictChange(made({}), made({ findings: [{ ...finding, severity: 'low' }] }))).toBeUndefined();
    expect(verdictChange(made({}), made({}, '2026-06-01T00:00:00Z', 'two'))).toBeUndefined();
    const younger = { advisories: { ages: [{ of: 'npm', fetched: '2026-01-02T00:00:00Z' }] } };
    expect(
      verdictChange(made({ findings: [finding] }), made({ findings: [finding], ...younger })),
    ).toBeUndefined();
  });
});

test('of very many findings a cause names the first, and counts the rest', () => {
  const many = Array.from({ length: 250 }, (_, at) => ({ ...finding, advisory: `CVE-2025-${1000 + at}` }));
  const change = verdictChange(made({}), made({ findings: many }))!;
  expect([change.findings.length, change.more]).toEqual([200, 50]);
});
