import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

function parse(text: string | Uint8Array): unknown {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return parseStrictJson(bytes, (what) => {
    throw new Error(what);
  });
}

describe('strict JSON', () => {
  test('reads what JSON.parse reads, with any spacing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, spacing) => {
        const text = JSON.stringify(value, null, spacing);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('refuses a key that stands twice, wherever it stands', () => {
    const key = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(fc.jsonValue(), key, fc.jsonValue(), (before, name, after) => {
        const escaped = `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name.slice(1)).slice(1)}`;
        const twice = `{${JSON.stringify(name)}:${JSON.stringify(before)},${escaped}:${JSON.stringify(after)}}`;
        expect(() => parse(`[${JSON.stringify(before)},${twice}]`)).toThrow('stands twice');
      }),
    );
  });

  test.each(['"\\ud800"', '{"\\uDfff":1}', '["\\ud83d \\ude00"]', '{"a":"\\ude00\\ud83d"}'])(
    'refuses half of a character: %s',
    (text) => {
      expect(() => parse(text)).toThrow('half of a character');
    },
  );

  test('takes characters that are escaped as two halves, and escapes of backslashes', () => {
    expect(parse('{"\\ud83d\\ude00":"\\\\ud800"}')).toEqual({ '😀': '\\ud800' });
  });

  test('lets keys repeat in different objects, and as values', () => {
    expect(parse('{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"a\\":\\"","d":"c"}')).toBeTypeOf('object');
  });

  test.each([
    ['{"a":1', 'not valid JSON'],
    ['{"a":1}}', 'not valid JSON'],
    ["{'a':1}", 'not valid JSON'],
    ['\uFEFF{}', 'not valid JSON'],
    ['', 'not valid JSON'],
    ['['.repeat(129) + ']'.repeat(129), 'deeper'],
    ['{"a":'.repeat(200) + '1' + '}'.repeat(200), 'deeper'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'UTF-8'],
    [new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), 'UTF-8'],
  ])('refuses %j', (text, why) => {
    expect(() => parse(text)).toThrow(why);
  });

  test('refuses eight mebibytes of nesting without falling over', () => {
    const half = 4 * 1024 * 1024;
    expect(() => parse('['.repeat(half) + ']'.repeat(half))).toThrow('deeper');
    expect(() => parse('['.repeat(2 * half))).toThrow('not valid JSON');
  });
});
