import { generateKeyPairSync } from 'node:crypto';
import { addImage, byAlice } from '@wharfinger/lib/catalog/catalog.fixtures';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { openSnapshot } from '@wharfinger/lib/signing/channels/snapshot';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { currentSnapshot } from './snapshot.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
const trusted = [parsePublicKey({ name: 'registry', pem: key.publicPem })];

describe.each(testDatabases)('snapshots on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  const start = Date.UTC(2026, 10, 22, 12);
  let minutes = 0;
  let revocations = 1;
  const ask = async (repository = 'team/app') => {
    const parts = {
      db: opened.db,
      registry: 'reg.acme',
      key,
      revocations: () => revocations,
      now: () => new Date(start + minutes * 60_000),
    };
    return openSnapshot(await currentSnapshot(parts, repository), trusted);
  };

  test('name every tag, and stand while nothing changes and they are young', async () => {
    minutes = 0;
    const catalog = createSqlCatalog(opened.db);
    const move = (tag: string, to: Digest) =>
      catalog.moveTag({ repository: 'team/app', tag, to, immutable: () => false, ...byAlice(0) });
    const one = await addImage(catalog, 'team/app', 'one');
    const two = await addImage(catalog, 'team/app', 'two');
    await move('1.0', one);
    const first = await ask();
    expect(first).toMatchObject({ registry: 'reg.acme', repository: 'team/app', version: 1, revocations: 1 });
    expect(first.tags.get('1.0')).toBe(one);
    expect(await ask()).toEqual(first);

    await move('1.0', two);
    const second = await ask();
    expect(second.version).toBe(2);
    expect(second.tags.get('1.0')).toBe(two);

    minutes = 6;
    expect((await ask()).version).toBe(3);
    revocations = 2;
    expect(await ask()).toMatchObject({ version: 4, revocations: 2 });
    await expect(ask('team/none')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('asked for by many at once have a number each that nobody else has', async () => {
    await addImage(createSqlCatalog(opened.db), 'team/app', 'one');
    const all = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const byVersion = Map.groupBy(all, (snapshot) => snapshot.version);
    for (const same of byVersion.values())
      expect(new Set(same.map((snapshot) => JSON.stringify([...snapshot.tags]))).size).toBe(1);
  });
});
