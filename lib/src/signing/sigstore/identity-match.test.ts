import { expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { textMatcher } from './identity-match.ts';

test('an exact text matches itself and nothing that looks like it', () => {
  const matches = textMatcher({ exact: 'https://good.example' });
  expect(matches('https://good.example')).toBe(true);
  for (const other of [
    'https://good.example.evil.example',
    'https://good.example/',
    ' https://good.example',
    'https://GOOD.example',
    'https://good.example\n',
    '',
  ]) {
    expect(matches(other)).toBe(false);
  }
});

test('a pattern must match all of the text, whatever its anchors', () => {
  for (const pattern of ['https://good\\.example', '^https://good\\.example', 'https://good\\.example$']) {
    const matches = textMatcher({ pattern });
    expect(matches('https://good.example')).toBe(true);
    expect(matches('https://good.example.evil.example')).toBe(false);
    expect(matches('https://evil.example/https://good.example')).toBe(false);
    expect(matches('https://good.example\nhttps://evil.example')).toBe(false);
  }
});

test('no branch of a pattern escapes its anchors, no flag lets a line stand for the text', () => {
  const branches = textMatcher({ pattern: 'https://a\\.example|https://b\\.example' });
  expect(branches('https://b.example')).toBe(true);
  expect(branches('https://a.example.evil.example')).toBe(false);
  const lines = textMatcher({ pattern: '(?m)^https://good\\.example$' });
  expect(lines('https://evil.example\nhttps://good.example')).toBe(false);
});

test('a pattern that takes other engines ages is answered', () => {
  expect(textMatcher({ pattern: '^(a+)+$' })(`${'a'.repeat(2000)}!`)).toBe(false);
});

test.each(['(a)\\1', '(?=a)b', '(?<!a)b', '(', 'a{5000}', '', 'a'.repeat(1025)])(
  'what RE2 has not is refused: %s',
  (pattern) => {
    expect(() => textMatcher({ pattern })).toThrow(
      expect.toSatisfy((error: unknown) => isWharfingerError(error, 'INPUT_INVALID')),
    );
  },
);

test('an empty text is no identity', () => {
  expect(() => textMatcher({ exact: '' })).toThrow(/is empty/);
});
