import { addImage, byAlice } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { holdImage, holdsOf, releaseImage, standingHold } from './holds.ts';
import { getLayerInventory, hasLayerInventory, putLayerInventory } from './layer-inventories.ts';
import { changesOf, noteChanges } from './image-changes.ts';
import { getSignatureReport, putSignatureReport } from './signature-reports.ts';
import { getSetting, putSetting } from './settings.ts';
import { emptyEvidence } from '../testing/empty-evidence.ts';
import { createSqlCatalog } from './sql-catalog.ts';
import { verdictBasis } from './verdict-basis.ts';
import { expiredVerdicts, getVerdict, putVerdicts, type StoredVerdict } from './verdicts.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);

/** Keeps a verdict after so many others; false if it was not kept. */
async function put(db: Db, stored: StoredVerdict, facts: number, after = 0): Promise<boolean> {
  const kept = await putVerdicts(db, [{ ...stored, facts, after, results: null }]);
  return kept.size > 0;
}

function verdictOn(repository: string, digest: Digest, rest: Partial<Verdict> = {}): Verdict {
  const base = { purpose: 'pull', outcome: 'allow', decided: true, reasons: [], passed: ['r'] } as const;
  return { ...base, digest, repository, at: at.toISOString(), ...rest };
}

describe.each(testDatabases)('records on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const image = (repository: string, name: string) => addImage(createSqlCatalog(opened.db), repository, name);

  test('verdicts are kept per repository and purpose, the last one counts', async () => {
    const { db } = opened;
    const digest = await image('a', 'x');
    await image('b', 'x');
    const madeFrom = { advisories: 'g1', rules: 7 };
    const first = verdictOn('a', digest, { outcome: 'hold', decided: false });
    expect(await put(db, { verdict: first, madeFrom }, 0)).toBe(true);
    expect(await getVerdict(db, { repository: 'a', digest }, 'pull')).toEqual({ verdict: first, madeFrom });
    const second = verdictOn('a', digest, { validUntil: later(60).toISOString() });
    await put(db, { verdict: second, madeFrom: {} }, 0, 1);
    expect(await getVerdict(db, { repository: 'a', digest }, 'pull')).toEqual({
      verdict: second,
      madeFrom: {},
    });
    expect(await getVerdict(db, { repository: 'a', digest }, 'deploy')).toBeUndefined();
    expect(await getVerdict(db, { repository: 'b', digest }, 'pull')).toBeUndefined();
  });

  test('a verdict made of facts that have changed since does not stand, and never takes the place of a later one', async () => {
    const { db } = opened;
    const place = { repository: 'a', digest: await image('a', 'x') };
    const other = { repository: 'b', digest: await image('b', 'x') };
    const basis = async () => (await verdictBasis(db, [place], [inventoryFormat]))[0];
    const before = await changesOf(db, place);
    await noteChanges(db, [place, { repository: 'a', digest: digestOf('none') }], 'facts');
    const after = await changesOf(db, place);
    expect(after).toEqual({ facts: before.facts + 1, evidence: before.evidence });
    expect(await changesOf(db, other)).toEqual(before);
    const late = verdictOn('a', place.digest, { outcome: 'allow' });
    expect(await put(db, { verdict: late, madeFrom: {} }, before.facts)).toBe(true);
    expect(await getVerdict(db, place, 'pull')).toBeUndefined();
    expect((await basis())?.last).toMatchObject({ verdict: late, isBasis: false });
    const held = verdictOn('a', place.digest, { outcome: 'hold' });
    expect(await put(db, { verdict: held, madeFrom: {} }, after.facts, 1)).toBe(true);
    expect(await put(db, { verdict: late, madeFrom: {} }, before.facts, 2)).toBe(false);
    // another one came between
    expect(await put(db, { verdict: late, madeFrom: {} }, after.facts, 1)).toBe(false);
    expect((await getVerdict(db, place, 'pull'))?.verdict).toEqual(held);
    await createSqlCatalog(db).deleteManifest('a', place.digest, byAlice(1));
    await image('a', 'x');
    expect(await changesOf(db, place)).toEqual(after);
    expect(await basis()).toMatchObject({ facts: after.facts });
    expect(await basis()).not.toHaveProperty('last');
  });

  test('verdicts and reports are about manifests that are there, and go with them', async () => {
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const stored = { report: emptyEvidence, madeFrom: 'k' };
    const nowhere = { repository: 'a', digest: digestOf('none') };
    expect(await put(db, { verdict: verdictOn('a', digestOf('none')), madeFrom: {} }, 0)).toBe(false);
    expect(await putSignatureReport(db, nowhere, stored, 0, at)).toBe(false);
    const place = { repository: 'a', digest: await image('a', 'x') };
    await put(db, { verdict: verdictOn('a', place.digest), madeFrom: {} }, 0);
    expect(await putSignatureReport(db, place, stored, 0, at)).toBe(true);
    await catalog.deleteManifest('a', place.digest, byAlice(1));
    await image('a', 'x');
    expect(await getVerdict(db, place, 'pull')).toBeUndefined();
    expect(await getSignatureReport(db, place)).toBeUndefined();
  });

  test('verdicts are found when time ends them', async () => {
    const { db } = opened;
    const digests = [await image('a', 'x'), await image('a', 'y'), await image('a', 'z')];
    const ends = [later(20), later(10), undefined];
    for (const [n, digest] of digests.entries()) {
      const validUntil = ends[n]?.toISOString();
      const verdict = verdictOn('a', digest, validUntil === undefined ? {} : { validUntil });
      await put(db, { verdict, madeFrom: {} }, 0);
    }
    expect(await expiredVerdicts(db, later(9), 10)).toEqual([]);
    expect((await expiredVerdicts(db, later(20), 10)).map((place) => place.digest)).toEqual([
      digests[1],
      digests[0],
    ]);
    expect(await expiredVerdicts(db, later(20), 1)).toHaveLength(1);
  });

  test('reports on signatures stand until the evidence changes, whatever else does', async () => {
    const { db } = opened;
    const place = { repository: 'a', digest: await image('a', 'x') };
    const valid = [
      {
        format: 'cosign-v3',
        key: 'release',
        keyId: 'ab',
        principal: 'ann',
        purposes: ['release'],
        evidence: digestOf('e'),
      },
    ] as const;
    const report = { ...emptyEvidence, report: { valid, refused: [] }, keyIds: ['ab'] };
    await putSignatureReport(db, place, { report, madeFrom: 'k1' }, 0, at);
    await putSignatureReport(db, place, { report, madeFrom: 'k2' }, 0, at);
    expect(await getSignatureReport(db, place)).toEqual({ report, madeFrom: 'k2' });
    await noteChanges(db, [place], 'facts');
    expect(await getSignatureReport(db, place)).toEqual({ report, madeFrom: 'k2' });
    await noteChanges(db, [place], 'evidence');
    expect(await getSignatureReport(db, place)).toBeUndefined();
    expect(await putSignatureReport(db, place, { report, madeFrom: 'k3' }, 1, at)).toBe(true);
    expect(await putSignatureReport(db, place, { report, madeFrom: 'k2' }, 0, at)).toBe(false);
    expect(await getSignatureReport(db, place)).toEqual({ report, madeFrom: 'k3' });
  });

  test('a hold stands until it is released, also while the manifest is gone; both acts are kept', async () => {
    const { db } = opened;
    const place = { repository: 'a', digest: digestOf('held') };
    const hold = { by: 'bob', at, reason: 'looks odd' };
    expect(await releaseImage(db, place, { ...hold, by: 'carol' })).toEqual([]);
    await holdImage(db, place, hold);
    await holdImage(db, place, { ...hold, reason: 'really odd' });
    expect(await standingHold(db, place)).toMatchObject({ ...place, ...hold });
    expect(await standingHold(db, { ...place, repository: 'b' })).toBeUndefined();
    const release = { by: 'carol', at: later(5), reason: 'examined' };
    expect(await releaseImage(db, place, release)).toHaveLength(2);
    expect(await standingHold(db, place)).toBeUndefined();
    expect(await holdsOf(db, place)).toMatchObject([
      { ...hold, released: release },
      { ...hold, reason: 'really odd', released: release },
    ]);
    await holdImage(db, place, { ...hold, reason: 'again' });
    expect(await standingHold(db, place)).toMatchObject({ reason: 'again' });
  });

  test('inventories of layers are kept, replaced by those of a new format, and come back as they were', async () => {
    const { db } = opened;
    const digest = digestOf('layer');
    const packed = Buffer.from([0, 255, 1]);
    expect(await hasLayerInventory(db, digest, 1)).toBe(false);
    await putLayerInventory(db, digest, { format: 1, packed: Buffer.from('first') }, at);
    await putLayerInventory(db, digest, { format: 1, packed }, at);
    expect(Buffer.from((await getLayerInventory(db, digest, 1))!)).toEqual(packed);
    expect(await hasLayerInventory(db, digest, 1)).toBe(true);
    expect(await getLayerInventory(db, digest, 2)).toBeUndefined();
    expect(await hasLayerInventory(db, digest, 2)).toBe(false);
  });

  test('settings are any JSON, and absent until they are put', async () => {
    const { db } = opened;
    expect(await getSetting(db, 'x')).toBeUndefined();
    for (const value of [{ a: [1, null] }, 'text', 0, null]) {
      await putSetting(db, 'x', value);
      expect(await getSetting(db, 'x')).toEqual(value);
    }
  });
});
