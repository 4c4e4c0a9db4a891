import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { displayHash, matchHash, weightHash } from './advisory-hashes.ts';
import { parseOsv } from './osv.ts';

const record = () => ({
  schema_version: '1.6.0',
  id: 'GHSA-aaaa-bbbb-cccc',
  aliases: ['CVE-2024-0001'],
  summary: 'Prototype pollution',
  details: 'Long text',
  published: '2024-01-02T03:04:05Z',
  modified: '2024-02-02T03:04:05Z',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  database_specific: { severity: 'MODERATE' },
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [
        { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.3' }] },
        { type: 'GIT', repo: 'https://example.org/left', events: [{ introduced: '0' }] },
      ],
      versions: ['1.0.0'],
    },
  ],
  references: [{ type: 'WEB', url: 'https://example.org/a' }, { url: 'javascript:alert(1)' }],
});

describe('parseOsv', () => {
  it('reads a record', () => {
    expect(parseOsv(record())).toEqual({
      id: 'GHSA-aaaa-bbbb-cccc',
      aliases: ['CVE-2024-0001'],
      summary: 'Prototype pollution',
      severity: 'critical',
      score: 9.8,
      published: '2024-01-02T03:04:05.000Z',
      modified: '2024-02-02T03:04:05.000Z',
      malicious: false,
      affected: [
        {
          ecosystem: 'npm',
          name: 'left',
          versions: ['1.0.0'],
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.3' }] }],
        },
      ],
      references: ['https://example.org/a'],
    });
  });

  it.each([
    ['a time of year 1 is none', { published: '0001-01-01T00:00:00Z' }, { published: undefined }],
    ['a date is a time', { published: '2015-10-17' }, { published: '2015-10-17T00:00:00.000Z' }],
    ['malicious by name', { id: 'MAL-2025-1', aliases: [] }, { malicious: true }],
    ['malicious by alias', { aliases: ['MAL-2025-1'] }, { malicious: true }],
    ['withdrawn', { withdrawn: '2024-03-01T00:00:00Z' }, { withdrawn: '2024-03-01T00:00:00.000Z' }],
    [
      'details stand in for a summary',
      { summary: undefined, details: 'First line.\nSecond.' },
      { summary: 'First line.' },
    ],
    ['nulls', { aliases: null, severity: null, references: null, withdrawn: null }, { aliases: [] }],
    ['a word where there is no vector', { severity: [] }, { severity: 'medium', score: undefined }],
    [
      'CVSS 4 by the word of the database',
      { severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' }], database_specific: { severity: 'HIGH' } },
      { severity: 'high', score: undefined },
    ],
    [
      'the priority of a distribution',
      { severity: [{ type: 'Ubuntu', score: 'negligible' }], database_specific: undefined },
      { severity: 'low' },
    ],
    [
      'a number where there is no vector',
      { severity: [], database_specific: { cvss_v3: 7.5, cvss_v2: 5 } },
      { severity: 'high', score: 7.5 },
    ],
    ['nothing to score', { severity: undefined, database_specific: undefined }, { severity: 'unscored' }],
    [
      'CVEs that an erratum fixes',
      { id: 'DSA-1-1', aliases: [], related: ['CVE-2024-9999', 'DSA-2-1'] },
      { aliases: ['CVE-2024-9999'] },
    ],
    ['what is only similar', { related: ['CVE-2024-9999'] }, { aliases: ['CVE-2024-0001'] }],
    [
      'upstream',
      { id: 'DEBIAN-CVE-2024-1234', aliases: [], upstream: ['CVE-2024-1234'] },
      { aliases: ['CVE-2024-1234'] },
    ],
    [
      'a CVE in a name of its own',
      { id: 'DEBCL-CVE-2024-1234', aliases: [] },
      { aliases: ['CVE-2024-1234'] },
    ],
    [
      'a misspelt CVE',
      { id: 'CVE 2018-16859', aliases: [] },
      { id: 'CVE 2018-16859', aliases: ['CVE-2018-16859'] },
    ],
    [
      'commits of a repository only',
      { affected: [{ ranges: [{ type: 'GIT', events: [] }] }] },
      { affected: [] },
    ],
    [
      'a release that was never affected',
      {
        affected: [
          { package: { ecosystem: 'Debian:11', name: 'a' }, database_specific: { state: '<not-affected>' } },
        ],
      },
      { affected: [] },
    ],
  ])('%s', (_, change, expected) => {
    const parsed = new Map(Object.entries(parseOsv({ ...record(), ...change })));
    for (const [field, value] of Object.entries(expected)) expect(parsed.get(field)).toEqual(value);
  });

  it('takes the urgency that is given for one package', () => {
    const [affected] = record().affected;
    const parsed = parseOsv({
      ...record(),
      severity: [],
      database_specific: {},
      affected: [{ ...affected, ecosystem_specific: { urgency: 'low' } }],
    });
    expect(parsed).toMatchObject({ severity: 'low', affected: [{ severity: 'low' }] });
  });

  const inAffected = (change: object) => ({ affected: [{ ...record().affected[0], ...change }] });
  const inRange = (change: object) =>
    inAffected({ ranges: [{ ...record().affected[0]?.ranges[0], ...change }] });
  it.each([
    ['list', [], 'here'],
    ['no id', { ...record(), id: undefined }, 'here: id'],
    ['an id with control characters', { ...record(), id: 'A\u001b[2J' }, 'here: id'],
    ['aliases', { ...record(), aliases: 'CVE-1' }, 'GHSA-aaaa-bbbb-cccc: aliases must'],
    ['an alias', { ...record(), aliases: [1] }, 'aliases[0]'],
    ['affected', { ...record(), affected: {} }, 'affected must'],
    ['withdrawn', { ...record(), withdrawn: 'yes' }, 'withdrawn'],
    [
      'no ecosystem',
      { ...record(), ...inAffected({ package: { name: 'a' } }) },
      'affected[0].package.ecosystem',
    ],
    [
      'an empty name',
      { ...record(), ...inAffected({ package: { ecosystem: 'npm', name: '' } }) },
      'affected[0].package.name',
    ],
    ['versions', { ...record(), ...inAffected({ versions: [1] }) }, 'affected[0].versions[0]'],
    ['a type of range', { ...record(), ...inRange({ type: 'NEW' }) }, 'affected[0].ranges[0].type'],
    [
      'a range without begin',
      { ...record(), ...inRange({ events: [{ fixed: '1' }] }) },
      'affected[0].ranges[0].events',
    ],
    [
      'an event',
      { ...record(), ...inRange({ events: [{ introduced: '0' }, { fixed: 2 }] }) },
      'affected[0].ranges[0].events[1].fixed',
    ],
    [
      'an unknown event',
      { ...record(), ...inRange({ events: [{ introduced: '0' }, { until: '2' }] }) },
      'affected[0].ranges[0].events[1]',
    ],
  ])('refuses %s and says where', (_, value, where) => {
    expect(() => parseOsv(value, 'here')).toThrow(
      expect.toSatisfy(
        (error) => isWharfingerError(error, 'ADVISORY_INVALID') && error.message.includes(where),
      ),
    );
  });
});

describe('hostile records', () => {
  it('cannot drive a terminal', () => {
    const parsed = parseOsv({
      ...record(),
      summary: 'a\u001b[2J\u202eb',
      aliases: ['CVE-2024-0001', 'X\u001b]0;'],
      references: [{ url: 'https://example.org/\u001b[2J' }],
    });
    expect(parsed).toMatchObject({ summary: 'a [2J b', aliases: ['CVE-2024-0001'], references: [] });
  });

  it('are refused as what they are, whatever they hold', () => {
    const field = fc.constantFrom(...Object.keys(record()), 'withdrawn', 'related', 'upstream');
    fc.assert(
      fc.property(field, fc.jsonValue(), (name, value) => {
        expect(() => {
          try {
            parseOsv({ ...record(), [name]: value });
          } catch (error) {
            if (!isWharfingerError(error, 'ADVISORY_INVALID')) throw error;
          }
        }).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('hashes', () => {
  const hashes = (change: object) => {
    const advisory = parseOsv({ ...record(), ...change });
    return { match: matchHash(advisory), weight: weightHash(advisory), display: displayHash(advisory) };
  };
  const changed = (change: object): string[] => {
    const before = hashes({});
    return Object.entries(hashes(change)).flatMap(([name, hash]) =>
      hash === before[name as keyof typeof before] ? [] : [name],
    );
  };
  const [affected] = record().affected;

  it.each([
    ['summary', { summary: 'Other words' }, ['display']],
    ['modified', { modified: '2025-01-01T00:00:00Z' }, ['display']],
    ['references', { references: [] }, ['display']],
    ['credits, which are not kept', { credits: [{ name: 'A' }] }, []],
    ['severity', { severity: [] }, ['weight']],
    ['aliases', { aliases: ['CVE-2024-0001', 'CVE-2024-0002'] }, ['weight']],
    ['published', { published: '2023-01-01T00:00:00Z' }, ['weight']],
    ['withdrawn', { withdrawn: '2024-03-01T00:00:00Z' }, ['match', 'display']],
    ['versions', { affected: [{ ...affected, versions: ['1.0.0', '1.0.1'] }] }, ['match']],
    [
      'one more package',
      { affected: [affected, { ...affected, package: { ecosystem: 'npm', name: 'b' } }] },
      ['match', 'weight'],
    ],
    ['the order of ranges', { affected: [{ ...affected, ranges: affected?.ranges.toReversed() }] }, []],
  ])('%s', (_, change, expected) => {
    expect(changed(change)).toEqual(expected);
  });
});
