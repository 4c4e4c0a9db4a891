import { Cron } from 'croner';
import type { Feed } from '../config/load-feeds.ts';
import type { FeedState } from '../stores/feeds.ts';

/** How long after a first failure it is tried again; doubled with each, but never longer than the interval. */
const firstRetry = 60_000;
const day = 86_400_000;

/**
 * When a feed is to be updated next: at once where it never was, at its time, and sooner where the last try failed.
 * @param state its times are RFC 3339
 */
export function nextUpdate({ schedule, everyMs }: Feed, { tried, failures }: FeedState): Date {
  if (tried === undefined) return new Date(0);
  const last = new Date(tried);
  const regular =
    schedule === undefined
      ? new Date(last.getTime() + (everyMs ?? day))
      : (new Cron(schedule, { timezone: 'UTC' }).nextRun(last) ?? new Date(last.getTime() + day));
  if (failures === 0) return regular;
  const retry = last.getTime() + firstRetry * 2 ** Math.min(failures - 1, 20);
  return new Date(Math.min(regular.getTime(), retry));
}
