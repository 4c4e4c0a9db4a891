import { array, assert, boolean, constantFrom, integer, option, property, record as shape } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateRoutine } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { digestOfPart, partsOf } from './fact-parts.ts';
import type { Facts } from './facts.ts';
import { judge } from './judge.ts';
import type { Waiver } from './records.ts';
import { rememberingEvaluator, type Remembered } from './remembered-results.ts';
import type { Binding, Routine } from './routine.ts';
import { readsOf } from './routine-reads.ts';
import { loadStandardCollection } from './standard.ts';

const { routines } = loadStandardCollection();
const tests = routines.flatMap((routine) => routine.tests.map((one) => ({ routine, ...one })));
const roots = [
  'image',
  'inventory',
  'findings',
  'advisories',
  'signatures',
  'attestations',
  'custody',
  'held',
];

/** Images as the tests of the routines describe them, parts of one with parts of another. */
const images = array(shape({ root: constantFrom(...roots), from: constantFrom(...tests) }), {
  maxLength: 5,
}).map((picks): Facts => {
  const fragment: Record<string, unknown> = {};
  for (const { root, from } of picks) if (root in from.facts) fragment[root] = from.facts[root];
  return factsFromFragment(fragment);
});

const times = integer({ min: Date.UTC(2025, 10, 1), max: Date.UTC(2027, 1, 1) }).map((ms) => new Date(ms));

const parametersOf = new Map(
  routines.map((routine) => [routine.name, [{}, ...routine.tests.map(({ parameters }) => parameters)]]),
);

const bindings = array(
  shape({ pick: integer({ min: 0, max: 1000 }), grace: option(times, { nil: undefined }), hold: boolean() }),
  { minLength: routines.length, maxLength: routines.length },
).map((picks) =>
  routines.map((routine, index): Binding => {
    const { pick, grace, hold } = picks[index]!;
    const choices = parametersOf.get(routine.name)!;
    return {
      id: `default/${routine.name}`,
      routine,
      parameters: choices[pick % choices.length]!,
      effect: hold ? 'hold' : 'warn',
      purposes: ['pull'],
      ...(grace && { graceUntil: grace.toISOString() }),
    };
  }),
);

const waivers = array(
  shape({
    routine: constantFrom(
      'no-fixable-vulnerabilities',
      'no-severe-vulnerabilities',
      'non-root',
      'not-malicious',
    ),
    whole: boolean(),
    from: times,
    expires: times,
  }),
  { maxLength: 3 },
).map((some) =>
  some.map(({ routine, whole, from, expires }, index): Waiver => ({
    id: `w${index}`,
    routine,
    scope: {},
    ...(!whole && { advisories: ['CVE-2022-0778', 'CVE-2025-0001'] }),
    owner: 'alice',
    reason: 'not reachable',
    from: from.toISOString(),
    expires: expires.toISOString(),
  })),
);

/** A memory without bounds, with what it was asked. */
function memory() {
  const results = new Map<string, Remembered>();
  return {
    find: (key: string) => results.get(key),
    keep: (key: string, remembered: Remembered) => void results.set(key, remembered),
  };
}

