import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { importAdvisories } from './advisories.ts';
import { advisoryEdition } from './advisory-edition.ts';
import { removeAdvisories } from './advisory-removal.ts';
import { putThreats } from './threats.ts';

const at = new Date(0);
const advisory: Advisory = {
  id: 'CVE-2026-1000',
  aliases: [],
  summary: 'one',
  severity: 'high',
  malicious: false,
  affected: [{ ecosystem: 'npm', name: 'left', versions: ['1.0.0'], ranges: [] }],
  references: [],
};

describe.each(testDatabases)('the edition of advisories, on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  test('is another one after each change of what they or threats say, in text too, and after no other import', async () => {
    const { db } = opened;
    const isChangedBy = async (work: Parameters<typeof transact<unknown>>[1]): Promise<boolean> => {
      const before = await advisoryEdition(db);
      await transact(db, work);
      return (await advisoryEdition(db)) !== before;
    };
    const threat = { exploited: { added: '2026-01-01T00:00:00Z' } };
    const said = [
      await isChangedBy((trx) => importAdvisories(trx, [advisory], at)),
      await isChangedBy((trx) => importAdvisories(trx, [advisory], at)),
      await isChangedBy((trx) => importAdvisories(trx, [{ ...advisory, summary: 'two' }], at)),
      await isChangedBy((trx) => importAdvisories(trx, [{ ...advisory, severity: 'low' }], at)),
      await isChangedBy((trx) => putThreats(trx, 'kev', new Map([['CVE-2026-1000', threat]]), at)),
      await isChangedBy((trx) => putThreats(trx, 'kev', new Map([['CVE-2026-1000', threat]]), at)),
      await isChangedBy((trx) => removeAdvisories(trx, ['CVE-2026-1000'], at)),
      await isChangedBy((trx) => removeAdvisories(trx, ['CVE-2026-1000'], at)),
    ];
    expect(said).toEqual([true, false, true, true, true, false, true, false]);
    expect(await advisoryEdition(db)).toBe(5);
  });
});
