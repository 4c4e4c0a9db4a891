import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Affected, AffectedRange } from './advisory.ts';
import { affects, severityFor } from './match.ts';

type Events = AffectedRange['events'];

const entry = (events: Events, over: Partial<Affected> = {}): Affected => ({
  ecosystem: 'npm',
  name: 'left',
  versions: [],
  ranges: [{ type: 'SEMVER', events }],
  ...over,
});

const ask = (affected: readonly Affected[], version: string, ecosystem = 'npm', name = 'left') =>
  affects({ id: 'X-1', affected }, { ecosystem, name, version });

const hit = (fixedIn?: string) =>
  fixedIn === undefined ? { advisory: 'X-1' } : { advisory: 'X-1', fixedIn };

describe('affects: ranges', () => {
  const branches: Events = [
    { introduced: '0' },
    { fixed: '1.2.3' },
    { introduced: '2.0.0' },
    { fixed: '2.1.4' },
  ];

  it.each([
    ['0.0.1', hit('1.2.3')],
    ['1.2.2', hit('1.2.3')],
    ['1.2.3-rc.1', hit('1.2.3')],
    ['1.2.3', undefined],
    ['1.9.0', undefined],
    ['2.0.0-rc.1', undefined],
    ['2.0.0', hit('2.1.4')],
    ['2.1.4', undefined],
  ])('two branches: %s', (version, expected) => {
    expect(ask([entry(branches)], version)).toEqual(expected);
  });

  it('says the same of a range to one fix, whichever way it is written', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), fc.nat(3), (major, minor, fix) => {
        const version = `${major}.${minor}.0`;
        const fixed = `${fix}.1.0`;
        const longer: Events = [{ introduced: '0' }, { fixed }, { introduced: '9.0.0' }, { fixed: '9.0.1' }];
        expect(ask([entry([{ introduced: '0' }, { fixed }])], version)).toEqual(
          ask([entry(longer)], version),
        );
      }),
    );
  });

  it('does not depend on the order of events', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.constantFrom('0.1.0', '1.2.3', '1.5.0', '2.0.0', '2.1.3', '2.1.4'),
        (order, version) => {
          const shuffled = order.map((at) => branches[at]!);
          expect(ask([entry(shuffled)], version)).toEqual(ask([entry(branches)], version));
        },
      ),
    );
  });

  it('includes the last affected version, and no later one', () => {
    const events: Events = [{ introduced: '1.0.0' }, { lastAffected: '1.4.0' }];
    expect(ask([entry(events)], '1.4.0')).toEqual(hit());
    expect(ask([entry(events)], '1.4.1')).toBeUndefined();
    expect(ask([entry([{ lastAffected: '1.0.0' }, { introduced: '1.0.0' }])], '1.0.0')).toEqual(hit());
    expect(ask([entry([{ lastAffected: '1.0.0' }, { introduced: '1.0.0' }])], '1.0.1')).toBeUndefined();
  });

  it('takes the highest of several last affected versions in a row', () => {
    const events: Events = [{ introduced: '0' }, { lastAffected: '2.5.0' }, { lastAffected: '2.5.1' }];
    expect(ask([entry(events)], '2.5.1')).toEqual(hit());
    expect(ask([entry(events)], '2.5.2')).toBeUndefined();
  });

  it('keeps to limits', () => {
    const events: Events = [{ introduced: '1.0.0' }, { limit: '2.0.0' }];
    expect(ask([entry(events)], '1.9.9')).toEqual(hit());
    expect(ask([entry(events)], '2.0.0')).toBeUndefined();
    expect(ask([entry([{ introduced: '1.0.0' }, { limit: '*' }])], '99.0.0')).toEqual(hit());
  });

  it('is affected without end where nothing is fixed', () => {
    expect(ask([entry([{ introduced: '0' }])], '99.0.0')).toEqual(hit());
    expect(ask([entry([{ introduced: '0' }])], 'no version at all')).toEqual(hit());
  });

  it('does not call a version fixed that another range has as affected', () => {
    const modules = ['1:1.0-1.el8', '1:1.0-2.el8'].map((fixed) =>
      entry([{ introduced: '0' }, { fixed }], { ecosystem: 'Debian:12' }),
    );
    expect(ask(modules, '1:0.9-1', 'Debian:12')).toEqual(hit('1:1.0-2.el8'));
  });

  it('reads "fixed in 0" of Alpine as never affected', () => {
    const events: Events = [{ introduced: '0' }, { fixed: '0' }];
    const never = entry(events, { ecosystem: 'Alpine:v3.18', ranges: [{ type: 'ECOSYSTEM', events }] });
    expect(ask([never], '1.2.3-r0', 'Alpine:v3.18')).toBeUndefined();
  });
});

describe('affects: lists of versions', () => {
  const listed = entry([], { versions: ['1.0.0', 'v1.1.0', 'odd'], ranges: [] });

  it('cannot tell of a version without a place in the order, unless it is listed as it is', () => {
    expect(ask([listed], '1.0.0\u200b')).toMatchObject({ undecided: expect.any(String) });
    expect(ask([listed], 'odd')).toEqual(hit());
  });

  it.each([
    ['1.0.0', hit()],
    ['1.1.0', hit()],
    ['odd', hit()],
    ['1.0.1', undefined],
  ])('%s', (version, expected) => {
    expect(ask([listed], version)).toEqual(expected);
  });

  it('a listed version is affected whatever the ranges say', () => {
    expect(ask([entry([{ introduced: '3.0.0' }], { versions: ['1.0.0'] })], '1.0.0')).toEqual(hit());
  });
});

