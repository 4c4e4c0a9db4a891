import { expect, test } from 'vitest';
import { growingCache } from './growing-cache.ts';

test('what was used last is remembered, and no more than was asked for', () => {
  const cache = growingCache<string, number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index);
  cache.get('a');
  cache.set('d', 3);
  expect([...cache.keys()].toSorted()).toEqual(['a', 'c', 'd']);
  cache.set('a', 7);
  cache.delete('d');
  cache.set('e', 4);
  expect(Object.fromEntries(cache.entries())).toEqual({ a: 7, c: 2, e: 4 });
});

test('a large one that is empty takes no room', () => {
  const before = process.memoryUsage().arrayBuffers;
  const caches = Array.from({ length: 20 }, () => growingCache<string, number>(1_000_000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  expect(caches).toHaveLength(20);
});
