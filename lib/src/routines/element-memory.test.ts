import { array, assert, constantFrom, integer, property, record as shape, subarray } from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from './expression.ts';
import { unitsSpent } from './expression-cost.ts';
import { planExpression } from './expression-plan.ts';
import { evaluateRoutine } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { variableNames, variablesOfFacts } from './fact-values.ts';
import type { Facts } from './facts.ts';
import type { FindingFact } from './facts/findings.ts';
import type { ParameterValues } from './routine.ts';
import { loadStandardCollection } from './standard.ts';

const { routines } = loadStandardCollection();
const readers = routines.filter(({ needs }) => needs.includes('findings'));

/** Findings of all the tests of routines, of packages that are ignored and others. */
const findings: readonly FindingFact[] = routines
  .flatMap((routine) => routine.tests)
  .flatMap(({ facts }) => factsFromFragment(facts).findings ?? [])
  .flatMap((one) => [one, { ...one, package: 'linux-libc-dev' }, { ...one, package: 'linux-headers-6' }]);

const times = integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2027, 1, 1) }).map((ms) => new Date(ms));

const images = shape({
  findings: subarray([...findings]),
  at: times,
  routine: constantFrom(...readers),
  pick: integer({ min: 0, max: 100 }),
});

/** What it says, and what it costs. */
function measured<T>(work: () => T): { readonly said: T; readonly units: number } {
  const before = unitsSpent();
  const said = work();
  return { said, units: unitsSpent() - before };
}

test('what is remembered of findings that images share changes neither what routines say nor what they pay', () => {
  const { image, advisories } = factsFromFragment({ advisories: { ages: [{ of: 'KEV' }, { of: 'EPSS' }] } });
  const all = property(array(images, { minLength: 2, maxLength: 8 }), (some) => {
    for (const { findings: own, at, routine, pick } of some) {
      const parameters = routine.tests[pick % routine.tests.length]!.parameters;
      const facts: Facts = { image, findings: own, ...(advisories && { advisories }) };
      const shared = measured(() => evaluateRoutine(routine, parameters, facts, at));
      const anew = measured(() => evaluateRoutine(routine, parameters, structuredClone(facts), at));
      expect(shared).toEqual(anew);
    }
  });
  assert(all, { numRuns: 300 });
});

test('what else a condition asks for is asked again, and another answer counts', () => {
  const expression = planExpression('size(findings.filter(f, f.package in image.missing))', variableNames);
  const { findings: shared } = factsFromFragment({ findings: [{ package: 'curl' }] });
  const size = (missing: readonly string[]): unknown => {
    const { image } = factsFromFragment({ image: { missing } });
    return evaluate(expression, variablesOfFacts({ image, findings: shared! }));
  };
  expect(['curl', 'zlib', 'curl'].map((name) => size([name]))).toEqual([
    { ok: true, value: 1n },
    { ok: true, value: 0n },
    { ok: true, value: 1n },
  ]);
});

test('a budget ends where it would without a memory', () => {
  const text = 'findings.filter(f, ["a", "b", "c", "d"].exists(x, x == f.package)).size() == 0';
  const expression = planExpression(text, variableNames);
  const { findings: few } = factsFromFragment({ findings: [{ package: 'curl' }] });
  const many = Array.from({ length: 150_000 }, () => few![0]!);
  const { image } = factsFromFragment({});
  for (const own of [few!, many]) {
    const shared = evaluate(expression, variablesOfFacts({ image, findings: own }));
    const anew = evaluate(expression, variablesOfFacts({ image, findings: own.map((one) => ({ ...one })) }));
    expect(shared).toEqual(anew);
    expect(shared.ok).toBe(own === few);
  }
});

test('what is remembered of texts and of what does not look at the image counts for no other parameters and no other time', () => {
  const routine = routines.find(({ name }) => name === 'no-severe-vulnerabilities')!;
  const { image, findings: own } = factsFromFragment({
    findings: [{ package: 'curl', severity: 'critical', since: '2026-01-01T00:00:00Z' }],
  });
  const facts: Facts = { image, findings: own! };
  const judged = (parameters: ParameterValues, day: number): string =>
    evaluateRoutine(routine, parameters, facts, new Date(Date.UTC(2026, 0, day))).state;
  const [none, ignoring, late] = [{}, { ignorePackages: ['cur*'] }, { daysCritical: 7 }];
  expect([judged(none, 2), judged(ignoring, 2), judged(none, 2), judged(ignoring, 2)]).toEqual([
    'failed',
    'passed',
    'failed',
    'passed',
  ]);
  expect([judged(late, 2), judged(late, 9), judged(late, 2)]).toEqual(['passed', 'failed', 'passed']);
});

test('more parts of expressions than have a place in the memories of findings say what they say all the same', () => {
  const { image, findings: own } = factsFromFragment({
    findings: [{ package: 'curl' }, { package: 'zlib' }],
  });
  const variables = variablesOfFacts({ image, findings: own! });
  const expressions = Array.from({ length: 700 }, (_, at) =>
    planExpression(`size(findings.filter(f, f.package == "curl" && size(f.package) < ${at}))`, variableNames),
  );
  for (const _ of [1, 2])
    expect(expressions.map((expression) => evaluate(expression, variables))).toEqual(
      expressions.map((_, at) => ({ ok: true, value: at > 4 ? 1n : 0n })),
    );
});
