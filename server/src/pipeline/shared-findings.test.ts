import type { AdvisoryHead } from '@wharfinger/lib/advisories/advisory-index';
import type { Threat } from '@wharfinger/lib/advisories/threats';
import { expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import type { StoredMatch } from '../stores/findings.ts';
import { sharedFindings } from './shared-findings.ts';

const head: AdvisoryHead = {
  id: 'CVE-2026-1000',
  aliases: [],
  summary: 'one',
  severity: 'high',
  malicious: false,
  references: [],
};

function match(advisory: AdvisoryHead, fixedIn: string, imported = 0): StoredMatch {
  const subject = { id: 7, nameId: 3, ecosystem: 'npm', name: 'left', version: '1.0.0' };
  return { subject, advisory, match: { advisory: advisory.id, fixedIn }, firstImported: new Date(imported) };
}

test('what the database says again is the same object, and anything else is another', () => {
  const memory = sharedFindings({} as Db);
  const first = memory.flaws(7, [match(head, '1.0.5')]);
  expect(memory.flaws(7, [match(head, '1.0.5')])).toBe(first);
  const others = [
    [match(head, '1.0.6')],
    [match(head, '1.0.5', 1)],
    [match({ ...head, summary: 'two' }, '1.0.5')],
    [match(head, '1.0.5'), match({ ...head, id: 'CVE-2026-1001' }, '1.0.5')],
    [],
  ];
  for (const other of others) {
    const before = memory.flaws(7, [match(head, '1.0.5')]);
    expect(memory.flaws(7, other)).not.toBe(before);
  }
});

test('findings are found again for the same flaws and threats alone', () => {
  const memory = sharedFindings({} as Db);
  const flaws = memory.flaws(7, [match(head, '1.0.5')]);
  const epss = (score: number): ReadonlyMap<string, Threat> =>
    memory.threats(new Map([[head.id, { epss: { score, percentile: 0.5, date: '2026-01-01' } } as Threat]]));
  memory.keep(1, { flaws, threats: epss(0.1) }, []);
  expect(memory.find(1, { flaws, threats: epss(0.1) })).toEqual([]);
  expect(memory.find(1, { flaws, threats: epss(0.2) })).toBeUndefined();
  expect(memory.find(1, { flaws, threats: new Map() })).toBeUndefined();
  expect(memory.find(2, { flaws, threats: epss(0.1) })).toBeUndefined();
  const again = memory.flaws(7, [match(head, '1.0.6')]);
  expect(memory.find(1, { flaws: again, threats: epss(0.1) })).toBeUndefined();
});
