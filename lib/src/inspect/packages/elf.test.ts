import { expect, test } from 'vitest';
import { readWord } from './elf.ts';

test.each([0n, 1n, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0001n, 2n ** 53n - 1n])(
  'a word of eight bytes is read in either order: %d',
  (value) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE(value, 0);
    bytes.writeBigUInt64BE(value, 8);
    expect(readWord(bytes, 0, true, false)).toBe(Number(value));
    expect(readWord(bytes, 8, true, true)).toBe(Number(value));
  },
);

test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])(
  'a word that no number holds exactly is none: %d',
  (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    expect(readWord(bytes, 0, true, false)).toBeUndefined();
    bytes.writeBigUInt64BE(value);
    expect(readWord(bytes, 0, true, true)).toBeUndefined();
  },
);

test('a word that goes past the end is none', () => {
  const bytes = Buffer.alloc(8, 1);
  expect(readWord(bytes, 1, true, false)).toBeUndefined();
  expect(readWord(bytes, 5, false, true)).toBeUndefined();
  expect(readWord(bytes, -1, false, false)).toBeUndefined();
  expect(readWord(bytes, 4, false, true)).toBe(0x0101_0101);
});
