import { WharfingerError } from '../errors.ts';
import { weekdays, type WeeklyHours, type Window } from './records.ts';
import { parseTime } from './time.ts';
import { timeOfWallClock, wallClock } from './wall-clock.ts';

/** Whether something is in force, and when that changes by itself. */
export interface WindowState {
  readonly open: boolean;
  /** absent: never */
  readonly changesAt?: Date;
}

/** From a time up to, and not including, another. Milliseconds since 1970. */
interface Span {
  readonly from: number;
  readonly until: number;
}

/**
 * Whether a window is open, and exactly when it opens or closes next. Weekly hours follow the clocks of their zone: hours that daylight-saving
 * time shows twice are in force both times and between, those that it leaves out are in force at no time.
 *
 * @param window one that `readWindow` accepted, and that is not changed afterwards; absent: always open
 * @throws WharfingerError BINDING_INVALID for times that are none
 */
export function windowState(window: Window | undefined, now: Date): WindowState {
  if (window === undefined) return { open: true };
  const last = known.get(window);
  if (last !== undefined && last.since <= now && !(last.state.changesAt && last.state.changesAt <= now))
    return last.state;
  const state = computeState(window, now);
  known.set(window, { since: now, state });
  return state;
}

/** Between two changes the state is the same, and clocks of a zone are slow to ask. */
const known = new WeakMap<Window, { readonly since: Date; readonly state: WindowState }>();

function computeState(window: Window, now: Date): WindowState {
  const at = now.getTime();
  const dates = spanOf(window);
  const pauses = (window.pauses ?? []).map(spanOf).sort((a, b) => a.from - b.from);
  const inPause = (time: number): Span | undefined => pauses.find((pause) => contains(pause, time));
  const week = (time: number): Span | undefined => weeklySpan(window, time);
  const hours = week(at);
  const open = contains(dates, at) && inPause(at) === undefined && hours !== undefined && hours.from <= at;
  if (open) {
    const nextPause = pauses.find((pause) => pause.from > at)?.from ?? Infinity;
    return stateOf(true, Math.min(dates.until, nextPause, hours.until));
  }
  // each round passes a pause or comes to the next hours, which only another pause can cover
  let time = Math.max(at, dates.from);
  for (let left = 2 * pauses.length + 3; left > 0 && time < dates.until; left -= 1) {
    const pause = inPause(time);
    const next = pause ? pause.until : Math.max(time, week(time)?.from ?? Infinity);
    if (pause === undefined && next === time) return stateOf(false, time);
    time = next;
  }
  return stateOf(false, Infinity);
}

/** Times beyond what dates can say are never. */
function stateOf(open: boolean, changesAt: number): WindowState {
  return Number.isFinite(changesAt) ? { open, changesAt: new Date(changesAt) } : { open };
}

function spanOf({ from, until }: { readonly from?: string; readonly until?: string }): Span {
  return {
    from: from === undefined ? -Infinity : timeIn(from),
    until: until === undefined ? Infinity : timeIn(until),
  };
}

function timeIn(text: string): number {
  const time = parseTime(text);
  if (time === undefined) throw new WharfingerError('BINDING_INVALID', { what: `${text} is not a time` });
  return time;
}

function contains({ from, until }: Span, time: number): boolean {
  return from <= time && time < until;
}

const day = 86_400_000;
/** Longer than weekly hours can be left out in a row by clocks that change. */
const horizon = 60;

/** The weekly hours that hold at a time, or the next to come; touching ones are one. Undefined: there will be none. */
function weeklySpan({ weekly, zone = 'UTC' }: Window, time: number): Span | undefined {
  if (weekly === undefined || coversTheWeek(weekly)) return { from: -Infinity, until: Infinity };
  const today = Math.floor(wallClock(zone, time) / day) * day;
  let found: Span | undefined;
  // hours over midnight belong to the day on which they begin
  for (let ahead = -2; ahead < horizon; ahead += 1) {
    for (const span of hoursOfDay(weekly, zone, today + ahead * day)) {
      if (span.until <= time) continue;
      if (found === undefined) found = span;
      else if (span.from > found.until) return found;
      else found = { from: found.from, until: Math.max(found.until, span.until) };
    }
  }
  return found;
}

/** The hours that begin on a day of the zone's calendar, in their order. */
function hoursOfDay(weekly: readonly WeeklyHours[], zone: string, midnight: number): Span[] {
  const weekday = weekdays[(new Date(midnight).getUTCDay() + 6) % 7]!;
  return weekly
    .filter(({ days }) => days.includes(weekday))
    .map(({ from, until }) => ({
      from: timeOfWallClock(zone, midnight + minutesOf(from) * 60_000, 'first'),
      until: timeOfWallClock(zone, midnight + endOf(from, until) * 60_000, 'last'),
    }))
    .filter((span) => span.from < span.until)
    .sort((a, b) => a.from - b.from || a.until - b.until);
}

/** Minutes of the day of HH:MM. */
function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

/** Minutes from the midnight before `from` to the end. */
function endOf(from: string, until: string): number {
  return minutesOf(until) + (minutesOf(until) > minutesOf(from) ? 0 : 1440);
}

/** True if there is no minute of a week that the hours leave out, whatever the clocks do. */
function coversTheWeek(weekly: readonly WeeklyHours[]): boolean {
  const spans = weekly
    .flatMap(({ days, from, until }) =>
      days.flatMap((name) => {
        const start = weekdays.indexOf(name) * 1440;
        const span = { from: start + minutesOf(from), until: start + endOf(from, until) };
        // what reaches over the end of the week covers its beginning
        return [span, { from: span.from - 7 * 1440, until: span.until - 7 * 1440 }];
      }),
    )
    .sort((a, b) => a.from - b.from);
  let covered = 0;
  for (const span of spans) if (span.from <= covered) covered = Math.max(covered, span.until);
  return covered >= 7 * 1440;
}
