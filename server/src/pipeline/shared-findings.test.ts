import type { AdvisoryHead } from '@wharfinger/lib/advisories/advisory-index';
import type { Threat } from '@wharfinger/lib/advisories/threats';
import type { InstalledPackage } from '@wharfinger/lib/assess/findings-of-image';
import { expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import type { StoredMatch } from '../stores/findings.ts';
import { sharedFindings, type FindingSource } from './shared-findings.ts';

const head: AdvisoryHead = {
  id: 'CVE-2026-1000',
  aliases: [],
  summary: 'one',
  severity: 'high',
  malicious: false,
  references: [],
};
const subject = { id: 7, nameId: 3, ecosystem: 'npm', name: 'left', version: '1.0.0' };

function match(advisory: AdvisoryHead, fixedIn: string, rest: Partial<StoredMatch> = {}): StoredMatch {
  return {
    subject,
    advisory,
    match: { advisory: advisory.id, fixedIn },
    firstImported: new Date(0),
    ...rest,
  };
}

test('flaws are known in the edition that they were read in, and are the same object where they are read again', () => {
  const memory = sharedFindings({} as Db);
  const { flaws: first } = memory.learnFlaws(7, 1, [match(head, '1.0.5')]);
  expect([memory.flaws(7, 1)?.flaws, memory.flaws(7, 2), memory.flaws(8, 1)]).toEqual([
    first,
    undefined,
    undefined,
  ]);
  expect(memory.learnFlaws(7, 2, [match(head, '1.0.5')]).flaws).toBe(first);
  expect([memory.flaws(7, 1), memory.flaws(7, 2)?.flaws]).toEqual([undefined, first]);
});

test('flaws of anything else are others', () => {
  const memory = sharedFindings({} as Db);
  const others = [
    [match(head, '1.0.6')],
    [match(head, '1.0.5', { firstImported: new Date(1) })],
    [match(head, '1.0.5', { subject: { ...subject, name: 'right' } })],
    [match({ ...head, summary: 'two' }, '1.0.5')],
    [match(head, '1.0.5'), match({ ...head, id: 'CVE-2026-1001' }, '1.0.5')],
    [],
  ];
  for (const other of others) {
    const { flaws: before } = memory.learnFlaws(7, 1, [match(head, '1.0.5')]);
    expect(memory.learnFlaws(7, 2, other).flaws).not.toEqual(before);
  }
});

test('findings are the same objects where package, flaws and threats are the same, and say otherwise where one is not', () => {
  const memory = sharedFindings({} as Db);
  const installed: InstalledPackage = {
    name: 'left',
    version: '1.0.0',
    purl: 'pkg:npm/left@1.0.0',
    layer: 2,
    match: { ecosystem: 'npm', name: 'left', version: '1.0.0' },
  };
  const epss = (score: number): ReadonlyMap<string, Threat> =>
    new Map([[head.id, { epss: { score, percentile: 0.5, date: '2026-01-01' } } as Threat]]);
  const { flaws } = memory.learnFlaws(7, 1, [match(head, '1.0.5')]);
  const source: FindingSource = { installed, flaws, threats: epss(0.1) };
  const first = memory.learnFindings(1, 1, source);
  expect(first).toMatchObject([{ package: 'left', fixedIn: '1.0.5', layer: 2, epss: { score: 0.1 } }]);
  expect(memory.findings(1, 1)).toBe(first);
  expect([memory.findings(1, 2), memory.findings(2, 1)]).toEqual([undefined, undefined]);
  expect(memory.learnFindings(1, 2, { ...source, threats: epss(0.1) })).toBe(first);
  const later = memory.learnFlaws(7, 3, [match(head, '1.0.6')]).flaws;
  const others: FindingSource[] = [
    { ...source, threats: epss(0.2) },
    { ...source, threats: new Map() },
    { ...source, installed: { ...installed, name: 'left-pad' } },
    { ...source, flaws: later },
  ];
  for (const other of others) {
    memory.learnFindings(1, 3, source);
    expect(memory.learnFindings(1, 4, other)).not.toEqual(first);
  }
});