describe('affects: which packages', () => {
  const events: Events = [{ introduced: '0' }, { fixed: '2' }];
  it.each([
    ['Debian:12', 'Debian:12', true],
    ['Debian:12', 'Debian:11', false],
    ['Debian', 'Debian:12', true],
    ['Debian:12', 'Debian', true],
    ['Debian:12', 'Ubuntu:12', false],
    ['Alpine:v3.18', 'Alpine:v3.18', true],
    ['Alpine:3.18', 'Alpine:v3.18', true],
    ['Alpine:v3.18', 'Alpine:v3.1', false],
    ['Ubuntu:22.04:LTS', 'Ubuntu:22.04', true],
    ['Ubuntu:Pro:22.04:LTS', 'Ubuntu:22.04', true],
  ])('advisory for %s, package of %s: %s', (advisory, ecosystem, expected) => {
    const range: AffectedRange = { type: 'ECOSYSTEM', events };
    const match = ask([entry([], { ecosystem: advisory, ranges: [range] })], '1', ecosystem);
    expect(match !== undefined).toBe(expected);
  });

  it('other names and withdrawn advisories do not count', () => {
    expect(ask([entry(events)], '1.0.0', 'npm', 'right')).toBeUndefined();
    const withdrawn = { id: 'X-1', affected: [entry(events)], withdrawn: '2024-01-01T00:00:00.000Z' };
    expect(affects(withdrawn, { ecosystem: 'npm', name: 'left', version: '1.0.0' })).toBeUndefined();
  });
});

describe('affects: what cannot be told is undecided, never clean', () => {
  const range: AffectedRange = { type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] };

  it.each([
    [
      'an ecosystem without an order',
      entry([], { ecosystem: 'OSS-Fuzz', ranges: [range] }),
      'OSS-Fuzz',
      '1.0',
    ],
    ['a list in it', entry([], { ecosystem: 'OSS-Fuzz', ranges: [], versions: ['1'] }), 'OSS-Fuzz', '1.0'],
    ['a version without a place', entry([{ introduced: '0' }, { fixed: '2.0.0' }]), 'npm', 'latest'],
    ['an event without a place', entry([{ introduced: '0' }, { fixed: 'soon' }]), 'npm', '1.0.0'],
    ['no versions', entry([], { ranges: [] }), 'npm', '1.0.0'],
    [
      'a development build',
      entry([{ introduced: '0' }, { fixed: '2.0.0' }], { ecosystem: 'Go' }),
      'Go',
      '(devel)',
    ],
  ])('%s', (_, affected, ecosystem, version) => {
    expect(ask([affected], version, ecosystem)).toMatchObject({
      advisory: 'X-1',
      undecided: expect.stringMatching(/./),
    });
  });

  it('gives way to what is certain', () => {
    const unclear = entry([{ introduced: '0' }, { fixed: 'soon' }]);
    const clear = entry([{ introduced: '0' }, { fixed: '2.0.0' }]);
    expect(ask([unclear, clear], '1.0.0')).toMatchObject({ advisory: 'X-1' });
    expect(ask([unclear, clear], '1.0.0')).not.toHaveProperty('undecided');
    expect(ask([unclear, clear], '3.0.0')).toHaveProperty('undecided');
  });
});

describe('affects: bounds of PyPI that its rules do not allow today', () => {
  const ofPython = (events: Events) => [
    entry(events, { ecosystem: 'PyPI', ranges: [{ type: 'ECOSYSTEM', events }] }),
  ];

  it.each<[string, Events, string, boolean]>([
    ['last affected', [{ introduced: '0' }, { lastAffected: '2.6.0-NA' }], '2.5.0', true],
    ['last affected itself', [{ introduced: '0' }, { lastAffected: '2.6.0-NA' }], '2.6.0', true],
    ['behind it', [{ introduced: '0' }, { lastAffected: '2.6.0-NA' }], '2.6.1', false],
    ['fixed', [{ introduced: '0' }, { fixed: '2.6.0-n653' }], '2.5.0', true],
    ['behind the last branch', [{ introduced: '10.0.0' }, { fixed: '10.0.2-1.1' }], '18.1.1', false],
    ['in the branch', [{ introduced: '10.0.0' }, { fixed: '10.0.2-1.1' }], '10.0.1', true],
  ])('%s', (_, events, version, affected) => {
    const found = ask(ofPython(events), version, 'PyPI');
    expect(found !== undefined).toBe(affected);
    expect(found?.undecided).toBeUndefined();
  });

  it('are said not to be told where they are no versions at all', () => {
    const found = ask(ofPython([{ introduced: '0' }, { fixed: 'soon' }]), '1.0', 'PyPI');
    expect(found).toMatchObject({ undecided: expect.stringContaining('"soon" is not a version') });
  });
});

describe('severityFor', () => {
  const affected = [entry([], { severity: 'low' }), entry([], { name: 'other' })];
  const advisory = { severity: 'critical', score: 9.8, affected } as const;

  it('prefers what is said of the package', () => {
    expect(severityFor(advisory, { ecosystem: 'npm', name: 'left', version: '1' })).toEqual({
      severity: 'low',
    });
    expect(severityFor(advisory, { ecosystem: 'npm', name: 'other', version: '1' })).toEqual({
      severity: 'critical',
      score: 9.8,
    });
  });
});
