import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { moduleOfPackage, withModule } from '../inspect/module-streams.ts';
import { sameRelease } from './ecosystem.ts';
import { affects } from './match.ts';
import { parseOsv } from './osv.ts';

const build = (number: number): string => `1:14.18.2-2.module_el8.${number}.0+2618+8d46dafd`;

const record = (summary: string, ...fixed: readonly string[]) =>
  parseOsv({
    id: 'ALSA-2022:1',
    modified: '2022-01-01T00:00:00Z',
    summary,
    affected: fixed.map((one) => ({
      package: { ecosystem: 'AlmaLinux:8', name: 'nodejs' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: one }] }],
    })),
  });

/** As composing an image makes it. */
function subjectOf(version: string, label?: string) {
  const module = moduleOfPackage('AlmaLinux:8', version, label);
  return { ecosystem: withModule('AlmaLinux:8', module), name: 'nodejs', version };
}

const old = '1:12.0-1.module_el8.3.0+1+a';

describe('packages that are built in streams of modules', () => {
  const advisory = record('Important: nodejs:14 security update', build(5));

  test.each([
    ['of the same stream', old, 'nodejs:14:8030:abc', true],
    ['of another stream', old, 'nodejs:12:8030:abc', false],
    ['of a stream that nobody recorded', old, undefined, true],
    ['of no module', '1:12.0-1.el8', undefined, false],
    ['in the version that is fixed', build(5), 'nodejs:14:8050:abc', false],
  ])('%s: %s %s', (_, version, label, affected) => {
    expect(affects(advisory, subjectOf(version, label)) !== undefined).toBe(affected);
  });

  test('count as affected where the advisory names no stream', () => {
    const unnamed = record('Important: nodejs security update', build(5));
    expect(affects(unnamed, subjectOf(old, 'nodejs:12:8030:abc'))).toBeDefined();
    expect(affects(unnamed, subjectOf('1:12.0-1.el8'))).toBeUndefined();
  });

  test('are fixed in each of the builds that an advisory names', () => {
    const several = record('nodejs:14 security update', build(3), build(4), build(5));
    for (const number of [3, 4, 5]) {
      expect(affects(several, subjectOf(build(number), 'nodejs:14:x:y'))).toBeUndefined();
    }
    expect(affects(several, subjectOf(old, 'nodejs:14:x:y'))).toMatchObject({ fixedIn: build(5) });
  });

  test('are fixed in later builds of a release that an advisory names, and not in earlier ones', () => {
    const several = record('nodejs:14 security update', build(3), build(9));
    const none = affects(several, subjectOf(build(5), 'nodejs:14:x:y'));
    expect(none).toBeUndefined();
    expect(affects(several, subjectOf(build(2), 'nodejs:14:x:y'))).toBeDefined();
    const other = build(5).replace('14.18.2-2', '14.18.2-1');
    expect(affects(several, subjectOf(other, 'nodejs:14:x:y'))).toBeDefined();
  });

  test('are not asked for by advisories about packages outside of modules', () => {
    const plain = record('nodejs security update', '1:16.0-1.el8');
    expect(affects(plain, subjectOf(old, 'nodejs:14:x:y'))).toBeUndefined();
    expect(affects(plain, subjectOf('1:12.0-1.el8'))).toBeDefined();
  });
});

test.each([
  ['AlmaLinux:8', 'AlmaLinux:8 (nodejs:12)', true],
  ['AlmaLinux:9', 'AlmaLinux:8 (nodejs:12)', false],
  ['Red Hat:enterprise_linux:9::appstream', 'Red Hat:enterprise_linux:9', true],
  ['Red Hat:rhel_eus:9.2::appstream', 'Red Hat:enterprise_linux:9', false],
  ['SUSE:Linux Enterprise Module for Basesystem 15 SP5', 'SUSE:Linux Enterprise Server 15 SP5', true],
  ['SUSE:Linux Enterprise Server 15 SP5-LTSS', 'SUSE:Linux Enterprise Server 15 SP5', true],
  ['SUSE:Linux Enterprise Server 15 SP4', 'SUSE:Linux Enterprise Server 15 SP5', false],
  ['SUSE:Linux Enterprise Server 15', 'SUSE:Linux Enterprise Server 15 SP5', false],
  ['openSUSE:Leap 15.5', 'openSUSE:Leap 15.4', false],
])('%s is about packages of %s: %s', (advisory, ecosystem, same) => {
  expect(sameRelease(advisory, ecosystem)).toBe(same);
});

const data = process.env['WHARFINGER_TEST_DATA'];
test.skipIf(data === undefined)(
  'nearly all records of AlmaLinux tell their stream (WHARFINGER_TEST_DATA)',
  () => {
    const lines = gunzipSync(readFileSync(join(data!, 'osv/almalinux.jsonl.gz')))
      .toString()
      .trim()
      .split('\n');
    const modular = lines
      .map((line) => parseOsv(JSON.parse(line)))
      .filter(({ affected }) => affected.some(({ ecosystem }) => ecosystem.includes('(')));
    const unnamed = modular.filter(({ affected }) =>
      affected.some(({ ecosystem }) => ecosystem.endsWith('(*)')),
    );
    expect(modular).toHaveLength(723);
    expect(unnamed.map(({ id }) => id)).toHaveLength(15);
  },
);
