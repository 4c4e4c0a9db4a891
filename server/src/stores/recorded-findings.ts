import { digestOfFinding } from '@wharfinger/lib/routines/fact-parts';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { LRUCache } from 'lru-cache';
import { chunks, idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';

/**
 * Keys of findings by their digests, of each database that is open. A finding is recorded once, never changed and never deleted, so what
 * stands here stays true.
 */
const keysOf = new WeakMap<Db, LRUCache<string, number>>();

/** Findings whose keys are remembered: about 150 bytes each. */
const mostKeys = 100_000;

/**
 * Records findings that were not yet, and gives the keys of all. What is recorded needs no verdict to be true, so it has
 * transactions of its own, before those that keep verdicts.
 *
 * @param db not a transaction: one that is rolled back would take with it what is remembered
 */
export async function keysOfFindings(
  db: Db,
  findings: ReadonlySet<FindingFact>,
): Promise<ReadonlyMap<FindingFact, number>> {
  let known = keysOf.get(db);
  if (!known) keysOf.set(db, (known = new LRUCache({ max: mostKeys })));
  const keys = new Map<string, number>();
  const missing = new Map<string, FindingFact>();
  for (const finding of findings) {
    const digest = digestOfFinding(finding);
    const key = known.get(digest);
    if (key === undefined) missing.set(digest, finding);
    else keys.set(digest, key);
  }
  // always in one order, so that two transactions never wait for each other crosswise
  const sorted = [...missing].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const part of chunks(sorted, 200)) {
    const found = await findKeys(
      db,
      part.map(([digest]) => digest),
    );
    const unknown = part.filter(([digest]) => !found.has(digest));
    if (unknown.length > 0) for (const [digest, key] of await record(db, unknown)) found.set(digest, key);
    for (const [digest, key] of found) {
      known.set(digest, key);
      keys.set(digest, key);
    }
  }
  return new Map([...findings].map((finding) => [finding, keys.get(digestOfFinding(finding))!]));
}

async function record(
  db: Db,
  findings: ReadonlyArray<readonly [digest: string, finding: FindingFact]>,
): Promise<Map<string, number>> {
  const rows = findings.map(([digest, finding]) => ({
    digest: Buffer.from(digest, 'base64url'),
    finding: JSON.stringify(finding),
  }));
  return transact(db, async (trx) => {
    await trx
      .insertInto('recorded_findings')
      .values(rows)
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
    return findKeys(
      trx,
      findings.map(([digest]) => digest),
    );
  });
}

async function findKeys(db: Db, digests: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('recorded_findings')
    .select(['id', 'digest'])
    .where(
      'digest',
      'in',
      digests.map((digest) => Buffer.from(digest, 'base64url')),
    )
    .execute();
  return new Map(rows.map(({ id, digest }) => [Buffer.from(digest).toString('base64url'), id]));
}

/** Findings that were recorded, by key. @throws Error where one is not there, which nothing takes away */
export async function recordedFindings(
  db: Db,
  keys: readonly number[],
): Promise<ReadonlyMap<number, FindingFact>> {
  const found = new Map<number, FindingFact>();
  for (const part of chunks([...new Set(keys)])) {
    const rows = await db
      .selectFrom('recorded_findings')
      .select(['id', 'finding'])
      .where('id', 'in', idsIn(db, part))
      .execute();
    for (const { id, finding } of rows) found.set(id, JSON.parse(finding) as FindingFact);
  }
  const lost = keys.find((key) => !found.has(key));
  if (lost !== undefined) throw new Error(`the finding ${lost} was recorded and is gone`);
  return found;
}
