import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Advisory } from './advisory.ts';
import { buildIndex, type AdvisoryIndex } from './advisory-index.ts';
import { dedupeFindings } from './findings.ts';
import { severityOfScore } from './cvss.ts';
import { parseOsv } from './osv.ts';
import { readSeverity } from './osv-severity.ts';
import { parseRecords, readPath } from './sources.ts';

const data = process.env['WHARFINGER_TEST_DATA'] ?? '';
const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;

interface InstalledPackage {
  readonly name: string;
  readonly source: string;
  readonly sourceVersion: string;
}

function readPackages(file: string): readonly InstalledPackage[] {
  return JSON.parse(gunzipSync(readFileSync(join(data, 'packages', file))).toString()).packages;
}

async function* readOsv(file: string): AsyncGenerator<Advisory> {
  for await (const item of parseRecords(readPath(join(data, 'osv', file)))) {
    if ('failure' in item) throw item.failure;
    yield item.advisory;
  }
}

/** (package, flaw) pairs, as a sorted list of texts. */
function pairs(index: AdvisoryIndex, ecosystem: string, packages: readonly InstalledPackage[]): string[] {
  const subjects = packages.map((item) => ({
    ecosystem,
    name: item.source,
    version: item.sourceVersion,
  }));
  const findings = Map.groupBy(
    dedupeFindings(index.findMatches(subjects)),
    ({ name, version }) => `${name} ${version}`,
  );
  return packages
    .flatMap((item) =>
      (findings.get(`${item.source} ${item.sourceVersion}`) ?? []).map(({ id }) => `${item.name} ${id}`),
    )
    .sort();
}

