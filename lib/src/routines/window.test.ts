import { array, assert, constantFrom, integer, option, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weekdays, type Window } from './records.ts';
import { wallClock } from './wall-clock.ts';
import { windowState } from './window.ts';

const state = (window: Window, now: string): string => {
  const { open, changesAt } = windowState(window, new Date(now));
  return `${open ? 'open' : 'closed'}${changesAt ? ` until ${changesAt.toISOString().replace('.000Z', 'Z')}` : ''}`;
};
const working = [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', until: '18:00' }] as const;
const night = [{ days: ['sat'], from: '22:00', until: '06:00' }] as const;

describe('windowState', () => {
  it('is open for ever where there is no window', () => {
    expect(windowState(undefined, new Date('2026-01-01T00:00:00Z'))).toEqual({ open: true });
    expect(state({}, '2026-01-01T00:00:00Z')).toBe('open');
  });

  it.each([
    ['2026-01-31T23:59:59Z', 'closed until 2026-02-01T00:00:00Z'],
    ['2026-02-01T00:00:00Z', 'open until 2026-03-01T00:00:00Z'],
    ['2026-02-28T23:59:59Z', 'open until 2026-03-01T00:00:00Z'],
    ['2026-03-01T00:00:00Z', 'closed'],
  ])('follows dates: %s', (now, expected) => {
    expect(state({ from: '2026-02-01T00:00:00Z', until: '2026-03-01T01:00:00+01:00' }, now)).toBe(expected);
  });

  it.each([
    ['2026-01-05T06:59:59Z', 'closed until 2026-01-05T07:00:00Z'],
    ['2026-01-05T07:00:00Z', 'open until 2026-01-05T17:00:00Z'],
    ['2026-01-09T17:00:00Z', 'closed until 2026-01-12T07:00:00Z'],
    ['2026-03-27T17:00:00Z', 'closed until 2026-03-30T06:00:00Z'],
    ['2026-07-01T16:00:00Z', 'closed until 2026-07-02T06:00:00Z'],
  ])('follows the hours of a week in a zone with daylight-saving time: %s', (now, expected) => {
    expect(state({ weekly: working, zone: 'Europe/Berlin' }, now)).toBe(expected);
  });

  it.each([
    ['2026-01-03T21:59:59Z', 'closed until 2026-01-03T22:00:00Z'],
    ['2026-01-03T22:00:00Z', 'open until 2026-01-04T06:00:00Z'],
    ['2026-01-04T05:59:59Z', 'open until 2026-01-04T06:00:00Z'],
    ['2026-01-04T06:00:00Z', 'closed until 2026-01-10T22:00:00Z'],
  ])('follows hours over midnight: %s', (now, expected) => {
    expect(state({ weekly: night }, now)).toBe(expected);
  });

  it('leaves out hours that clocks jump over, and waits for those of the next week', () => {
    const weekly = [{ days: ['sun'], from: '02:15', until: '02:45' }] as const;
    const window = { weekly, zone: 'Europe/Berlin' };
    expect(state(window, '2026-03-28T12:00:00Z')).toBe('closed until 2026-04-05T00:15:00Z');
    const over = { weekly: [{ ...weekly[0], until: '04:00' }], zone: 'Europe/Berlin' };
    expect(state(over, '2026-03-29T00:59:59Z')).toBe('closed until 2026-03-29T01:00:00Z');
    expect(state(over, '2026-03-29T01:00:00Z')).toBe('open until 2026-03-29T02:00:00Z');
  });

  it('holds on while clocks show its hours twice', () => {
    const weekly = [{ days: ['sun'], from: '02:15', until: '02:45' }] as const;
    const window = { weekly, zone: 'Europe/Berlin' };
    expect(state(window, '2026-10-25T00:15:00Z')).toBe('open until 2026-10-25T01:45:00Z');
  });

  it('knows a day that a zone never had', () => {
    const window = {
      weekly: [{ days: ['fri'], from: '10:00', until: '12:00' }],
      zone: 'Pacific/Apia',
    } as const;
    expect(state(window, '2011-12-30T12:00:00Z')).toBe('closed until 2012-01-05T20:00:00Z');
  });

  it('is open without end where the hours cover the week', () => {
    const halves = [
      { days: weekdays, from: '06:00', until: '18:00' },
      { days: weekdays, from: '18:00', until: '06:00' },
    ];
    expect(state({ weekly: halves, zone: 'Europe/Berlin' }, '2026-03-29T01:00:00Z')).toBe('open');
    expect(
      state({ weekly: [{ days: weekdays, from: '00:00', until: '00:00' }] }, '2026-01-01T00:00:00Z'),
    ).toBe('open');
  });

  it('stands still in pauses, and passes over hours that they cover', () => {
    const pauses = [{ from: '2026-12-20T00:00:00Z', until: '2027-01-05T09:00:00Z' }];
    const window = { weekly: working, pauses };
    expect(state(window, '2026-12-18T17:59:00Z')).toBe('open until 2026-12-18T18:00:00Z');
    expect(state(window, '2026-12-18T18:00:00Z')).toBe('closed until 2027-01-05T09:00:00Z');
    expect(state({ pauses }, '2026-12-19T00:00:00Z')).toBe('open until 2026-12-20T00:00:00Z');
    const ended = { ...window, until: '2027-01-01T00:00:00Z' };
    expect(state(ended, '2026-12-18T18:00:00Z')).toBe('closed');
  });

  it('is the same when it is asked again, later or earlier', () => {
    const window = { weekly: working, zone: 'Europe/Berlin' };
    for (const now of [
      '2026-01-05T12:00:00Z',
      '2026-01-05T13:00:00Z',
      '2026-01-05T17:00:00Z',
      '2026-01-05T06:00:00Z',
    ])
      expect(state(window, now)).toBe(state({ ...window }, now));
  });

  it('refuses times that are none', () => {
    expect(() => windowState({ from: 'soon' }, new Date(0))).toThrow('soon is not a time');
  });
});

describe('the next change of any window', () => {
  const zone = constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Havana',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Casablanca',
    'America/Sao_Paulo',
    'Pacific/Apia',
    'Antarctica/Troll',
  );
  const clock = record({
    hour: integer({ min: 0, max: 23 }),
    minute: constantFrom(0, 1, 15, 30, 45, 59),
  }).map(({ hour, minute }) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
  const weekly = record({
    days: uniqueArray(constantFrom(...weekdays), { minLength: 1, maxLength: 7 }),
    from: clock,
    until: clock,
  });
  const start = Date.UTC(2011, 0, 1);
  const minute = integer({ min: 0, max: 20 * 365 * 1440 }).map((minutes) => start + minutes * 60_000);
  const span = record({ from: minute, hours: integer({ min: 1, max: 24 * 40 }) }).map(({ from, hours }) => ({
    from: new Date(from).toISOString(),
    until: new Date(from + hours * 3_600_000).toISOString(),
  }));
  const windows = record({
    weekly: option(array(weekly, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    zone,
    pauses: array(span, { maxLength: 3 }),
    dates: option(record({ from: minute, days: integer({ min: 1, max: 900 }) }), { nil: undefined }),
  }).map(({ weekly: hours, zone: name, pauses, dates }): Window => ({
    ...(hours && { weekly: hours }),
    zone: name,
    pauses,
    ...(dates && {
      from: new Date(dates.from).toISOString(),
      until: new Date(dates.from + dates.days * 86_400_000).toISOString(),
    }),
  }));

  /** Straight from the words of the definition, minute by minute of one day and its neighbours. */
  const isOpen = (window: Window, at: number): boolean => windowState({ ...window }, new Date(at)).open;

  it('is exact: constant before, different at it', () => {
    assert(
      property(
        windows,
        minute,
        array(integer({ min: 0, max: 999 }), { minLength: 12, maxLength: 12 }),
        (window, at, parts) => {
          const { open, changesAt } = windowState(window, new Date(at));
          const end = changesAt?.getTime() ?? at + 400 * 86_400_000;
          expect(end).toBeGreaterThan(at);
          for (const part of parts) {
            const between = at + Math.floor(((end - at - 1) * part) / 999);
            expect(isOpen(window, between)).toBe(open);
            expect(windowState({ ...window }, new Date(between)).changesAt).toEqual(changesAt);
          }
          const atTheEnd = [isOpen(window, end - 1), isOpen(window, end)];
          expect(atTheEnd).toEqual([open, changesAt ? !open : open]);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('agrees with what the clocks of the zone show, but for the hours around their changes', () => {
    assert(
      property(weekly, zone, minute, (hours, name, at) => {
        const shown = wallClock(name, at);
        // offsets that differ within three days: there the definition says more than the clock
        if (wallClock(name, at - 3 * 86_400_000) - (at - 3 * 86_400_000) !== shown - at) return;
        const of = new Date(shown);
        const time = of.toISOString().slice(11, 16);
        const today = weekdays[(of.getUTCDay() + 6) % 7]!;
        const yesterday = weekdays[(of.getUTCDay() + 5) % 7]!;
        const { days, from, until } = hours;
        const over = until <= from;
        const expected =
          (days.includes(today) && time >= from && (over || time < until)) ||
          (over && days.includes(yesterday) && time < until);
        expect(isOpen({ weekly: [hours], zone: name }, at)).toBe(expected);
      }),
      { numRuns: 600 },
    );
  });
});
