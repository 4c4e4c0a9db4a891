import { addImage, byAlice } from '@wharfinger/lib/catalog/catalog.fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { noteSigners, placesSignedBy, placesSignedByOthers } from './evidence-signers.ts';
import {
  addRecord,
  endRecord,
  listRecords,
  recordEver,
  recordInForce,
  recordsInForce,
  type PolicyRecord,
} from './policy-record-rows.ts';
import { lockPolicyVersion, policyVersion, raisePolicyVersion } from './policy-version.ts';
import { putSignatureReport } from './signature-reports.ts';
import {
  addRevocation,
  addRevocationList,
  latestRevocationList,
  revocationsInForce,
  revokedKeys,
} from './revocations.ts';
import { emptyEvidence } from '../testing/empty-evidence.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);
const names = (records: readonly PolicyRecord[]) => records.map(({ name }) => name);
const keyId = (digit: string) => digit.repeat(64);

describe.each(testDatabases)('records of the policy on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const add = (name: string, document: object = { name }, version = 2) =>
    addRecord(opened.db, { kind: 'publisher', name, document }, { by: 'ann', at, version });

  test('the version grows by one with each change, whoever comes at once, and not with one that failed', async () => {
    const { db } = opened;
    const first = await policyVersion(db);
    const raised = await Promise.all(
      Array.from({ length: 5 }, () => transact(db, (trx) => raisePolicyVersion(trx))),
    );
    expect(raised.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5].map((more) => first + more));
    const failing = transact(db, async (trx) => {
      await raisePolicyVersion(trx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await policyVersion(db)).toBe(first + 5);
  });

  test('a version that is locked stays until the transaction ends', async () => {
    const { db } = opened;
    const order: string[] = [];
    let raising: Promise<unknown> | undefined;
    await transact(db, async (trx) => {
      const before = await lockPolicyVersion(trx);
      raising = transact(db, (other) => raisePolicyVersion(other)).then(() => order.push('raised'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await policyVersion(trx)).toBe(before);
      order.push('read');
    });
    await raising;
    expect(order).toEqual(['read', 'raised']);
  });

  test('one of a kind and name is in force; what ended is kept with who ended it, when and why', async () => {
    const { db } = opened;
    const made = await add('acme', { name: 'acme', team: 'a' });
    expect(made).toMatchObject({ kind: 'publisher', name: 'acme', madeBy: 'ann', madeAt: at, version: 2 });
    await expect(add('acme')).rejects.toThrow(/unique/i);
    expect(await recordInForce(db, 'publisher', 'acme')).toEqual(made);
    expect(await recordInForce(db, 'key', 'acme')).toBeUndefined();
    const act = { by: 'bob', at: later(1), reason: 'left' };
    const ended = await endRecord(db, 'publisher', 'acme', act);
    expect(ended).toEqual({ ...made, ended: act });
    expect(await endRecord(db, 'publisher', 'acme', act)).toBeUndefined();
    expect(await recordInForce(db, 'publisher', 'acme')).toBeUndefined();
    expect(await recordEver(db, 'publisher', 'acme')).toBe(true);
    expect(await recordEver(db, 'key', 'acme')).toBe(false);
    const again = await add('acme', { name: 'acme', team: 'b' }, 3);
    const page = { after: 0, limit: 10 };
    expect(await listRecords(db, 'publisher', { ...page, ended: false })).toEqual([again]);
    expect(await listRecords(db, 'publisher', { ...page, ended: true })).toEqual([ended, again]);
    expect(await recordsInForce(db)).toEqual([again]);
  });

  test('records are listed in pages', async () => {
    const { db } = opened;
    for (const name of ['a', 'b', 'c']) await add(name);
    const first = await listRecords(db, 'publisher', { after: 0, limit: 2, ended: false });
    expect(names(first)).toEqual(['a', 'b']);
    const after = first.at(-1)!.id;
    expect(names(await listRecords(db, 'publisher', { after, limit: 2, ended: false }))).toEqual(['c']);
  });

  test('a key that is revoked again is never revoked less', async () => {
    const { db } = opened;
    const revoke = (key: string, compromisedSince?: Date, reason = 'lost') =>
      addRevocation(db, { keyId: key, signer: 'k', compromisedSince, reason, by: 'ann', at });
    await revoke(keyId('a'), later(-60));
    await revoke(keyId('a'), later(-30), 'milder');
    await revoke(keyId('b'));
    await revoke(keyId('b'), later(-30), 'milder');
    await revoke(keyId('c'), later(-30), 'milder');
    await revoke(keyId('c'), later(-60));
    const since = later(-60).toISOString();
    const rest = { revokedAt: at.toISOString(), reason: 'lost' };
    expect(await revokedKeys(db)).toEqual([
      { keyId: keyId('a'), compromisedSince: since, ...rest },
      { keyId: keyId('b'), ...rest },
      { keyId: keyId('c'), compromisedSince: since, ...rest },
    ]);
  });

  test('the list that was issued last is in force; before the first, one that has expired', async () => {
    const { db } = opened;
    expect(await latestRevocationList(db)).toBeUndefined();
    expect(await revocationsInForce(db)).toEqual({
      version: 0,
      issuedAt: new Date(0).toISOString(),
      expires: new Date(0).toISOString(),
      entries: [],
    });
    for (const version of [1, 2])
      await addRevocationList(db, { version, issuedAt: at, expires: later(version), envelope: `${version}` });
    expect(await latestRevocationList(db)).toEqual({
      version: 2,
      issuedAt: at,
      expires: later(2),
      envelope: '2',
    });
    await expect(
      addRevocationList(db, { version: 2, issuedAt: at, expires: at, envelope: 'x' }),
    ).rejects.toThrow(/unique/i);
  });

  test('whose keys made what counts is known by key, as of the last report, and gone with the image', async () => {
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const digest = await addImage(catalog, 'a', 'x');
    await addImage(catalog, 'b', 'x');
    const report = { report: emptyEvidence, madeFrom: 'm' };
    for (const repository of ['a', 'b']) {
      await putSignatureReport(db, { repository, digest }, report, 0, at);
      await noteSigners(db, { repository, digest }, [keyId('a'), keyId('b'), keyId('a')]);
    }
    expect(await placesSignedBy(db, keyId('a'))).toEqual([
      { repository: 'a', digest },
      { repository: 'b', digest },
    ]);
    expect(await placesSignedByOthers(db, [keyId('a')])).toHaveLength(2);
    expect(await placesSignedByOthers(db, [])).toEqual(await placesSignedBy(db, keyId('a')));
    expect(await placesSignedByOthers(db, [keyId('a'), keyId('b')])).toEqual([]);
    await noteSigners(db, { repository: 'a', digest }, [keyId('b')]);
    expect(await placesSignedByOthers(db, [keyId('b')])).toEqual([{ repository: 'b', digest }]);
    expect(await placesSignedBy(db, keyId('a'))).toEqual([{ repository: 'b', digest }]);
    await catalog.deleteManifest('b', digest, byAlice(1));
    expect(await placesSignedBy(db, keyId('a'))).toEqual([]);
    await noteSigners(db, { repository: 'none', digest }, [keyId('a')]);
    expect(await placesSignedBy(db, keyId('b'))).toEqual([{ repository: 'a', digest }]);
  });
});