/** Which of the pairs [a, b] have a < b, asked of dpkg itself, once for each distinct pair. */
function dpkgSmaller(versions: ReadonlyArray<readonly [string, string]>): ReadonlySet<string> {
  const lines = [...new Set(versions.map(([a, b]) => `${a} ${b}`))];
  const script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo "$a $b"; done; true';
  const output = execFileSync('sh', ['-c', script], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  return new Set(output.split('\n'));
}

describe.skipIf(data === '')('real packages and advisories of WHARFINGER_TEST_DATA', () => {
  it.skipIf(!hasDpkg).each([
    ['debian12-buildpack-like-2025-05.json.gz', 5395],
    ['debian12-minbase-12.15.json.gz', 16],
  ])(
    'Debian 12, %s: the pairs are those that dpkg --compare-versions gives',
    async (file, count) => {
      const packages = readPackages(file);
      const flaws: Array<{ source: string; cve: string; fixed: string }> = [];
      const text = gunzipSync(readFileSync(join(data, 'osv/debian12-from-changelogs.jsonl.gz')));
      for (const line of text.toString().trimEnd().split('\n')) {
        const record = JSON.parse(line);
        for (const {
          package: { name },
          ranges,
        } of record.affected) {
          flaws.push({ source: name, cve: record.aliases[0], fixed: ranges[0].events[1].fixed });
        }
      }
      const bySource = Map.groupBy(flaws, ({ source }) => source);
      const candidates = packages.flatMap((item) =>
        (bySource.get(item.source) ?? []).map((flaw) => ({ ...flaw, ...item })),
      );
      const smaller = dpkgSmaller(candidates.map((item) => [item.sourceVersion, item.fixed]));
      const expected = new Set(
        candidates
          .filter((item) => smaller.has(`${item.sourceVersion} ${item.fixed}`))
          .map((item) => `${item.name} ${item.cve}`),
      );
      const index = await buildIndex(readOsv('debian12-from-changelogs.jsonl.gz'));
      const found = pairs(index, 'Debian:12', packages);
      expect(found).toEqual([...expected].sort());
      expect(found).toHaveLength(count);
    },
    120_000,
  );

  it('Debian: records of DSA and DLA beside those of the changelogs add CVEs of old releases to no newer one', async () => {
    const alone = await buildIndex(readOsv('debian12-from-changelogs.jsonl.gz'));
    const both = await buildIndex(
      (async function* () {
        yield* readOsv('debian12-from-changelogs.jsonl.gz');
        yield* readOsv('debian-dsa-dla-2023-04.jsonl.gz');
      })(),
    );
    const packages = readPackages('debian12-minbase-12.15.json.gz');
    expect(pairs(both, 'Debian:12', packages)).toEqual(pairs(alone, 'Debian:12', packages));
    const old = readPackages('trivy-golden-debian-buster.json.gz');
    const inBuster = pairs(both, 'Debian:10', old);
    expect(inBuster.length).toBeGreaterThan(50);
    // DSA-4685-1 fixes CVE-2020-3810 of apt in 1.8.2.1.
    expect(inBuster).toContain('apt CVE-2020-3810');
    // What names no CVE is known by its own name.
    expect(inBuster.filter((pair) => / D[SL]A-/.test(pair))).toContain('tzdata DLA-3134-1');
    expect(inBuster.filter((pair) => / D[SL]A-/.test(pair))).not.toContain('apt DSA-4685-1');
  });

  it('Alpine 3.10: what the security database says of the packages, by origin', async () => {
    const index = await buildIndex(readOsv('alpine-secdb-2020-06-08.jsonl.gz'));
    const found = pairs(index, 'Alpine:v3.10', readPackages('trivy-golden-alpine-310.json.gz'));
    // As many as Trivy finds with the same records; busybox, musl and the rest are at or above their fixes.
    const flaws = ['CVE-2019-1547', 'CVE-2019-1549', 'CVE-2019-1563'];
    expect(found).toEqual(
      ['libcrypto1.1', 'libssl1.1'].flatMap((name) => flaws.map((id) => `${name} ${id}`)),
    );
  });

  it('Go: modules and the standard library', async () => {
    const index = await buildIndex(readOsv('go.jsonl.gz'));
    const found = (name: string, version: string): readonly string[] =>
      dedupeFindings(index.findMatches([{ ecosystem: 'Go', name, version }])).map(
        ({ id, fixedIn }) => `${id} ${fixedIn}`,
      );
    expect(found('github.com/gin-gonic/gin', 'v1.5.0')).toContain('CVE-2020-36567 1.6.0');
    expect(found('github.com/gin-gonic/gin', 'v1.6.0')).not.toContain('CVE-2020-36567 1.6.0');
    // GO-2021-0069 names two branches: the fix is that of the branch at hand.
    expect(found('stdlib', 'go1.14.11')).toContain('CVE-2020-28362 1.14.12');
    expect(found('stdlib', 'go1.15.4')).toContain('CVE-2020-28362 1.15.5');
    expect(found('stdlib', '1.14.12').filter((line) => line.startsWith('CVE-2020-28362'))).toEqual([]);
    expect(found('stdlib', 'go1.15rc1')).toContain('CVE-2020-28362 1.15.5');
  });

  it('npm: ranges, lists and malicious versions', async () => {
    const index = await buildIndex(
      (async function* () {
        yield* readOsv('npm-ghsa-sample.jsonl.gz');
        yield* readOsv('malicious-sample.jsonl.gz');
      })(),
    );
    const found = (name: string, version: string) =>
      dedupeFindings(index.findMatches([{ ecosystem: 'npm', name, version }]));
    expect(found('decode-uri-component', '0.2.0')).toMatchObject([
      { id: 'CVE-2022-38900', aliases: ['GHSA-w573-4hg7-7wgq'], fixedIn: '0.2.1', malicious: false },
    ]);
    expect(found('decode-uri-component', '0.2.1')).toEqual([]);
    expect(found('static-dev-server', '1.0.0')).toMatchObject([{ id: 'CVE-2022-25848' }]);
    expect(found('debug', '4.4.2')).toMatchObject([{ id: 'MAL-2025-46974', malicious: true }]);
    expect(found('debug', '4.4.1')).toEqual([]);
    // This sample names its versions in words of its own only: "> 5.13.15, < 6.4.6".
    const [mongoose] = found('mongoose', '6.0.0');
    expect(mongoose).toMatchObject({ id: 'CVE-2022-2564' });
    expect(mongoose).not.toHaveProperty('undecided');
    expect(found('mongoose', '6.4.6')).toEqual([]);
    expect(found('mongoose', '5.13.15')).toEqual([]);
  });

  it('scores of CVSS 3 vectors agree with the words of those who published them', () => {
    const text = gunzipSync(readFileSync(join(data, 'osv/bitnami.jsonl.gz'))).toString();
    let compared = 0;
    for (const line of text.trimEnd().split('\n')) {
      const record = JSON.parse(line);
      const [affected] = record.affected;
      const { score } = readSeverity({ severity: affected.severity });
      if (score === undefined) continue;
      compared += 1;
      expect(`${record.id} ${severityOfScore(score)}`).toBe(
        `${record.id} ${record.database_specific.severity.toLowerCase()}`,
      );
    }
    expect(compared).toBeGreaterThan(6000);
  });

  it('every record of every file is read', async () => {
    let read = 0;
    const failures: string[] = [];
    for await (const item of parseRecords(readPath(join(data, 'osv')))) {
      if ('failure' in item) failures.push(item.failure.message);
      else read += 1;
    }
    expect(failures).toEqual([]);
    expect(read).toBeGreaterThan(51_000);
  });

  it('refuses what would never match instead of keeping it', () => {
    const line = gunzipSync(readFileSync(join(data, 'osv/malicious-sample.jsonl.gz'))).toString();
    const record = JSON.parse(line.trimEnd());
    expect(parseOsv(record).malicious).toBe(true);
    record.affected[0].ranges = [{ type: 'SEMVER', events: [{ fixed: '1.0.0' }] }];
    expect(() => parseOsv(record)).toThrow(/MAL-2025-46974: affected\[0\]\.ranges\[0\]\.events/);
  });
});
