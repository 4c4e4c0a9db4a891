import { factsShape, type Shape } from '@wharfinger/lib/routines/fact-shape';
import { expect, test } from 'vitest';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { readFileSync } from 'node:fs';
import { digestOfShape, parseResults, serialiseResults } from './kept-results.ts';

/** The same shape with another one in one place; all such places in turn. */
function* changed(of: Shape): Generator<Shape> {
  if (of.kind === 'list' || of.kind === 'by-name') {
    for (const inner of changed(of.of)) yield { ...of, of: inner };
  } else if (of.kind === 'record') {
    yield { ...of, fields: new Map([...of.fields, ['one more', { kind: 'text' }]]) };
    for (const [name, field] of of.fields) {
      for (const inner of changed(field)) yield { ...of, fields: new Map([...of.fields, [name, inner]]) };
    }
  } else {
    yield { kind: of.kind === 'text' ? 'integer' : 'text' };
  }
}

test('results are told to be of other facts wherever in their shape something changes', () => {
  const shapes = [...changed(factsShape)];
  const digests = new Set([factsShape, ...shapes].map(digestOfShape));
  expect(shapes.length).toBeGreaterThan(200);
  expect(digests.size).toBe(shapes.length + 1);
});

test('results that another version of the program made count for nothing', () => {
  const verdict = { at: '2026-01-01T00:00:00Z', reasons: [] } as unknown as Verdict;
  const text = serialiseResults(verdict, new Map([['key', { result: { state: 'passed' }, binding: 'b' }]]));
  expect(parseResults(verdict, text)?.get('key')?.result).toEqual({ state: 'passed' });
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as Record<string, string>;
  expect(text).toContain(`"${version} `);
  expect(parseResults(verdict, text.replace(`"${version} `, '"0.0.0-older '))).toBeUndefined();
});
