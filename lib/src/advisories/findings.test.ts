import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FoundMatch } from './advisory-index.ts';
import { dedupeFindings } from './findings.ts';

interface Told {
  readonly fixedIn?: string;
  readonly undecided?: string;
  readonly version?: string;
  readonly severity?: FoundMatch['advisory']['severity'];
  readonly score?: number;
  readonly published?: string;
}

function match(id: string, aliases: readonly string[], told: Told = {}): FoundMatch {
  const { fixedIn, undecided, version = '1.0-1', severity = 'unscored', score, published } = told;
  return {
    subject: { ecosystem: 'Debian:12', name: 'glibc', version },
    match: {
      advisory: id,
      ...(fixedIn === undefined ? {} : { fixedIn }),
      ...(undecided === undefined ? {} : { undecided }),
    },
    advisory: {
      id,
      aliases,
      summary: `about ${id}`,
      severity,
      ...(score === undefined ? {} : { score }),
      ...(published === undefined ? {} : { published }),
      malicious: id.startsWith('MAL-'),
      references: [],
    },
  };
}

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyTold = fc.record({
  fixedIn: optional(fc.constantFrom('1.0-9', '2.0')),
  undecided: optional(fc.constant('no order')),
  version: fc.constantFrom('1.0-1', '1.0-2'),
  severity: fc.constantFrom('unscored', 'low', 'critical'),
  score: optional(fc.constantFrom(3.1, 9.8)),
  published: optional(fc.constant('2024-01-01T00:00:00.000Z')),
});
const anyName = fc.constantFrom('CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-x', 'MAL-1', 'GHSA-a', 'DSA-1');

const ids = (matches: readonly FoundMatch[]): string[] => dedupeFindings(matches).map(({ id }) => id);

