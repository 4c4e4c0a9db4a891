import { expect, test } from 'vitest';
import { createPlainCheck } from './plain-check.ts';

test('a text with half of a character is a mistake: there is no canonical form of it', () => {
  const check = createPlainCheck();
  expect(check.text('\u{1f600}', ['a'], 10)).toBe('\u{1f600}');
  expect(check.text('a\ud83d', ['b'], 10)).toBe('');
  expect(check.mistakes).toEqual([{ path: ['b'], what: expect.stringContaining('half of a character') }]);
});
