import { assert, constantFrom, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCollection } from './collection.ts';
import { evaluateRoutine, type RoutineResult } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import type { Facts } from './facts.ts';
import { judge } from './judge.ts';
import type { Routine } from './routine.ts';
import { loadStandardCollection } from './standard.ts';
import { runRoutineTests } from './test-collection.ts';

const now = new Date('2026-01-01T00:00:00Z');
const standard = loadStandardCollection();
const facts = factsFromFragment({ findings: [{}], inventory: { packages: [{}, {}] } });

function routineOf(fields: Partial<Routine>): Routine {
  return {
    ...standard.routines.find(({ name }) => name === 'maximum-layers')!,
    needs: [],
    parameters: {},
    ...fields,
  };
}
const resultOf = (fields: Partial<Routine>, of: Facts = facts): RoutineResult =>
  evaluateRoutine(routineOf({ message: '"no"', ...fields }), {}, of, now);

describe('what passes is true, and nothing else', () => {
  test.each([
    ['a division by nothing', '1 / 0 == 0'],
    ['an error that is compared with itself', '(1 / 0) == (1 / 0)'],
    ['an error that is negated', '!(1 / 0 == 1)'],
    ['an error inside of all', '[0].all(x, 1 / x == 1)'],
    ['an error inside of exists', '[0].exists(x, 1 / x == 1)'],
    ['a missing element', 'findings[7].malicious || findings[8].malicious'],
    ['a missing field', 'image.config.nothing == ""'],
    ['a fact that is not known', 'held.by == "nobody"'],
    ['a string', '"true"'],
    ['a number', '1'],
    ['nothing', 'null'],
    ['a list', '[true]'],
    ['a map', '{"ok": true}'],
    ['a time', 'now'],
    ['a type that cannot be compared', 'image.layers > 3'],
    ['an overflow', '9223372036854775807 + 1 > 0'],
    ['a variable that is not known', 'nothing == 1'],
    ['a function that does not exist', 'open("/etc/passwd") == ""'],
    ['a property of objects of the program', 'image.constructor == null || image.__proto__ == null'],
    ['three loops in each other', '[1].all(a, [1].all(b, [1].all(c, true)))'],
    ['nesting', `size(${'['.repeat(80)}${']'.repeat(80)}) == 1`],
    ['a long text', `"${'x'.repeat(5000)}" != ""`],
    ['an empty text', ''],
    ['no expression', 'true true'],
  ])('not %s', (_, expression) => {
    expect(resultOf({ expression }).state).toBe('undecided');
  });

  test('not what costs too much, whatever stands around it', () => {
    const many = factsFromFragment({ findings: Array.from({ length: 3000 }, () => ({})) });
    const cubic = 'findings.all(a, findings.all(b, a.package == b.package))';
    for (const expression of [cubic, `${cubic} || true`, `!(${cubic}) || true`, `${cubic} ? true : true`]) {
      expect(resultOf({ expression }, many)).toMatchObject({
        state: 'undecided',
        message: expect.stringContaining('costs more than one evaluation may'),
      });
    }
  });

  test('not by a variable that fails, costs too much, or names itself', () => {
    expect(resultOf({ variables: { x: '1 / 0' }, expression: 'x == 1' }).state).toBe('undecided');
    expect(resultOf({ variables: { x: 'x' }, expression: 'x' }).state).toBe('undecided');
    expect(resultOf({ variables: { x: 'y', y: 'true' }, expression: 'x' }).state).toBe('undecided');
    expect(resultOf({ variables: { facts: 'true' }, expression: 'facts' }).state).toBe('undecided');
  });
});