describe('results that are remembered', () => {
  test('never change a verdict: over images, parameters, waivers, times and graces, with the inventory at hand or not', () => {
    const steps = array(
      shape({ facts: images, now: times, waivers, bindings, apart: boolean(), alike: boolean() }),
      {
        minLength: 2,
        maxLength: 6,
      },
    );
    let [evaluated, reused] = [0, 0];
    const verdicts = property(steps, (all) => {
      const shared = memory();
      for (const { facts, now, waivers: some, bindings: others, apart, alike } of all) {
        // images of one repository have the very same bindings
        const bound = alike ? all[0]!.bindings : others;
        const exceptions = { waivers: some, grants: [] };
        const plain = judge(facts, bound, 'pull', now, exceptions);
        const { inventory, ...rest } = facts;
        const known = [
          'complete',
          'distribution',
          'packages',
          'problems',
          ...Object.keys(inventory ?? {}),
        ].map((name) => [`inventory.${name}`, digestOfPart(facts, `inventory.${name}`)] as const);
        const given = apart && inventory ? rest : facts;
        const first = rememberingEvaluator(given, partsOf(given, known), shared);
        const made = judge(given, bound, 'pull', now, exceptions, undefined, first.evaluate);
        const again = rememberingEvaluator(facts, partsOf(facts), shared);
        const last = first.log.lacksInventory
          ? judge(facts, bound, 'pull', now, exceptions, undefined, again.evaluate)
          : made;
        expect(last).toEqual(plain);
        evaluated += first.log.evaluated;
        reused += first.log.reused;
      }
    });
    assert(verdicts, { numRuns: 300 });
    // what is compared above is worth something: both were done, often
    expect(Math.min(evaluated, reused)).toBeGreaterThan(1000);
  });

  test('are asked for again where a part that the routine reads has changed, and only there', () => {
    const shared = memory();
    const scanners = { trivy: {} };
    const before = factsFromFragment({ findings: [{ advisory: 'CVE-2025-0001' }], scanners });
    const after = factsFromFragment({ findings: [{ advisory: 'CVE-2025-0002' }], scanners });
    const now = new Date('2026-01-01T00:00:00Z');
    const count = (facts: Facts, wanted: (routine: Routine) => boolean): [number, number] => {
      const { evaluate, log } = rememberingEvaluator(facts, partsOf(facts), shared);
      const bound = routines.filter(wanted).map((routine): Binding => ({
        id: routine.name,
        routine,
        parameters: routine.name === 'scanner-report' ? { scanner: 'trivy' } : {},
        effect: 'hold',
        purposes: ['pull'],
      }));
      judge(facts, bound, 'pull', now, undefined, undefined, evaluate);
      return [log.evaluated, log.reused];
    };
    const readsFindings = (routine: Routine): boolean => readsOf(routine).parts.includes('findings');
    const readers = routines.filter(readsFindings).length;
    expect(readers).toBeGreaterThan(1);
    count(before, () => true);
    expect(count(after, readsFindings)).toEqual([readers, 0]);
    const others = count(after, (routine) => !readsFindings(routine));
    expect(others).toEqual([0, routines.length - readers]);
  });

  test('of routines that read the time hold for as long as they say', () => {
    const routine = routines.find(({ name }) => name === 'maximum-age')!;
    const binding: Binding = { id: 'b', routine, parameters: {}, effect: 'hold', purposes: ['pull'] };
    const facts = factsFromFragment({});
    const shared = memory();
    const reusedAt = (time: string): number => {
      const { evaluate, log } = rememberingEvaluator(facts, partsOf(facts), shared);
      const now = new Date(time);
      expect(evaluate(binding, facts, now)).toEqual(evaluateRoutine(routine, {}, facts, now));
      return log.reused;
    };
    expect(reusedAt('2026-01-01T00:00:00Z')).toBe(0);
    expect(reusedAt('2026-06-01T00:00:00Z')).toBe(1);
    expect(reusedAt('2025-12-31T00:00:00Z')).toBe(0);
    expect(reusedAt('2026-12-01T00:00:00Z')).toBe(0);
    expect(reusedAt('2026-12-02T00:00:00Z')).toBe(1);
  });

  test('that were decided by what is not known at all hold whatever the time', () => {
    const routine = routines.find(({ name }) => name === 'custody-complete')!;
    expect(readsOf(routine).time).toBe(true);
    const binding: Binding = { id: 'b', routine, parameters: {}, effect: 'hold', purposes: ['pull'] };
    const { custody, ...facts } = factsFromFragment({ custody: { complete: true } });
    const shared = memory();
    const asked = (about: Facts, time: string): readonly [string, number] => {
      const { evaluate, log } = rememberingEvaluator(about, partsOf(about), shared);
      const now = new Date(time);
      expect(evaluate(binding, about, now)).toEqual(evaluateRoutine(routine, {}, about, now));
      return [evaluate(binding, about, now).state, log.evaluated];
    };
    expect(asked(facts, '2026-01-01T00:00:00Z')).toEqual(['undecided', 1]);
    expect(asked(facts, '2026-06-01T00:00:00Z')).toEqual(['undecided', 0]);
    expect(asked({ ...facts, custody: custody! }, '2026-06-01T00:00:00Z')).toEqual(['passed', 1]);
  });

  test('that tell a time which moves are never used again', () => {
    const tells = (message: string, over: Partial<Routine> = {}): boolean => {
      const { details: _, ...rest } = routines[0]!;
      return readsOf({ ...rest, variables: {}, expression: 'false', message, validUntil: '[]', ...over })
        .movingTime;
    };
    expect(tells('string(now)')).toBe(true);
    expect(tells('string(now - timestamp("2025-01-01T00:00:00Z"))')).toBe(true);
    expect(tells('limit', { variables: { limit: 'string(now - duration("1h"))' } })).toBe(true);
    expect(tells('[now].map(x, string(x)).join("")')).toBe(true);
    expect(tells('{"a": now}["a"] > now ? "late" : "in time"')).toBe(false);
    expect(tells('findings.filter(f, f.since < now).map(f, f.package).join(", ")')).toBe(false);
    expect(tells('""', { validUntil: '[now + duration("1h")]' })).toBe(true);
    expect(tells('""', { details: '[string(now)]' })).toBe(true);
    for (const routine of routines)
      expect([routine.name, readsOf(routine).movingTime]).toEqual([routine.name, false]);
  });
});

