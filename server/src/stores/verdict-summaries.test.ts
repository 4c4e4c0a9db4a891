import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { expect, test } from 'vitest';
import { testDatabases } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { noteChanges } from './image-changes.ts';
import { createSqlCatalog } from './sql-catalog.ts';
import { verdictSummaries } from './verdict-summaries.ts';
import { putVerdicts } from './verdicts.ts';

test.each(testDatabases)(
  'on $name verdicts of many places are told in their order, with what tells whether they stand',
  async (kind) => {
    const opened = await kind.open();
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const at = '2026-01-02T03:04:05.678Z';
    const validUntil = '2026-02-01T00:00:00.000Z';
    const verdictOf = (digest: Digest): Verdict => ({
      digest,
      repository: 'a',
      purpose: 'pull',
      outcome: 'hold',
      decided: false,
      reasons: [],
      passed: [],
      at,
    });
    const [stands, changed, unjudged] = await Promise.all(
      ['stands', 'changed', 'unjudged'].map((name) => addImage(catalog, 'a', name)),
    );
    const rest = { madeFrom: { policy: 'p' }, facts: 0, after: 0, results: null };
    await transact(db, async (trx) =>
      putVerdicts(trx, [
        { verdict: { ...verdictOf(stands!), validUntil }, ...rest },
        { verdict: verdictOf(changed!), ...rest },
      ]),
    );
    await transact(db, (trx) => noteChanges(trx, [{ repository: 'a', digest: changed! }], 'advisories'));
    const { id } = await db.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
    const places = [digestOf('gone'), unjudged!, changed!, stands!].map((digest) => ({
      imageId: 0,
      repositoryId: id,
      repository: 'a',
      digest,
    }));
    const common = { outcome: 'hold', decided: false, at: new Date(at), madeFrom: { policy: 'p' } };
    expect(await verdictSummaries(db, places, 'pull')).toEqual([
      undefined,
      null,
      { ...common, ofNow: false },
      { ...common, validUntil: new Date(validUntil), ofNow: true },
    ]);
    expect(await verdictSummaries(db, places.slice(3), 'deploy')).toEqual([null]);
    expect(await verdictSummaries(db, [], 'pull')).toEqual([]);
    await opened.close();
  },
);
