import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { factsFromFragment } from '@wharfinger/lib/routines/fact-fragment';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { recordReports, wholeReports } from './recorded-reports.ts';

describe.each(testDatabases)('what scanners found, as it is recorded on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const scanners = factsFromFragment({
    scanners: {
      trivy: { findings: [{ severity: 'high' }, { fixedIn: '2' }] },
      again: { asked: '2026-02-01T00:00:00Z', findings: [{ severity: 'high' }, { fixedIn: '2' }] },
      clean: { findings: [] },
      down: { state: 'failed', problem: 'it answered 500', findings: null },
    },
  }).scanners!;
  const count = async () =>
    (await opened.db.selectFrom('recorded_reports').select('digest').execute()).length;

  test('is there once, however often and by whomever it is found', async () => {
    const recorded = await recordReports(opened.db, scanners);
    expect(await count()).toBe(2);
    expect(recorded['again']!.findings).toBe(recorded['trivy']!.findings);
    expect(recorded['trivy']!.findings).toMatch(/^sha256:/);
    expect(recorded['down']).toEqual(scanners['down']);
    expect(await recordReports(opened.db, structuredClone(scanners))).toEqual(recorded);
    expect(await count()).toBe(2);
  });

  test('is the same again, remembered or not', async () => {
    const recorded = await recordReports(opened.db, scanners);
    expect(await wholeReports(opened.db, recorded)).toEqual(scanners);
    // another connection remembers nothing
    const other = opened.db.withTables();
    expect(await wholeReports(other, recorded)).toEqual(scanners);
    const { trivy } = await wholeReports(other, recorded);
    expect((await wholeReports(other, recorded))['trivy']!.findings).toBe(trivy!.findings);
  });

  test('cannot be told where it is gone', async () => {
    const recorded = { trivy: { state: 'reported', findings: `sha256:${'0'.repeat(64)}` } };
    await expect(wholeReports(opened.db, recorded)).rejects.toThrow('recorded and are gone');
  });
});
