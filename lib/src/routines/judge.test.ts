import { array, assert, boolean, constantFrom, option, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCollection } from './collection.ts';
import { defaultBindings, type GatePolicy } from './default-bindings.ts';
import { effectiveBindings } from './effective-bindings.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { subjectKinds, type Facts } from './facts.ts';
import type { FindingFact } from './facts/findings.ts';
import { judge } from './judge.ts';
import type { Binding, Routine } from './routine.ts';
import { loadStandardCollection } from './standard.ts';
import type { Effect, Verdict } from './verdict.ts';

const now = new Date('2026-01-01T00:00:00Z');
const collection = loadStandardCollection();
const boundBy = (policy: GatePolicy): readonly Binding[] =>
  effectiveBindings(
    [],
    { name: 'team/app' },
    [collection],
    'pull',
    now,
    defaultBindings(policy, collection.name),
  ).bindings;
const official = boundBy({ gate: 'hold', official: true, keysTrusted: true });
const holding = boundBy({ gate: 'hold', official: false, keysTrusted: false });
const warning = boundBy({ gate: 'warn', official: false, keysTrusted: false });

function routine(fields: Partial<Routine>): Routine {
  const base = loadCollection(
    ['name: c', 'version: 1.0.0', 'description: d', 'routines:', '  - name: r', '    title: Title']
      .concat(
        ['description: d', "expression: 'true'", `message: '"no"'`, 'remedy: mend it'].map(
          (line) => `    ${line}`,
        ),
      )
      .join('\n'),
  );
  return { ...base.routines[0]!, ...fields };
}

function bind(fields: Partial<Routine>, effect: Effect = 'hold', binding: Partial<Binding> = {}): Binding {
  return { id: 'bound', routine: routine(fields), parameters: {}, effect, purposes: ['pull'], ...binding };
}

function verdictOf(bindings: readonly Binding[], fragment: Record<string, unknown> = {}): Verdict {
  return judge(factsFromFragment(fragment), bindings, 'pull', now);
}

const pending = { image: { kind: null }, inventory: null, findings: null, signatures: null };

