import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { coverEcosystems, coveredEcosystems, isCovered } from './covered-ecosystems.ts';
import { ensureVersions } from './packages.ts';

describe.each(testDatabases)('covered ecosystems on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const cover = (...ecosystems: string[]) => transact(opened.db, (trx) => coverEcosystems(trx, ecosystems));

  test('tell which package versions were never looked for before', async () => {
    const versions = ['Debian:12', 'Debian:11', 'npm'].map((ecosystem) => ({
      ecosystem,
      name: 'x',
      version: '1',
    }));
    const { all } = await transact(opened.db, (trx) => ensureVersions(trx, versions));
    const idOf = (ecosystem: string) => all.find((one) => one.ecosystem === ecosystem)?.id;
    expect(await cover('Debian:12', 'Go')).toEqual([idOf('Debian:12')]);
    expect(await cover('Debian:12')).toEqual([]);
    expect(await cover('Debian')).toEqual([idOf('Debian:11')]);
    expect(await coveredEcosystems(opened.db)).toEqual(['Debian', 'Debian:12', 'Go']);
  });

  test('are those of the release, or of all releases', () => {
    expect(isCovered(['Debian:12'], 'Debian:12')).toBe(true);
    expect(isCovered(['Debian:12'], 'Debian:13')).toBe(false);
    expect(isCovered(['Alpine:v3.10'], 'Alpine:edge')).toBe(false);
    expect(isCovered(['Debian'], 'Debian:13')).toBe(true);
    expect(isCovered([], 'npm')).toBe(false);
  });
});
