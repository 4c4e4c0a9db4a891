/** A day of the calendar, without zone or time. */
export interface CalendarDay {
  readonly year: number;
  /** from 1 */
  readonly month: number;
  readonly day: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** True if the runtime knows this IANA time zone. */
export function isZone(zone: string): boolean {
  // offsets such as +02:00 are no zones: they know no daylight-saving time
  if (!/^[A-Za-z]/.test(zone) || zone.length > 64) return false;
  try {
    formatterOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // the zones that exist bound it
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** What the clocks of a zone show at a time, as the milliseconds since 1970 that UTC shows the same at. */
export function wallClock(zone: string, ms: number): number {
  if (zone === 'UTC') return ms;
  const shown: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(ms)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const milliseconds = ((ms % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
}

/** No clock is further from UTC than this, and no two changes of one are nearer to each other. */
const dayAndHalf = 36 * 3_600_000;

/**
 * When the clocks of a zone show a time of a day. Where they show it twice (the end of daylight-saving time), the first or the last
 * of both; where they never do (its beginning), the moment at which they jump over it.
 *
 * @param shown what they show, as the milliseconds since 1970 that UTC shows the same at
 */
export function timeOfWallClock(zone: string, shown: number, which: 'first' | 'last'): number {
  const times = [shown - dayAndHalf, shown + dayAndHalf]
    .map((near) => shown - (wallClock(zone, near) - near))
    .sort((a, b) => a - b);
  const shows = times.filter((time) => wallClock(zone, time) === shown);
  const found = which === 'first' ? shows[0] : shows.at(-1);
  if (found !== undefined) return found;
  let [before = shown, after = shown] = times;
  // the jump lies between both: the first moment at which the clock shows more than what was asked for
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(zone, middle) > shown) after = middle;
    else before = middle;
  }
  return after;
}
