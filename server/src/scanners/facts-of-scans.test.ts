import { digestOf } from '@wharfinger/lib/oci/digest';
import { expect, test } from 'vitest';
import type { StoredScan } from '../stores/scans.ts';
import { factsOfScans } from './facts-of-scans.ts';
import { readReport } from './report.ts';
import { found, reportOf } from './scanner.fixtures.ts';

const digest = digestOf('an image');
const scan = (more: Partial<StoredScan>): StoredScan => ({
  scanner: 'trivy',
  digest,
  repository: 'team/app',
  failures: 0,
  ...more,
});
const report = {
  ...readReport(Buffer.from(JSON.stringify(reportOf(digest, [found()]))), digest),
  askedAt: new Date('2026-01-01T00:00:00Z'),
};

test('no scanner is bound: nothing is known, not that there is nothing', () => {
  expect(factsOfScans([], [scan({ report })])).toBeUndefined();
});

test('each that is bound has a state, and others say nothing', () => {
  const scans = [
    scan({ scanner: 'down', problem: 'it answered 500', failures: 3 }),
    scan({ scanner: 'unbound', report }),
    scan({ scanner: 'waiting' }),
  ];
  expect(factsOfScans(['down', 'new', 'waiting'], scans)).toEqual({
    down: { state: 'failed', problem: 'it answered 500' },
    new: { state: 'none' },
    waiting: { state: 'none' },
  });
});

test('the last report counts, whatever failed since, by its own times', () => {
  const { trivy } = factsOfScans(['trivy'], [scan({ report, problem: 'it answered 500', failures: 1 })])!;
  expect(trivy).toEqual({
    state: 'reported',
    scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
    asked: '2026-01-01T00:00:00.000Z',
    counts: { unscored: 0, none: 0, low: 0, medium: 0, high: 1, critical: 0 },
    findings: [
      {
        id: 'CVE-2026-0001',
        package: 'left-pad',
        version: '1.3.0',
        fixedIn: '1.3.1',
        severity: 'high',
        score: 7.5,
        cwes: ['CWE-400'],
      },
    ],
  });
});
