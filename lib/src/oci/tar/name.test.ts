import { expect, test } from 'vitest';
import { decodeName, encodeName } from './name.ts';

test('a name is text where it is UTF-8, and each byte that is part of none stands for itself', () => {
  expect(decodeName(Buffer.from('a/é/😀/\ufeff', 'utf8'))).toBe('a/é/😀/\ufeff');
  expect(decodeName(Buffer.from('61e9', 'hex'))).toBe('a\udce9');
  expect(decodeName(Buffer.from('e92fc3a9', 'hex'))).toBe('\udce9/é');
});

test('a name is the same alone and as part of a path, whatever stands beside it', () => {
  const parts = ['61', 'c3a9', 'e9', 'c3', 'a9', 'f09f9880', 'ff'].map((hex) => Buffer.from(hex, 'hex'));
  for (const one of parts)
    for (const other of parts)
      expect(decodeName(Buffer.concat([one, Buffer.from('/'), other]))).toBe(
        `${decodeName(one)}/${decodeName(other)}`,
      );
});

test('every name keeps its bytes: too long forms, surrogates and numbers beyond Unicode are none of UTF-8', () => {
  const bytes = [
    'c080',
    'e08080',
    'eda080',
    'edb280',
    'f0808080',
    'f4908080',
    'f8888080',
    'c3',
    'e282',
    'f09f98',
  ];
  for (const hex of bytes) {
    const name = decodeName(Buffer.from(hex, 'hex'));
    expect(name).toHaveLength(hex.length / 2);
    expect(encodeName(name).toString('hex')).toBe(hex);
  }
  for (let first = 0; first < 0x10000; first += 1) {
    const pair = Buffer.of(first >> 8, first & 0xff, 0xe9);
    expect(encodeName(decodeName(pair)).equals(pair)).toBe(true);
  }
});