describe('dedupeFindings', () => {
  it('says of what one advisory alone tells the same as of what it tells twice', () => {
    fc.assert(
      fc.property(anyName, fc.array(anyName, { maxLength: 4 }), anyTold, (id, aliases, told) => {
        const one = match(id, aliases, told);
        expect(dedupeFindings([one])).toStrictEqual(dedupeFindings([one, structuredClone(one)]));
      }),
    );
  });

  it('counts a CVE once, whoever tells of it, with the worst that is said', () => {
    const early = '2024-01-01T00:00:00.000Z';
    const findings = dedupeFindings([
      match('GHSA-a', ['CVE-2024-0001'], { severity: 'high', score: 7.5, fixedIn: '1.0-9' }),
      match('DEBCL-CVE-2024-0001', ['CVE-2024-0001'], { fixedIn: '1.0-10', published: early }),
      match('CVE-2024-0001', [], { severity: 'low', published: '2024-02-01T00:00:00.000Z' }),
    ]);
    expect(findings).toEqual([
      {
        ecosystem: 'Debian:12',
        name: 'glibc',
        version: '1.0-1',
        id: 'CVE-2024-0001',
        aliases: ['DEBCL-CVE-2024-0001', 'GHSA-a'],
        advisories: ['CVE-2024-0001', 'DEBCL-CVE-2024-0001', 'GHSA-a'],
        severity: 'high',
        score: 7.5,
        summary: 'about CVE-2024-0001',
        malicious: false,
        published: early,
        fixedIn: '1.0-10',
      },
    ]);
  });

  it('does not depend on the order of matches', () => {
    const matches = [
      match('GHSA-a', ['CVE-2024-0001'], { severity: 'high', fixedIn: '1.0-9', undecided: 'a' }),
      match('DSA-1-1', ['CVE-2024-0001', 'CVE-2024-0002'], { severity: 'high', score: 7.1 }),
      match('GO-1', ['GHSA-b'], { undecided: 'b' }),
      match('GHSA-b', ['PYSEC-1'], { undecided: 'c' }),
      match('PYSEC-1', [], { undecided: 'd', severity: 'low' }),
    ];
    const byId = (found: readonly FoundMatch[]) =>
      dedupeFindings(found).sort((a, b) => (a.id < b.id ? -1 : 1));
    fc.assert(
      fc.property(fc.shuffledSubarray(matches, { minLength: matches.length }), (shuffled) => {
        expect(byId(shuffled)).toEqual(byId(matches));
      }),
    );
  });

  it('counts each CVE of an erratum', () => {
    const erratum = match('DSA-1-1', ['CVE-2024-0001', 'CVE-2024-0002']);
    expect(ids([erratum, match('DEBCL-CVE-2024-0001', ['CVE-2024-0001'])])).toEqual([
      'CVE-2024-0001',
      'CVE-2024-0002',
    ]);
    expect(dedupeFindings([erratum]).map(({ aliases }) => aliases)).toEqual([['DSA-1-1'], ['DSA-1-1']]);
  });

  it('finds the CVE of a record through another one', () => {
    const matches = [match('GHSA-a', []), match('GO-1', ['CVE-2024-0001', 'GHSA-a'])];
    expect(ids(matches)).toEqual(['CVE-2024-0001']);
    expect(ids(matches.toReversed())).toEqual(['CVE-2024-0001']);
  });

  it('finds the CVE of a record through any number of others', () => {
    const chain = [
      match('A-1', ['GHSA-a']),
      match('B-1', ['GHSA-a', 'GHSA-b']),
      match('C-1', ['GHSA-b', 'GHSA-c']),
      match('D-1', ['GHSA-c', 'CVE-2024-0001']),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(chain, { minLength: chain.length }), (shuffled) => {
        expect(dedupeFindings(shuffled)).toMatchObject([
          { id: 'CVE-2024-0001', advisories: ['A-1', 'B-1', 'C-1', 'D-1'] },
        ]);
      }),
    );
  });

  it('gives the same for any matches in any order', () => {
    const name = fc.constantFrom(
      'CVE-2024-0001',
      'CVE-2024-0002',
      'GHSA-a',
      'GHSA-b',
      'GO-1',
      'PYSEC-1',
      'MAL-1',
    );
    const told = fc.record(
      {
        severity: fc.constantFrom('unscored' as const, 'low' as const, 'high' as const, 'critical' as const),
        score: fc.constantFrom(3, 7, 9.8),
        fixedIn: fc.constantFrom('1.0-2', '1.0-10', '1.0-9'),
        undecided: fc.constantFrom('a', 'b'),
        published: fc.constantFrom('2024-01-01T00:00:00.000Z', '2024-02-01T00:00:00.000Z'),
      },
      { requiredKeys: [] },
    );
    const matches = fc.array(
      fc.tuple(name, fc.uniqueArray(name, { maxLength: 3 }), told).map(([id, aliases, rest]) =>
        match(
          id,
          aliases.filter((alias) => alias !== id),
          rest,
        ),
      ),
      { maxLength: 8 },
    );
    const sorted = (found: readonly FoundMatch[]) =>
      dedupeFindings(found).sort((a, b) => (a.id < b.id ? -1 : 1));
    fc.assert(
      fc.property(matches, fc.infiniteStream(fc.nat(1000)), (all, keys) => {
        const shuffled = all
          .map((one) => ({ one, key: keys.next().value! }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const findings = sorted(all);
        expect(sorted(shuffled)).toEqual(findings);
        // Nothing is lost, and no name stands for two flaws.
        expect(new Set(findings.flatMap(({ advisories }) => advisories))).toEqual(
          new Set(all.map(({ advisory }) => advisory.id)),
        );
        expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('joins what has no CVE by its names', () => {
    expect(ids([match('GO-1', ['GHSA-a']), match('PYSEC-1', ['GHSA-b']), match('GHSA-a', [])])).toEqual([
      'GHSA-a',
      'PYSEC-1',
    ]);
    expect(ids([match('A-1', ['S']), match('A-2', ['T']), match('A-3', ['S', 'T'])])).toEqual(['A-1']);
    expect(ids([match('GHSA-a', ['MAL-2025-1']), match('MAL-2025-1', ['GHSA-a'])])).toEqual(['MAL-2025-1']);
  });

  it('keeps versions of a package apart', () => {
    expect(ids([match('CVE-2024-0001', []), match('CVE-2024-0001', [], { version: '2.0-1' })])).toHaveLength(
      2,
    );
  });

  it('is undecided only if nobody knows', () => {
    const unclear = match('GHSA-a', ['CVE-2024-0001'], { undecided: 'why' });
    expect(dedupeFindings([unclear])).toMatchObject([{ undecided: 'why' }]);
    expect(dedupeFindings([unclear, match('CVE-2024-0001', [])])[0]).not.toHaveProperty('undecided');
  });
});