describe('judge', () => {
  it('allows what passes, and says what did', () => {
    const verdict = verdictOf(holding);
    expect(verdict).toMatchObject({
      outcome: 'allow',
      decided: true,
      reasons: [],
      at: '2026-01-01T00:00:00.000Z',
    });
    expect(verdict.passed).toEqual(holding.map((binding) => binding.routine.name).toSorted());
  });

  it('is as bad as the worst reason, which comes first', () => {
    const bindings = [
      bind({ name: 'a', expression: 'false' }, 'warn'),
      bind({ name: 'b', expression: 'false' }, 'deny'),
      bind({ name: 'c', expression: '1 / 0 > 0' }, 'hold'),
      bind({ name: 'd', expression: 'false' }, 'hold'),
    ];
    const verdict = verdictOf(bindings);
    expect(verdict.outcome).toBe('deny');
    expect(verdict.decided).toBe(false);
    expect(verdict.reasons.map(({ routine, state }) => `${routine} ${state}`)).toEqual([
      'b failed',
      'd failed',
      'c undecided',
      'a failed',
    ]);
  });

  it('passes nothing but true', () => {
    for (const expression of ['1', '"true"', '[true]', 'null', '1 / 0 == 0', 'findings[0].malicious', 'now'])
      expect({ expression, ...verdictOf([bind({ expression })]) }).toMatchObject({
        expression,
        outcome: 'hold',
        decided: false,
      });
  });

  it('is undecided for a routine that cannot work', () => {
    const wrong: Binding[] = [
      bind({ expression: 'nope(' }),
      bind({ variables: { image: '1' } }),
      bind({ validUntil: '[1]' }),
      bind({ validUntil: 'now' }),
      bind({ validUntil: '[now, 1 / 0]' }),
      bind({}, 'hold', { parameters: { days: 3 } }),
    ];
    for (const binding of wrong)
      expect(verdictOf([binding])).toMatchObject({ outcome: 'hold', decided: false });
  });

  it('does not decide what is only for some kinds while the kind is not known', () => {
    const unknown = { image: { kind: null } };
    expect(verdictOf([bind({})], unknown)).toMatchObject({ outcome: 'hold', decided: false });
    expect(verdictOf([bind({ appliesTo: [...subjectKinds] })], unknown).outcome).toBe('allow');
  });

  it('holds no longer than the result of any routine', () => {
    const until = (days: number): Binding => bind({ validUntil: `[now + duration("${24 * days}h")]` });
    expect(verdictOf([until(3), until(2), until(5)]).validUntil).toBe('2026-01-03T00:00:00.000Z');
  });

  it('does not let a broken message hide a failure', () => {
    const verdict = verdictOf([bind({ expression: 'false', message: '1 / 0', details: '[1, "a"]' })]);
    expect(verdict.reasons).toMatchObject([
      { state: 'failed', message: 'does not pass: Title', details: ['(not a text)', 'a'] },
    ]);
  });

  it('passes over what a routine is not about, and what is bound for other purposes', () => {
    const failing = { expression: 'false' };
    expect(verdictOf([bind(failing)], { image: { kind: 'signature' } })).toMatchObject({
      outcome: 'allow',
      passed: [],
    });
    expect(verdictOf([bind(failing, 'deny', { purposes: ['deploy'] })]).outcome).toBe('allow');
  });

  it('makes text from an image harmless for terminals', () => {
    const reason = verdictOf([bind({ expression: 'false', message: '"a" + image.config.user' })], {
      image: { config: { user: '\u001b[31m\r\u202ered\u200b' } },
    }).reasons[0];
    expect(reason?.message).toBe('a\\u{1b}[31m\\u{d}\\u{202e}red\\u{200b}');
  });

  it('shows twenty details and counts the rest', () => {
    const findings = Array.from({ length: 45 }, (_, i) => ({ package: `p${i}`, fixedIn: '2' }));
    const reason = verdictOf(holding, { findings }).reasons[0];
    expect(reason?.details).toHaveLength(20);
    expect(reason?.more).toBe(25);
  });

  it('tells the first time at which time alone may change it', () => {
    const graceful = bind({}, 'hold', {
      routine: collection.routines.find((one) => one.name === 'no-fixable-vulnerabilities')!,
      parameters: { grace: 10 },
    });
    const since = (day: string): object => ({ fixedIn: '2', since: `2025-12-${day}T00:00:00Z` });
    const verdict = verdictOf([graceful], { findings: [since('29'), since('25'), since('31')] });
    expect(verdict).toMatchObject({ outcome: 'allow', validUntil: '2026-01-04T00:00:00.000Z' });
    const facts = factsFromFragment({ findings: [since('29'), since('25'), since('31')] });
    const later = judge(facts, [graceful], 'pull', new Date(verdict.validUntil!));
    expect(later).toMatchObject({ outcome: 'hold', validUntil: '2026-01-08T00:00:00.000Z' });
    const before = judge(facts, [graceful], 'pull', new Date(Date.parse(verdict.validUntil!) - 1));
    expect(before.outcome).toBe('allow');
  });
});

describe('the default bindings', () => {
  it('serve what is not checked yet under warn, and hold it otherwise', () => {
    expect(verdictOf(warning, pending)).toMatchObject({ outcome: 'warn', decided: false });
    for (const bindings of [holding, official]) {
      const verdict = verdictOf(bindings, pending);
      expect(verdict).toMatchObject({ outcome: 'hold', decided: false });
      expect(verdict.reasons[0]?.message).toContain('not checked yet');
    }
  });

  it.each([
    ['a missing part', { image: { missing: ['sha256:a'] } }],
    ['a malicious package', { findings: [{ malicious: true }] }],
    ['a hold by hand', { held: {} }],
  ])('hold always: %s', (_, fragment) => {
    for (const bindings of [warning, holding, official])
      expect(
        verdictOf(bindings, {
          ...pending,
          ...fragment,
          image: { kind: 'image', ...('image' in fragment ? fragment.image : {}) },
        }).outcome,
      ).toBe('hold');
  });

  it.each([
    ['a fixable vulnerability', { findings: [{ fixedIn: '2' }] }, 'warn', 'hold'],
    ['an incomplete inventory', { inventory: { complete: false } }, 'warn', 'hold'],
    ['running as root', { image: { config: { user: '' } } }, 'warn', 'warn'],
    ['an unpinned base', { image: { base: { name: 'debian:12' } } }, 'warn', 'warn'],
    ['age', { image: { config: { created: '2020-01-01T00:00:00Z' } } }, 'warn', 'warn'],
  ])('follow the gate: %s', (_, fragment, underWarn, underHold) => {
    expect(verdictOf(warning, fragment).outcome).toBe(underWarn);
    expect(verdictOf(holding, fragment).outcome).toBe(underHold);
  });

  it('ask for signatures where keys are trusted, and always where official', () => {
    const outcomeFor = (gate: 'warn' | 'hold', isOfficial: boolean, keysTrusted: boolean): string =>
      verdictOf(boundBy({ gate, official: isOfficial, keysTrusted })).outcome;
    expect(outcomeFor('warn', false, false)).toBe('allow');
    expect(outcomeFor('warn', false, true)).toBe('warn');
    expect(outcomeFor('hold', false, false)).toBe('allow');
    expect(outcomeFor('hold', false, true)).toBe('hold');
    expect(outcomeFor('warn', true, false)).toBe('hold');
  });
});

