import { describe, expect, it } from 'vitest';
import {
  coversPattern,
  matchesRepository,
  matchingEntries,
  mistakeInPattern,
  mostSpecific,
} from './repository-pattern.ts';

const table: ReadonlyArray<readonly [string, string, boolean]> = [
  ['team/app', 'team/app', true],
  ['team/app', 'team/app2', false],
  ['team/app', 'team', false],
  ['team/*', 'team/app', true],
  ['team/*', 'team', false],
  ['team/*', 'team/a/b', false],
  ['team/web-*', 'team/web-shop', true],
  ['team/web-*', 'team/web-', true],
  ['team/web-*', 'team/api', false],
  ['*-prod/*', 'shop-prod/app', true],
  ['team/a*b*c', 'team/axxbyyc', true],
  ['team/a*b*c', 'team/axxbyy', false],
  ['team/**', 'team/a', true],
  ['team/**', 'team/a/b/c', true],
  ['team/**', 'team', false],
  ['team/**', 'teams/a', false],
  ['**', 'a', true],
  ['**', 'a/b/c', true],
  ['**/app', 'app', true],
  ['**/app', 'a/b/app', true],
  ['**/app', 'a/b/app2', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a/**/z', 'a/b/c', false],
  ['*', 'a', true],
  ['*', 'a/b', false],
];

describe('matchesRepository', () => {
  it.each(table)('%s stands for %s: %s', (pattern, repository, expected) => {
    expect(matchesRepository(pattern, repository)).toBe(expected);
  });

  it('takes patterns that make backtracking matchers explode', () => {
    const components = `${'**/'.repeat(60)}x`;
    expect(matchesRepository(components, `${'a/'.repeat(60)}y`)).toBe(false);
    expect(matchesRepository(`${'*a'.repeat(100)}b`, 'a'.repeat(250))).toBe(false);
  });
});

describe('mostSpecific', () => {
  const entries = ['**', 'team/**', 'team/*', 'team/app', 'team/a*', '**/app'].map((pattern) => ({
    pattern,
  }));

  it('takes the longest literal prefix, whatever the order', () => {
    expect(mostSpecific(entries, 'team/app')?.pattern).toBe('team/app');
    expect(mostSpecific(entries.toReversed(), 'team/app')?.pattern).toBe('team/app');
    expect(mostSpecific(entries, 'team/api')?.pattern).toBe('team/a*');
    expect(mostSpecific(entries, 'other/x')?.pattern).toBe('**');
    expect(mostSpecific(entries, 'other/app')?.pattern).toBe('**/app');
    expect(mostSpecific(entries.slice(1, 3), 'other/x')).toBeUndefined();
  });

  it('takes an exact name before a pattern with the same prefix, then the first', () => {
    const close = ['team/app*', 'team/app'].map((pattern) => ({ pattern }));
    expect(mostSpecific(close, 'team/app')?.pattern).toBe('team/app');
    const same = [
      { pattern: 'team/*', at: 1 },
      { pattern: 'team/*', at: 2 },
    ];
    expect(mostSpecific(same, 'team/app')?.at).toBe(1);
  });

  it('lists all that match, the most specific first', () => {
    expect(matchingEntries(entries, 'team/app').map((entry) => entry.pattern)).toEqual([
      'team/app',
      'team/a*',
      'team/**',
      'team/*',
      '**/app',
      '**',
    ]);
  });
});

describe('mistakeInPattern', () => {
  it.each(['team/app', 'team/*', '**', 'a/**/b', 'web-*'])('accepts %s', (pattern) => {
    expect(mistakeInPattern(pattern)).toBeUndefined();
  });

  it.each(['', '/a', 'a//b', 'a/', 'a**', 'Team/app', 'a b', 'a/***', 'x'.repeat(256)])(
    'refuses %j',
    (pattern) => {
      expect(mistakeInPattern(pattern)).toBeTypeOf('string');
    },
  );
});

describe('covering another pattern', () => {
  it.each([
    ['**', '**', true],
    ['**', 'a/*', true],
    ['team/**', 'team/**', true],
    ['team/**', 'team/app', true],
    ['team/**', 'team/web-*', true],
    ['team/**', 'team/a/**', true],
    ['team/**', 'team/**/app', true],
    ['team/**', 'team', false],
    ['team/**', 'teams/**', false],
    ['team/**', '**', false],
    ['team/**', '*/app', false],
    ['team/*', 'team/app', true],
    ['team/*', 'team/**', false],
    ['team/app', 'team/app', true],
    ['team/app', 'team/a*', false],
    ['*/**', 'team/*', false],
  ])('%s covers %s: %s', (outer, inner, expected) => {
    expect(coversPattern(outer, inner)).toBe(expected);
  });
});