describe('what is said', () => {
  test('of a failure stays a failure when the words explode', () => {
    const long = factsFromFragment({ image: { config: { user: 'x'.repeat(60_000) } } });
    for (const message of [
      'image.config.user + image.config.user + image.config.user',
      'image.config.user.replace("x", image.config.user)',
      '1 / 0',
      '["a"]',
      'findings.map(f, findings.map(g, f.package + g.package).join("")).join("")',
    ]) {
      const result = resultOf({ expression: 'false', message, details: message }, long);
      expect(result).toMatchObject({ state: 'failed', remedy: expect.any(String) });
      expect('message' in result && result.message.length).toBeLessThanOrEqual(400);
    }
  });

  test('is bounded, whatever the image says', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 3000 }), (user) => {
        const result = resultOf(
          { expression: 'false', message: 'image.config.user', details: '[image.config.user]' },
          factsFromFragment({ image: { config: { user } } }),
        );
        const said = 'message' in result ? [result.message, ...result.details].join('') : '';
        expect(said.length).toBeLessThanOrEqual(1000);
        // eslint-disable-next-line no-control-regex
        expect(said).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});

describe('until when it holds', () => {
  test.each([
    ['not a list', 'now'],
    ['numbers', '[1]'],
    ['texts', '["2030-01-01T00:00:00Z"]'],
    ['an error', '[now + duration("1h"), 1 / 0]'],
    ['a time out of range', '[timestamp("9999-12-31T23:59:59Z") + duration("100h")]'],
  ])('is undecided where it is %s', (_, validUntil) => {
    expect(resultOf({ expression: 'true', validUntil }).state).toBe('undecided');
  });

  test('does not lie in the past', () => {
    const result = resultOf({ expression: 'true', validUntil: '[now, now - duration("1h")]' });
    expect(result).toEqual({ state: 'passed' });
  });

  test('must be said by a routine that depends on the time', () => {
    const text = (expression: string, more = ''): string => `name: c
version: 1.0.0
description: d
routines:
  - name: r
    title: t
    description: d
    expression: '${expression}'
    message: '"no"'
    remedy: r
${more}`;
    expect(() => loadCollection(text('image.size > 3 && now > timestamp("2026-01-01T00:00:00Z")'))).toThrow(
      'validUntil is missing: the result depends on now',
    );
    expect(() => loadCollection(text('later', '    variables: { later: "now > now" }'))).toThrow(
      'depends on now',
    );
    expect(() => loadCollection(text('image.repository == "now"'))).not.toThrow();
    expect(() => loadCollection(text('now > now', '    validUntil: "[now]"'))).not.toThrow();
  });
});

describe('huge facts', () => {
  const huge = factsFromFragment({
    inventory: {
      packages: Array.from({ length: 100_000 }, (_, index) => ({
        name: `package-${index}`,
        purl: `pkg:npm/package-${index}@1`,
        licence: index % 2 === 0 ? 'MIT OR Apache-2.0' : '(MIT AND ISC) OR GPL-3.0-only',
      })),
      licences: Array.from({ length: 100_000 }, (_, index) => ({
        spdx: `LicenseRef-${index}`,
        choices: [
          { licences: ['MIT', 'GPL-3.0-only'], without: ['MIT', 'GPL-3.0-only'], categories: ['unknown'] },
          { licences: [`LicenseRef-${index}`], without: [`LicenseRef-${index}`], categories: ['unknown'] },
        ],
      })),
    },
    findings: Array.from({ length: 100_000 }, (_, index) => ({ advisory: `CVE-${index}`, fixedIn: '2' })),
    image: {
      config: { env: Array.from({ length: 10_000 }, (_, index) => `VARIABLE_${index}=${'x'.repeat(100)}`) },
      layers: Array.from({ length: 10_000 }, () => ({})),
    },
  });

  test('end every routine of the standard collection, and never by passing what could not be looked at', () => {
    const states = new Map(
      standard.routines.map((routine) => [routine.name, evaluateRoutine(routine, {}, huge, now)]),
    );
    expect([...states.values()].every(({ state }) => state !== undefined)).toBe(true);
    for (const name of ['no-secrets-in-environment', 'configuration-not-baked-in', 'allowed-licences'])
      expect(states.get(name)).not.toHaveProperty('state', 'passed');
    for (const name of ['no-fixable-vulnerabilities', 'maximum-layers'])
      expect(['failed', 'undecided']).toContain(states.get(name)?.state);
  });

  test('are excused by waivers in one walk', () => {
    const advisories = Array.from({ length: 1000 }, (_, index) => `CVE-${index}`);
    const waivers = Array.from({ length: 50 }, (_, index) => ({
      id: `w${index}`,
      routine: 'no-fixable-vulnerabilities',
      scope: {},
      advisories,
      owner: 'alice',
      reason: 'why',
      from: '2025-01-01T00:00:00Z',
      expires: '2027-01-01T00:00:00Z',
    }));
    const routine = standard.routines.find(({ name }) => name === 'no-fixable-vulnerabilities')!;
    const binding = { id: 'bound', routine, parameters: {}, effect: 'hold', purposes: ['pull'] } as const;
    const verdict = judge(huge, [binding], 'pull', now, { waivers, grants: [] });
    expect(verdict.outcome).toBe('hold');
    expect(verdict.waived).toMatchObject([
      { waiver: { id: 'w0' }, message: '1000 findings are excused', more: 980 },
    ]);
  });
});

