import { describe, expect, test } from 'vitest';
import { createPlainCheck, formatPath } from '../routines/plain-check.ts';
import { mistakeInResult, readResultSchema, type ResultSchema } from './result-schema.ts';

function mistakesIn(schema: unknown): string[] {
  const check = createPlainCheck();
  readResultSchema(schema, [], check);
  return check.mistakes.map(({ path, what }) => `${formatPath(path)} ${what}`.trim());
}

function read(schema: unknown): ResultSchema {
  const check = createPlainCheck();
  const result = readResultSchema(schema, [], check);
  expect(check.mistakes).toEqual([]);
  return result;
}

const finding = {
  type: 'object',
  required: ['rule'],
  properties: {
    rule: { type: 'string', maxLength: 10 },
    line: { type: 'integer', minimum: 1, maximum: 9 },
    kind: { type: 'string', enum: ['a', 'b'] },
    sure: { type: 'boolean' },
  },
};
const schema = read({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'what is found',
  type: 'object',
  required: ['findings'],
  properties: { findings: { type: 'array', maxItems: 2, items: finding } },
  additionalProperties: { type: 'integer' },
});

describe('a schema', () => {
  test.each([
    [{}, 'type is missing'],
    [{ type: 'null' }, 'type must be one of'],
    [{ type: ['string'] }, 'type must be one of'],
    [{ type: 'number' }, 'type must be one of'],
    [{ type: 'string', pattern: '(a+)+$' }, 'pattern is not known'],
    [{ type: 'object', $ref: 'https://example.com/x' }, '$ref is not known'],
    [{ type: 'object', properties: { a: { $ref: '#' } } }, 'properties.a.type is missing'],
    [{ type: 'object', patternProperties: {} }, 'patternProperties is not known'],
    [{ type: 'object', allOf: [] }, 'allOf is not known'],
    [{ type: 'object', additionalProperties: true }, 'additionalProperties must be a mapping'],
    [{ type: 'object', required: ['a'] }, 'names no property: a'],
    [
      { type: 'object', properties: JSON.parse('{"__proto__":{"type":"boolean"}}') },
      'must not be called __proto__',
    ],
    [{ type: 'array' }, 'items is missing'],
    [{ type: 'array', items: { type: 'boolean' }, maxItems: 1e9 }, 'maxItems must be a whole number'],
    [{ type: 'string', maxLength: 1e9 }, 'maxLength must be a whole number'],
    [{ type: 'boolean', enum: [true] }, 'enum is not known'],
  ])('%j is refused', (bad, why) => {
    expect(mistakesIn(bad).join('\n')).toContain(why);
  });

  test('is not nested deeper than it may', () => {
    let nested: object = { type: 'boolean' };
    for (let depth = 0; depth < 100; depth += 1) nested = { type: 'array', items: nested };
    expect(mistakesIn(nested).join('\n')).toContain('nested deeper');
  });
});

describe('a result', () => {
  test('fits', () => {
    const value = { findings: [{ rule: 'x', line: 3, kind: 'a', sure: true }], files: 7 };
    expect(mistakeInResult(value, schema)).toBeUndefined();
    expect(mistakeInResult({ findings: [] }, schema)).toBeUndefined();
  });

  test.each([
    [null, 'the result is not an object'],
    [[], 'the result is not an object'],
    [{}, 'has no findings'],
    [{ findings: {} }, 'the result.findings is not a list'],
    [{ findings: [1] }, 'the result.findings[0] is not an object'],
    [{ findings: [{}] }, 'the result.findings[0] has no rule'],
    [{ findings: [{ rule: 1 }] }, 'the result.findings[0].rule is not a text'],
    [{ findings: [{ rule: 'x'.repeat(11) }] }, 'is longer than 10 characters'],
    [{ findings: [{ rule: 'x', line: 10 }] }, 'lies outside of 1 to 9'],
    [{ findings: [{ rule: 'x', line: 1.5 }] }, 'is not a whole number'],
    [{ findings: [{ rule: 'x', line: 2 ** 60 }] }, 'is not a whole number'],
    [{ findings: [{ rule: 'x', kind: 'c' }] }, 'is none of a, b'],
    [{ findings: [{ rule: 'x', sure: 'yes' }] }, 'is neither true nor false'],
    [{ findings: [{ rule: 'x', more: 1 }] }, 'has "more", which is not declared'],
    [{ findings: [{ rule: 'x' }, { rule: 'x' }, { rule: 'x' }] }, 'has 3 elements, more than 2'],
    [{ findings: [], files: 'many' }, 'the result.files is not a whole number'],
    [JSON.parse('{"findings":[],"__proto__":1}'), 'must not be called __proto__'],
  ])('%j does not', (value, why) => {
    expect(mistakeInResult(value, schema)).toContain(why);
  });
});
