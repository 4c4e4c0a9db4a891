import { describe, expect, test } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import { probesFor } from '../probes/bound-probe.ts';
import { factsOfProbes } from './facts-of-probes.ts';
import { readProbe } from './predicates/probe.ts';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const bound = { pattern: '**', name: 'lint', repository: 'probes/lint', digest: digestOf('a') };
const clean = {
  name: 'lint',
  version: '1',
  probe: digestOf('a'),
  mediaType: 'application/json',
  schema: digestOf('f'),
  at: '2026-01-02T00:00:00Z',
  complete: true,
  result: { findings: [] },
};
const stated = (predicate: object, evidence = 'sha256:1') => ({
  ...readProbe({ ...clean, ...predicate }),
  by: 'registry',
  evidence,
});

describe('of what probes found', () => {
  test('that counts which the very probe found that is bound', () => {
    const facts = factsOfProbes([stated({})], [bound]);
    expect(facts).toEqual({
      lint: {
        digest: digestOf('a'),
        version: '1',
        by: 'registry',
        at: clean.at,
        complete: true,
        result: { findings: [] },
      },
    });
    expect(factsOfProbes([stated({ probe: digestOf('b') })], [bound])).toBeUndefined();
    expect(factsOfProbes([stated({ name: 'other' })], [bound])).toBeUndefined();
    expect(factsOfProbes([stated({})], [])).toBeUndefined();
  });

  test('the last counts, and of one time the one without a result', () => {
    const failed = { complete: false, problem: 'late', result: undefined };
    const later = stated({ ...failed, at: '2026-01-03T00:00:00Z' });
    expect(factsOfProbes([stated({}), later], [bound])?.['lint']?.complete).toBe(false);
    const same = stated(failed, 'sha256:2');
    for (const order of [
      [stated({}), same],
      [same, stated({})],
    ])
      expect(factsOfProbes(order, [bound])?.['lint']?.complete).toBe(false);
  });
});

test.each<readonly [string, object, string]>([
  ['has a result without being complete', { complete: false, problem: 'late' }, 'has a result'],
  ['is not complete for no reason', { complete: false, result: undefined }, 'problem'],
  ['is complete without a result', { result: undefined }, 'result'],
  ['has no findings', { result: {} }, 'no list of findings'],
  ['has findings that are no list', { result: { findings: { length: 0 } } }, 'no list of findings'],
  ['holds null', { result: { findings: [], more: null } }, 'null'],
  ['holds a fraction', { result: { findings: [], more: 0.5 } }, 'not whole'],
  ['names no digest', { probe: 'latest' }, 'no digest'],
  ['was made at no time', { at: 'yesterday' }, 'no time'],
  ['says yes', { complete: 'yes' }, 'neither true nor false'],
])('a statement that %s is refused', (_, change, why) => {
  expect(() => readProbe({ ...clean, ...change })).toThrow(why);
});

test('a statement with deep nesting is refused', () => {
  let deep: object = {};
  for (let level = 0; level < 60; level += 1) deep = { deep };
  expect(() => readProbe({ ...clean, result: { findings: [], deep } })).toThrow('nested deeper');
});

test('of two probes of one name the one of the more specific pattern is bound', () => {
  const special = { ...bound, pattern: 'team/app', digest: digestOf('b') };
  expect(probesFor([bound, special], 'team/app')).toEqual([special]);
  expect(probesFor([bound, special], 'team/other')).toEqual([bound]);
  expect(probesFor([special], 'team/other')).toEqual([]);
});