describe('what a routine reads', () => {
  const routine = (over: Partial<Routine>): Routine => ({
    ...routines[0]!,
    variables: {},
    needs: [],
    ...over,
  });
  const reads = (expression: string, over: Partial<Routine> = {}) => {
    const { details: _, validUntil: __, ...rest } = routine({ expression, message: '"no"', ...over });
    return readsOf(rest);
  };

  test('is told by fields, through macros, variables and has()', () => {
    expect(reads('inventory.packages.all(p, p.name != image.config.user)').parts).toEqual([
      'image.config',
      'image.kind',
      'inventory.packages',
    ]);
    expect(reads('has(facts.held) || !has(facts.image.platform)').parts).toEqual([
      'held',
      'image.kind',
      'image.platform',
    ]);
    expect(reads('x', { variables: { x: 'size(findings) == 0' } }).parts).toEqual(['findings', 'image.kind']);
    expect(reads('true', { message: 'custody.layout' }).parts).toEqual(['custody.layout', 'image.kind']);
  });

  test('is all of a thing where it is used as a whole or by a computed name', () => {
    expect(reads('inventory == inventory').parts).toEqual(['image.kind', 'inventory']);
    expect(reads('inventory["packages"].size() == 0 && inventory.complete').parts).toEqual([
      'image.kind',
      'inventory',
    ]);
    expect(reads('facts["findings"].size() == 0').parts).toContain('findings');
    expect(reads('size(facts) == 3').parts).toEqual(expect.arrayContaining(roots));
    expect(reads('((')).toMatchObject({ time: true, parts: expect.arrayContaining(roots) });
  });

  test('is the time where the time is named, or where a validity is told', () => {
    expect(reads('image.size > 3').time).toBe(false);
    expect(reads('image.config.created < now').time).toBe(true);
    expect(readsOf(routine({ validUntil: '[]' })).time).toBe(true);
  });

  test('is presence too, where the routine needs a fact that it asks nothing of', () => {
    expect(reads('true', { needs: ['signatures', 'config'] }).parts).toEqual([
      'image.config',
      'image.kind',
      'signatures',
    ]);
  });

  test('hides nothing: no routine says another thing where a part is changed that it does not read', () => {
    const changes = shape({ of: constantFrom(...routines), a: images, b: images, now: times });
    const unseen = property(changes, ({ of, a, b, now }) => {
      const mixed: Record<string, unknown> = { ...b };
      const parts = readsOf(of).parts;
      for (const root of Object.keys({ ...a, ...b }) as Array<keyof Facts>) {
        const fields = parts
          .filter((part) => part.startsWith(`${root}.`))
          .map((part) => part.slice(root.length + 1));
        if (parts.includes(root)) mixed[root] = a[root];
        else if (fields.length > 0) {
          if (a[root] === undefined || b[root] === undefined) mixed[root] = a[root];
          else {
            const from = a[root] as unknown as Record<string, unknown>;
            const own = Object.fromEntries(fields.map((field) => [field, from[field]]));
            mixed[root] = { ...(b[root] as object), ...own };
          }
        }
      }
      const facts = mixed as unknown as Facts;
      expect(evaluateRoutine(of, {}, facts, now)).toEqual(evaluateRoutine(of, {}, a, now));
    });
    assert(unseen, { numRuns: 1500 });
  });
});
