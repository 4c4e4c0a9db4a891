import { factsShape, type Shape } from '@wharfinger/lib/routines/fact-shape';
import { expect, test } from 'vitest';
import { digestOfShape } from './kept-results.ts';

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