describe('any verdict', () => {
  const finding = record({
    advisory: constantFrom('CVE-1', 'CVE-2', 'MAL-1'),
    package: constantFrom('a', 'b', 'c'),
    severity: constantFrom('none', 'low', 'medium', 'high', 'critical', 'unscored', 'dreadful'),
    malicious: boolean(),
    fixedIn: option(constantFrom('2', '3'), { nil: undefined }),
    undecided: option(constantFrom('unknown'), { nil: undefined }),
    since: constantFrom('2020-01-01T00:00:00Z', '2025-12-31T00:00:00Z', '2027-01-01T00:00:00Z', 'never'),
  });
  const base = factsFromFragment({ findings: [{}] });
  const withFindings = (findings: ReadonlyArray<Partial<FindingFact>>): Facts => ({
    ...base,
    findings: findings.map((one) => ({ ...base.findings![0]!, ...one })),
  });
  const order = ['allow', 'warn', 'hold', 'deny'];

  it('does not get better by one more finding', () => {
    assert(
      property(
        array(finding, { maxLength: 6 }),
        finding,
        constantFrom(warning, holding, official),
        (some, more, bindings) => {
          const before = judge(withFindings(some), bindings, 'pull', now);
          const after = judge(withFindings([...some, more]), bindings, 'pull', now);
          expect(order.indexOf(after.outcome)).toBeGreaterThanOrEqual(order.indexOf(before.outcome));
          expect(before.passed).toEqual(expect.arrayContaining([...after.passed]));
        },
      ),
    );
  });

  it('is the same for the same facts in any order, byte for byte', () => {
    assert(
      property(
        uniqueArray(finding, { maxLength: 8, selector: (one) => `${one.package} ${one.advisory}` }),
        (some) => {
          const text = (findings: typeof some): string =>
            JSON.stringify(judge(withFindings(findings), official, 'pull', now));
          expect(text(some.toReversed())).toBe(text(some));
        },
      ),
    );
  });

  it('never allows while a routine that holds is undecided', () => {
    const known = record({
      kind: boolean(),
      config: boolean(),
      inventory: boolean(),
      findings: boolean(),
      signatures: boolean(),
    });
    assert(
      property(known, constantFrom(warning, holding, official), (is, bindings) => {
        const verdict = verdictOf(bindings, {
          image: { ...(is.kind ? {} : { kind: null }), ...(is.config ? {} : { config: null }) },
          ...(is.inventory ? {} : { inventory: null }),
          ...(is.findings ? {} : { findings: null }),
          ...(is.signatures
            ? { signatures: { signers: ['release'], trustedKeys: ['release'] } }
            : { signatures: null }),
        });
        const undecided = verdict.reasons.filter((reason) => reason.state === 'undecided');
        expect(verdict.decided).toBe(undecided.length === 0);
        expect(verdict.outcome === 'allow').toBe(verdict.reasons.length === 0);
        const gaps = undecided.filter(
          (reason) => !['non-root', 'pinned-base', 'maximum-age'].includes(reason.routine),
        );
        const serves = verdict.outcome === 'allow' || verdict.outcome === 'warn';
        expect(serves).toBe(bindings === warning || gaps.length === 0);
      }),
    );
  });

  it('is never allow by an expression with an error in it', () => {
    const erroneous = constantFrom('1 / 0 > 0', 'findings[9].malicious', 'image.nothing', 'int("x") > 0');
    const around = {
      not: (e: string) => `!(${e})`,
      and: (e: string) => `true && ${e}`,
      or: (e: string) => `false || ${e}`,
      all: (e: string) => `[1].all(x, ${e})`,
      exists: (e: string) => `[1].exists(x, ${e})`,
      condition: (e: string) => `${e} ? true : true`,
    };
    const ways = constantFrom(...(Object.keys(around) as Array<keyof typeof around>));
    assert(
      property(erroneous, array(ways, { maxLength: 3 }), (error, chosen) => {
        const expression = chosen.reduce<string>((inner, way) => around[way](`(${inner})`), error);
        expect(verdictOf([bind({ expression })]).outcome).toBe('hold');
      }),
    );
  });
});
