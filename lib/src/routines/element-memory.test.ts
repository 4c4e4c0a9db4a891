import type { CelList, CelMap } from '@bufbuild/cel';
import { array, assert, constantFrom, integer, property, record as shape, subarray } from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate, type Evaluation } from './expression.ts';
import { unitsSpent } from './expression-cost.ts';
import { planExpression } from './expression-plan.ts';
import { evaluateRoutine } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { variableNames, variablesOfFacts } from './fact-values.ts';
import type { Facts } from './facts.ts';
import type { FindingFact } from './facts/findings.ts';
import { elementsOf } from './quick-list.ts';
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

test('more parts of expressions than may remember say what they say all the same', () => {
  const { image, findings: own } = factsFromFragment({
    findings: ['apt', 'curl', 'zlib'].map((name) => ({ package: name })),
  });
  const [apt, curl, zlib] = own as [FindingFact, FindingFact, FindingFact];
  const expressions = Array.from({ length: 700 }, (_, at) =>
    planExpression(`size(findings.filter(f, f.package == "curl" && size(f.package) < ${at}))`, variableNames),
  );
  const lists = [[apt, curl], [zlib, curl], [apt, curl, zlib], [curl], [zlib, curl]];
  for (let turn = 0; turn < 24; turn += 1)
    for (const [at, expression] of expressions.entries()) {
      // each in facts of its own, for what is met but once is not remembered, and in another order each time
      const findings = lists[(at + turn) % lists.length]!;
      const said = evaluate(expression, variablesOfFacts({ image, findings }));
      expect([at, said]).toEqual([at, { ok: true, value: at > 4 ? 1n : 0n }]);
    }
});

test('of more findings than are remembered each has what is said of itself', () => {
  const { image, findings: own } = factsFromFragment({ findings: [{ package: 'curl' }] });
  const lists = Array.from({ length: 30 }, (_, list) =>
    Array.from({ length: 2000 }, (_, at) => ({ ...own![0]!, package: `package-${list * 2000 + at}` })),
  );
  const texts = planExpression('findings.map(f, f.package + "!").filter(t, t.endsWith("7!"))', variableNames);
  const named = planExpression(
    'findings.filter(f, f.package.endsWith("7") || f.package in image.missing)',
    variableNames,
  );
  for (const _ of [1, 2, 3])
    for (const [number, findings] of lists.entries()) {
      const facts = {
        image: { ...image, missing: [`package-${number * 2000}`] },
        findings,
      } as unknown as Facts;
      const [said, chosen] = [texts, named].map((one) => evaluate(one, variablesOfFacts(facts)));
      const wanted = findings.map((one) => one.package).sort();
      expect(textsIn(said!)).toEqual(wanted.filter((name) => name.endsWith('7')).map((name) => `${name}!`));
      expect(namesIn(chosen!)).toEqual(
        wanted.filter((name) => name.endsWith('7') || name === `package-${number * 2000}`),
      );
    }
});

/** The texts of a list that an expression gave. */
function textsIn(given: Evaluation): unknown[] {
  return given.ok ? [...elementsOf(given.value as CelList)] : [given.error];
}

/** The packages of the findings of such a list. */
function namesIn(given: Evaluation): unknown[] {
  return given.ok
    ? [...elementsOf(given.value as CelList)].map((one) => (one as CelMap).get('package'))
    : [given.error];
}
