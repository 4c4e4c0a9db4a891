import { digestOf } from '@wharfinger/lib/oci/digest';
import { describe, expect, test } from 'vitest';
import { readApart } from './read-apart.ts';
import { readReport } from './report.ts';
import { found, reportOf } from './scanner.fixtures.ts';

const digest = digestOf('an image');
const read = (document: unknown) =>
  readReport(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), digest);
const refusal = (document: unknown): string => {
  try {
    read(document);
    return 'read';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a report', () => {
  test('is read with all that its findings say', () => {
    expect(read(reportOf(digest, [found()]))).toEqual({
      scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
      generatedAt: '2026-01-02T00:00:00Z',
      findings: [
        {
          id: 'CVE-2026-0001',
          package: 'left-pad',
          version: '1.3.0',
          fixedIn: '1.3.1',
          severity: 'high',
          score: 7.5,
          vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
          cwes: ['CWE-400'],
          links: ['https://example.org/CVE-2026-0001'],
        },
      ],
      counts: { unscored: 0, none: 0, low: 0, medium: 0, high: 1, critical: 0 },
    });
  });

  test('may leave out what is not known, as programs in Go write it', () => {
    const bare = { fix_version: '', links: null, cwe_ids: null, preferred_cvss: null, version: null };
    const [finding] = read(reportOf(digest, [found(bare)], { scanner: null, generated_at: null })).findings;
    expect(finding).toEqual({
      id: 'CVE-2026-0001',
      package: 'left-pad',
      version: '',
      severity: 'high',
      cwes: [],
      links: [],
    });
  });

  test.each([
    ['Critical', 'critical'],
    ['HIGH', 'high'],
    ['Negligible', 'low'],
    ['None', 'none'],
    ['Unknown', 'unscored'],
    ['Catastrophic', 'critical'],
    ['constructor', 'critical'],
    ['', 'critical'],
  ])('says %s, which counts as %s', (said, severity) => {
    expect(read(reportOf(digest, [found({ severity: said })])).findings[0]!.severity).toBe(severity);
  });

  test('is in one order, the worst before the others', () => {
    const severities = ['Low', 'Unknown', 'Critical', 'Medium', 'High'];
    const { findings } = read(
      reportOf(
        digest,
        severities.map((severity) => found({ severity })),
      ),
    );
    expect(findings.map(({ severity }) => severity)).toEqual([
      'critical',
      'unscored',
      'high',
      'medium',
      'low',
    ]);
  });

  test('keeps the first links that lead to the web, and no others', () => {
    const links = [
      'javascript:alert(1)',
      'https://a.example',
      'x',
      ...Array.from({ length: 9 }, (_, at) => `http://b.example/${at}`),
    ];
    expect(read(reportOf(digest, [found({ links })])).findings[0]!.links).toHaveLength(5);
  });

  const report = reportOf(digest, [found()]) as Record<string, unknown>;
  const { vulnerabilities: _, ...without } = report;
  const { artifact: __, ...unnamed } = report;
  test.each<[string, unknown, RegExp]>([
    ['about another image', reportOf(digestOf('another'), []), /about another image/],
    ['about no image', unnamed, /artifact/],
    [
      'about an image without a digest',
      { ...report, artifact: { repository: 'team/app' } },
      /artifact.digest/,
    ],
    ['without findings', without, /vulnerabilities/],
    ['with findings that are null', { ...report, vulnerabilities: null }, /vulnerabilities/],
    ['with findings that are no list', { ...report, vulnerabilities: {} }, /vulnerabilities/],
    ['with a finding without a name', reportOf(digest, [found({ id: '' })]), /vulnerabilities.0.id/],
    ['with a finding without a severity', reportOf(digest, [found({ severity: undefined })]), /0.severity/],
    ['with a finding of a number', reportOf(digest, [found({ package: 7 })]), /0.package/],
    ['with an endless name', reportOf(digest, [found({ package: 'x'.repeat(501) })]), /0.package/],
    ['with what steers a terminal', reportOf(digest, [found({ package: 'x\u001b[2J' })]), /cannot be shown/],
    ['with what turns the writing', reportOf(digest, [found({ version: '1\u202e2' })]), /cannot be shown/],
    [
      'with a score beyond the scale',
      reportOf(digest, [found({ preferred_cvss: { score_v3: 11 } })]),
      /score_v3/,
    ],
    [
      'with too many findings',
      reportOf(
        digest,
        Array.from({ length: 20_001 }, () => found()),
      ),
      /20000/,
    ],
    [
      'that is no JSON',
      'Bearer secret-of-ours',
      /^the scanner failed: its report cannot be read: it is not one JSON document without ambiguity$/,
    ],
    ['that says something twice', '{"secret-of-ours":1,"secret-of-ours":2}', /without ambiguity$/],
    ['that nests without end', '['.repeat(5000) + ']'.repeat(5000), /without ambiguity$/],
    ['that is a list', [], /it: /],
  ])('%s is refused', (_name, document, expected) => {
    expect(refusal(document)).toMatch(expected);
    expect(refusal(document)).not.toContain('secret-of-ours');
  });
});

describe('a long report', () => {
  const long = (document: unknown) => readApart(Buffer.from(JSON.stringify(document)), digest);

  test('is read in a thread, and says the same', async () => {
    const report = reportOf(
      digest,
      Array.from({ length: 500 }, (_, at) => found({ id: `CVE-2026-${at}` })),
    );
    const { about, packed } = await long(report);
    expect(about.counts.high).toBe(500);
    expect(packed.length).toBeLessThan(JSON.stringify(report).length / 10);
  });

  test('is refused there as well', async () => {
    const padding = { padding: 'x'.repeat(100_000) };
    await expect(long(reportOf(digestOf('another'), [], padding))).rejects.toThrow('about another image');
  });

  test('of very many values is not parsed, wherever they stand', async () => {
    const many = (value: string) =>
      Buffer.from(
        `{"artifact":{"digest":"${digest}"},"vulnerabilities":[],"x":[${value.repeat(1_000_001)}0]}`,
      );
    for (const value of ['{},', '[],', '0,', '"",', '{"a":'])
      await expect(readApart(many(value), digest)).rejects.toThrow('more than 1000000 values');
    const keys = Array.from({ length: 1_000_001 }, (_, at) => `"${at}":0`).join(',');
    await expect(readApart(Buffer.from(`{${keys}}`), digest)).rejects.toThrow('more than 1000000 values');
  });

  test('of texts with all that stands before values is one of few', async () => {
    const report = reportOf(digest, [found()], { padding: '[{,:\\"'.repeat(200_000) });
    expect((await long(report)).about.counts.high).toBe(1);
  });
});
