import { expect, test } from 'vitest';
import { feedOf } from './feeds.fixtures.ts';
import { nextUpdate } from './schedule.ts';

const feed = feedOf({ at: 'path', path: 'x' });
const { everyMs: _, ...without } = feed;
const state = { tried: '2026-01-01T10:00:00.000Z', failures: 0, ages: [] };
const next = (of: Parameters<typeof nextUpdate>[0], after: Parameters<typeof nextUpdate>[1]): string =>
  nextUpdate(of, after).toISOString();

test('a feed that was never tried is due at once, else after its interval or at its time', () => {
  expect(nextUpdate(feed, { failures: 0, ages: [] }).getTime()).toBe(0);
  expect(next(feed, state)).toBe('2026-01-01T11:00:00.000Z');
  expect(next({ ...without, schedule: '30 3 * * *' }, state)).toBe('2026-01-02T03:30:00.000Z');
});

test('what failed is tried again soon, then later, and never later than it would be anyway', () => {
  const after = (failures: number) => next(feed, { ...state, failures });
  expect([1, 2, 3, 6, 7, 100].map(after)).toEqual([
    '2026-01-01T10:01:00.000Z',
    '2026-01-01T10:02:00.000Z',
    '2026-01-01T10:04:00.000Z',
    '2026-01-01T10:32:00.000Z',
    '2026-01-01T11:00:00.000Z',
    '2026-01-01T11:00:00.000Z',
  ]);
});
