import { assert, property, string } from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatName, parseNameText } from './distinguished-name.ts';

function parse(text: string): Record<string, string> {
  return Object.fromEntries(
    parseNameText(text, (what) => {
      throw new Error(what);
    }),
  );
}

describe('a name as people write it', () => {
  test.each<[string, Record<string, string>]>([
    ['CN=a', { CN: 'a' }],
    [' CN = a , O = b c ', { CN: 'a', O: 'b c' }],
    ['cn=a,s=b,E=c@d', { CN: 'a', ST: 'b', EMAILADDRESS: 'c@d' }],
    [String.raw`O=a\, b,CN=c`, { O: 'a, b', CN: 'c' }],
    [String.raw`O=a\2cb\5c`, { O: 'a,b\\' }],
    [String.raw`O=\ a\ `, { O: ' a ' }],
    [String.raw`O=\#a\+b\=c\"d\"`, { O: '#a+b=c"d"' }],
    ['O=a=b', { O: 'a=b' }],
    [String.raw`O=caf\c3\a9`, { O: 'café' }],
    ['O=😀', { O: '😀' }],
  ])('is read: %s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each<[string, RegExp]>([
    ['', /not of the form/],
    ['CN', /not of the form/],
    ['CN=a,', /not of the form/],
    ['CN=', /is empty/],
    ['X=a', /no attribute of names/],
    ['2.5.4.3=a', /no attribute of names/],
    ['CN=a,cn=b', /stands twice/],
    ['ST=a,S=b', /stands twice/],
    ['CN=a+O=b', /several attributes/],
    ['CN=#0401', /hexadecimal/],
    ['CN=a;O=b', /";" must be escaped/],
    ['CN="a"', /must be escaped/],
    [String.raw`CN=a\x`, /cannot be escaped/],
    ['CN=a\\', /cannot be escaped/],
    [String.raw`CN=\c3`, /not valid UTF-8/],
  ])('is refused: %s', (text, reason) => {
    expect(() => parse(text)).toThrow(reason);
  });

  it('says what a name says that is written out', () => {
    const holds = property(string({ minLength: 1, unit: 'binary' }), (value) => {
      const text = formatName([[{ type: 'O', value: 'Acme' }], [{ type: 'CN', value }]]);
      expect(parse(text)).toEqual({ O: 'Acme', CN: value });
    });
    expect(() => assert(holds, { numRuns: 1000 })).not.toThrow();
  });
});