describe('tests of a collection', () => {
  test('cost no more than all together may', () => {
    const packages = Array.from({ length: 1200 }, () => '{}').join(', ');
    const one = `      - { name: t, facts: { inventory: { packages: [${packages}] } }, expect: undecided }\n`;
    const text = `name: c
version: 1.0.0
description: d
routines:
  - name: r
    title: t
    description: d
    expression: inventory.packages.all(a, inventory.packages.all(b, a.name == b.name && a.purl == b.purl))
    message: '"no"'
    remedy: r
    tests:
${one.repeat(60)}`;
    const results = runRoutineTests(loadCollection(text));
    expect(results[0]).toMatchObject({ passed: true });
    expect(results.at(-1)).toMatchObject({
      passed: false,
      mistake: expect.stringContaining('it was not run'),
    });
  });
});

describe('what a parameter says of itself', () => {
  const text = (tightens: string): string => `name: c
version: 1.0.0
description: d
routines:
  - name: r
    title: t
    description: d
    parameters:
      most: { type: integer, description: d, default: 2, tightens: ${tightens} }
      words: { type: strings, description: d, default: [a], tightens: fewer }
    expression: size(image.layers) <= params.most && "a" in params.words
    message: '"no"'
    remedy: r
    tests:
      - { name: few, facts: {}, expect: pass }
      - { name: many, facts: { image: { layers: [{}, {}, {}] } }, expect: fail }
`;
  const mistakesOf = (tightens: string): Array<string | undefined> =>
    runRoutineTests(loadCollection(text(tightens))).map(({ mistake }) => mistake);

  test('is tried by its tests: a stricter value never lets pass what failed', () => {
    expect(mistakesOf('down')).toEqual([undefined, undefined]);
    expect(mistakesOf('up')).toEqual([
      undefined,
      undefined,
      'tightens: up of the parameter most is not true: with 3 it passes',
    ]);
  });
});

describe('any expression of a few words', () => {
  const word = constantFrom(
    'true',
    'false',
    '1',
    '0',
    '"a"',
    'image',
    'findings',
    'held',
    'now',
    'null',
    '[]',
    'x',
  );
  const operator = constantFrom('&&', '||', '==', '!=', '<', '+', '/', '?', ':', 'in', '.', '[');

  test('passes only as true, and throws never', () => {
    assert(
      property(record({ a: word, b: word, c: word, p: operator, q: operator }), ({ a, b, c, p, q }) => {
        const { state } = resultOf({ expression: `${a} ${p} ${b} ${q} ${c}` });
        const twice = resultOf({ expression: `(${a} ${p} ${b} ${q} ${c}) == true` });
        expect(['passed', 'failed', 'undecided']).toContain(state);
        expect([state, twice.state]).not.toEqual(['undecided', 'passed']);
      }),
      { numRuns: 2000 },
    );
  });
});
