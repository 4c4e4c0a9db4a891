import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare as comparePep440, valid } from '@renovatebot/pep440';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareMaven } from './maven.ts';
import { comparePython, pythonBound } from './python.ts';

const folder = process.env['WHARFINGER_TEST_DATA'];
const relation = (difference: number): string => (difference < 0 ? '<' : difference > 0 ? '>' : '=');
const reversed: Readonly<Record<string, string>> = { '<': '>', '>': '<', '=': '=' };

describe.skipIf(folder === undefined)('facts of WHARFINGER_TEST_DATA/versions', () => {
  it.each([
    ['pypi-versions.txt', comparePython, 37],
    ['pypi-versions-generated.txt', comparePython, 12_375],
    ['maven-versions.txt', compareMaven, 102],
  ] as const)('every line of %s holds', (file, compare, count) => {
    const facts = readFileSync(join(folder!, 'versions', file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^(?:#|\/\/)/.test(line));
    expect(facts).toHaveLength(count);
    const wrong = facts.filter((fact) => {
      const [a = '', expected = '', b = ''] = fact.split(' ');
      return relation(compare(a, b)) !== expected || relation(compare(b, a)) !== reversed[expected];
    });
    expect(wrong).toEqual([]);
  });
});

const number = fc.constantFrom('0', '1', '2', '10', '01', '20240101000000000001', '20240101000000000002');
const numbers = fc.array(number, { minLength: 1, maxLength: 3 }).map((all) => all.join('.'));

const pythonVersion = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', '1!', 'v'),
      numbers,
      fc.constantFrom('', 'a', 'b1', '-rc.2', '_alpha2', '.preview', 'c1'),
      fc.constantFrom('', '-1', '.post', 'r2', '.rev3'),
      fc.constantFrom('', '.dev', 'dev1', '-dev2'),
      fc.constantFrom('', '+a', '+1', '+a.1', '+1.a', '+a.b'),
    )
    .map((parts) => parts.join('')),
  fc
    .array(fc.constantFrom('1', '0', '00', '2', '.', '-', 'pre', 'dev', 'final', 'x', '*', 'rc', '_'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join('')),
);

const mavenVersion = fc
  .array(
    fc.constantFrom('0', '1', '2', '01', '.', '-', 'a', 'alpha', 'rc', 'ga', 'final', 'sp', 'x', 'snapshot'),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(''));

describe.each([
  ['PyPI', pythonVersion, comparePython],
  ['Maven', mavenVersion, compareMaven],
])('the order of %s is total', (_name, versions, compare) => {
  it('is reflexive and antisymmetric', () => {
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        expect(compare(a, a)).toBe(0);
        expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        const [x = '', y = '', z = ''] = [a, b, c].sort(compare);
        const expected = compare(x, y) === 0 ? Math.sign(compare(y, z)) : -1;
        expect(Math.sign(compare(x, z))).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('versions of PyPI', () => {
  it('are ordered as another reader of PEP 440 does', () => {
    let compared = 0;
    fc.assert(
      fc.property(pythonVersion, pythonVersion, (a, b) => {
        // It reads numbers as long as this one inexactly.
        if (valid(a) === null || valid(b) === null || /[0-9]{16}/.test(a + b)) return;
        compared += 1;
        expect(Math.sign(comparePython(a, b))).toBe(Math.sign(comparePep440(a, b)));
      }),
      { numRuns: 5000 },
    );
    expect(compared).toBeGreaterThan(300);
  });

  it.each([
    ['1.0.20240101000000000001', '<', '1.0.20240101000000000002'],
    ['1.0', '=', '1.0.0'],
    ['1.0.post1.dev1', '<', '1.0.post1'],
    ['1.0a1.post1', '>', '1.0a1'],
    ['v1.0-ALPHA', '=', '1.0a0'],
    ['nonsense', '<', '0'],
  ])('%s %s %s', (a, expected, b) => {
    expect(relation(comparePython(a, b))).toBe(expected);
  });
});

describe('bounds that PEP 440 does not allow', () => {
  it.each([
    ['2.6.0-NA', '2.5.0', '2.6.0'],
    ['2.6.0-cu124', '2.5.0', '2.6.0'],
    ['7.2.0-12.1', '18.1.1', '7.2.0-12'],
    ['4.6.0.stable11', '4.5.0', '4.6.0'],
    ['0.2.0-alpha\\.33', '0.1', '0.2.0-alpha'],
    // older versions have an order among themselves
    ['4.6.0.stable11', '4.6.0.stable10', '4.6.0.stable11'],
    ['2.6.0rc1', '2.5.0', '2.6.0rc1'],
  ])('%s stands, against %s, for %s', (bound, version, expected) => {
    expect(pythonBound(bound, version)).toBe(expected);
  });

  it('stand for nothing where no beginning is a version', () => {
    expect(() => pythonBound('unknown', '2.5.0')).toThrow(/"unknown" is not a version of Python/);
    expect(pythonBound('unknown', 'older-than-rules')).toBe('unknown');
  });
});
