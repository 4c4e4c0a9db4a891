import { describe, expect, it } from 'vitest';
import { buildIndex } from './advisory-index.ts';
import { parseOsv } from './osv.ts';
import { PackedRecords } from './packed-records.ts';

const advisory = (id: string, names: readonly string[], change: object = {}) =>
  parseOsv({
    id,
    summary: 'ünïcode 🚢',
    affected: names.map((name) => ({
      package: { ecosystem: 'npm', name },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    })),
    ...change,
  });

const npm = (name: string, version: string) => ({ ecosystem: 'npm', name, version });

describe('buildIndex', () => {
  it('finds what affects a package, each version once', async () => {
    const index = await buildIndex([
      advisory('X-1', ['a', 'b']),
      advisory('X-2', ['b'], {
        severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
      }),
      advisory('X-3', ['b'], { withdrawn: '2024-01-01T00:00:00Z' }),
    ]);
    expect(index.size).toBe(2);
    const found = index.findMatches([
      npm('b', '1.0.0'),
      npm('a', '1.5.0'),
      npm('b', '1.0.0'),
      npm('b', '2.0.0'),
      npm('c', '1.0.0'),
    ]);
    expect(found.map(({ subject, match }) => [subject.name, subject.version, match])).toEqual([
      ['b', '1.0.0', { advisory: 'X-1', fixedIn: '2.0.0' }],
      ['b', '1.0.0', { advisory: 'X-2', fixedIn: '2.0.0' }],
      ['a', '1.5.0', { advisory: 'X-1', fixedIn: '2.0.0' }],
    ]);
    expect(found[0]?.advisory).toMatchObject({ summary: 'ünïcode 🚢', severity: 'unscored' });
    expect(found[1]?.advisory).toMatchObject({ severity: 'critical', score: 9.8 });
  });

  it('keeps only what is wanted', async () => {
    const index = await buildIndex(
      [advisory('X-1', ['a']), advisory('X-2', ['b'])],
      (_, name) => name === 'b',
    );
    expect(index.size).toBe(1);
    expect([index.covers('npm'), index.covers('Go')]).toEqual([true, false]);
    expect(index.findMatches([npm('a', '1.0.0'), npm('b', '1.0.0')])).toHaveLength(1);
  });
});

describe('PackedRecords', () => {
  it('gives back what it was given, over many chunks', () => {
    const records = new PackedRecords<string>(String);
    const texts = Array.from({ length: 5000 }, (_, at) => `${at} 🚢`.repeat(1 + (at % 97)));
    texts.push('x'.repeat(3_000_000), 'after');
    expect(texts.map((text) => records.add(text))).toEqual(texts.map((_, at) => at));
    expect(texts.every((text, at) => records.get(at) === text)).toBe(true);
    expect(() => records.get(texts.length)).toThrow(RangeError);
  });
});
