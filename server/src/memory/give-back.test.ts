import { expect, test } from 'vitest';
import { giveBackMemory } from './give-back.ts';

test('what nobody holds any more is given back', () => {
  let garbage: number[][] = Array.from({ length: 200 }, () => Array.from({ length: 20_000 }, Math.random));
  const full = process.memoryUsage().heapUsed;
  expect(garbage).toHaveLength(200);
  garbage = [];
  giveBackMemory();
  expect(full - process.memoryUsage().heapUsed).toBeGreaterThan(20_000_000);
  expect('gc' in globalThis).toBe(false);
});
