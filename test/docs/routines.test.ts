import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCollection } from '@wharfinger/lib/routines/collection';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { runRoutineTests } from '@wharfinger/lib/routines/test-collection';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/routines.md'), 'utf8');

it('the routine of the guide passes its tests', () => {
  const [, example] = /```yaml\n(.*?)```/s.exec(guide)!;
  const results = runRoutineTests(loadCollection(example!));
  expect(results.length).toBeGreaterThan(2);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
});

it('the README says how many routines the standard collection has', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  expect(readme).toContain(`routines: ${loadStandardCollection().routines.length} of its own`);
});

it('the guide lists the routines of the standard collection', () => {
  const [beginning] = guide.split('\n## ');
  const listed = [...beginning!.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(listed.length).toBeGreaterThan(5);
  expect(new Set(listed)).toEqual(new Set(loadStandardCollection().routines.map(({ name }) => name)));
});
