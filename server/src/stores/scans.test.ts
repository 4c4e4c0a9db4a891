import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { readPacked } from '../scanners/report.ts';
import { found, reportOf } from '../scanners/scanner.fixtures.ts';
import {
  isSourceAt,
  putSource,
  renewAllReports,
  renewReportsOfOthers,
  reportedImages,
  sourceOf,
} from './scan-sources.ts';
import {
  countDueScans,
  dueScans,
  putScansDue,
  renewScans,
  retryScans,
  scanDue,
  scansLacking,
  stopScan,
} from './due-scans.ts';
import { knownScanners, putScanner } from './known-scanners.ts';
import { forgetScans, putFailure, putReport, scanAttempts, scansOf } from './scans.ts';

const digest = digestOf('an image');
const place = { repository: 'team/app', digest };
const own = sourceOf('https://trivy.example', { vendor: 'Aqua', name: 'Trivy' });
const at = (minutes: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minutes));

describe.each(testDatabases)('what scanners say, on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
    await putScanner(opened.db, { name: 'trivy', checkedAt: at(0), source: own });
  });
  afterEach(() => opened.close());

  const due = async (minutes: number) => (await dueScans(opened.db, 'trivy', at(minutes), 10)).length;
  const report = (asked: number, data: Date | undefined, next: number, severity = 'High') =>
    putReport(opened.db, place, 'trivy', {
      ...readPacked(Buffer.from(JSON.stringify(reportOf(digest, [found({ severity })]))), digest),
      source: own,
      askedAt: at(asked),
      endedAt: at(asked + 1),
      dueAt: at(next),
      ...(data && { dataAt: data }),
    });
  const fail = (asked: number, next: number, problem = 'it answered 500') =>
    putFailure(opened.db, place, 'trivy', {
      problem,
      askedAt: at(asked),
      endedAt: at(asked),
      dueAt: at(next),
    });

  test('is nothing until it is asked for, and asked for once', async () => {
    expect(await scansOf(opened.db, digest, ['trivy'])).toEqual([]);
    expect(await scansLacking(opened.db, digest, ['trivy', 'other'])).toEqual(['trivy', 'other']);
    expect(await putScansDue(opened.db, place, ['trivy', 'other'], at(0), false)).toEqual(['trivy', 'other']);
    await report(0, undefined, 100);
    expect(await scansLacking(opened.db, digest, ['trivy', 'third'])).toEqual(['third']);
    expect(await putScansDue(opened.db, place, ['trivy', 'other'], at(5), false)).toEqual(['other']);
    expect(await putScansDue(opened.db, place, ['trivy'], at(5), true)).toEqual(['trivy']);
    expect(await scanDue(opened.db, { digest, scanner: 'trivy' })).toEqual({
      dueAt: at(5),
      repository: 'team/app',
    });
  });

  test('is the last report, whatever failed since', async () => {
    await report(0, at(-10), 100, 'Low');
    await report(10, at(-5), 110);
    await fail(20, 21);
    await fail(21, 23, 'it answered 503');
    const [scan] = await scansOf(opened.db, digest, ['other', 'trivy']);
    expect(scan).toMatchObject({
      scanner: 'trivy',
      failures: 2,
      problem: 'it answered 503',
      dueAt: at(23),
      report: {
        askedAt: at(10),
        dataAt: at(-5),
        counts: { high: 1, low: 0 },
        findings: [{ severity: 'high' }],
      },
    });
    expect(await scanAttempts(opened.db, digest, 'trivy')).toMatchObject([
      { problem: 'it answered 503', askedAt: at(21) },
      { problem: 'it answered 500' },
      { askedAt: at(10), endedAt: at(11), dataAt: at(-5), about: { counts: { high: 1 } } },
      { about: { counts: { low: 1 } } },
    ]);
    await report(30, at(-5), 130);
    const [again] = await scansOf(opened.db, digest, ['trivy']);
    expect(again!.failures).toBe(0);
    expect(again).not.toHaveProperty('problem');
  });

  test('counts for as long as its name stands for the scanner that said it', async () => {
    const reported = async () => (await scansOf(opened.db, digest, ['trivy']))[0]?.report?.askedAt;
    await report(0, undefined, 100);
    expect(await reported()).toEqual(at(0));
    for (const other of [
      sourceOf('https://other.example'),
      sourceOf('https://other.example', { vendor: 'Aqua', name: 'Trivy' }),
      sourceOf('https://trivy.example', { vendor: 'Aqua', name: 'Grype' }),
      sourceOf('https://trivy.example', { vendor: '', name: 'Trivy' }),
    ]) {
      await putSource(opened.db, 'trivy', other);
      expect(await reported()).toBeUndefined();
    }
    expect(await reportedImages(opened.db, 'trivy', { after: '', limit: 10 })).toEqual([digest]);
    expect(await reportedImages(opened.db, 'trivy', { after: digest, limit: 10 })).toEqual([]);
    expect(await due(10)).toBe(0);
    await renewReportsOfOthers(opened.db, 'trivy', [digest], at(10));
    expect(await due(10)).toBe(1);
    await putSource(opened.db, 'trivy', own);
    expect(await reported()).toEqual(at(0));
    await report(20, undefined, 100);
    await renewReportsOfOthers(opened.db, 'trivy', [digest], at(30));
    expect(await due(30)).toBe(0);
    await renewAllReports(opened.db, 'trivy', at(30));
    expect(await due(30)).toBe(1);
    expect(await reported()).toEqual(at(20));
    expect([isSourceAt(own, 'https://trivy.example'), isSourceAt(own, 'https://trivy')]).toEqual([
      true,
      false,
    ]);
  });

  test('has a history that ends', async () => {
    await putScansDue(opened.db, place, ['trivy'], at(0), false);
    for (let minute = 0; minute < 25; minute += 1) await fail(minute, minute, `failure ${minute}`);
    const attempts = await scanAttempts(opened.db, digest, 'trivy');
    expect(attempts.map(({ problem }) => problem)).toEqual(
      Array.from({ length: 20 }, (_, index) => `failure ${24 - index}`),
    );
    const { count } = await opened.db
      .selectFrom('scan_attempts')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(20);
  });

  test('is due by time, the longest first, and not when nobody wants it', async () => {
    await report(0, undefined, 10);
    expect([await due(9), await due(10)]).toEqual([0, 1]);
    const other = { repository: 'team/other', digest: digestOf('another') };
    await putScansDue(opened.db, other, ['trivy'], at(5), false);
    expect((await dueScans(opened.db, 'trivy', at(20), 1))[0]).toEqual(other);
    expect(await countDueScans(opened.db, 'trivy', at(20))).toBe(2);
    await stopScan(opened.db, { digest, scanner: 'trivy' });
    expect(await due(20)).toBe(1);
    expect(await putScansDue(opened.db, place, ['trivy'], at(30), false)).toEqual(['trivy']);
  });

  test('is due where the scanner knows more than when it reported, and the report is old enough', async () => {
    await report(0, at(-10), 1000);
    const renew = async (data: number, askedBefore: number) => {
      await renewScans(opened.db, 'trivy', { data: at(data), askedBefore: at(askedBefore), now: at(50) });
      return due(50);
    };
    expect(await renew(-10, 40)).toBe(0);
    expect(await renew(5, -1)).toBe(0);
    expect(await renew(5, 40)).toBe(1);
  });

  test('is due at once where the scanner had failed and answers again', async () => {
    await report(0, undefined, 1000);
    await retryScans(opened.db, 'trivy', at(50));
    expect(await due(50)).toBe(0);
    await fail(40, 1000);
    await retryScans(opened.db, 'trivy', at(50));
    expect(await due(50)).toBe(1);
  });

  test('is forgotten with the last repository that has the image', async () => {
    await report(0, undefined, 10);
    await forgetScans(opened.db, at(0));
    expect(await scansOf(opened.db, digest, ['trivy'])).toHaveLength(1);
    await forgetScans(opened.db, at(1));
    expect(await scansOf(opened.db, digest, ['trivy'])).toEqual([]);
    expect(await scanAttempts(opened.db, digest, 'trivy')).toEqual([]);
  });

  test('of themselves stays what it was while they do not answer', async () => {
    const about = {
      scanner: { name: 'T', vendor: '', version: '1' },
      produces: ['x'],
      data: '2026-01-01T00:00:00Z',
    };
    await putScanner(opened.db, { name: 'trivy', checkedAt: at(0), about });
    await putScanner(opened.db, { name: 'trivy', checkedAt: at(1), problem: 'away' });
    expect((await knownScanners(opened.db)).get('trivy')).toEqual({
      name: 'trivy',
      checkedAt: at(1),
      problem: 'away',
      about,
      source: own,
    });
    await putScanner(opened.db, { name: 'trivy', checkedAt: at(2), about });
    expect((await knownScanners(opened.db)).get('trivy')).not.toHaveProperty('problem');
  });
});
