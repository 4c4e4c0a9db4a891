import { digestOfFinding } from '@wharfinger/lib/routines/fact-parts';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { LRUCache } from 'lru-cache';
import { chunks, idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';

/** What is remembered of the recorded findings of a database. */
interface Memory {
  /** keys by digests */
  readonly keys: LRUCache<string, number>;
  /** findings by keys: those that were recorded or asked for lately, which are in memory anyway */
  readonly findings: LRUCache<number, FindingFact>;
}

/** Of each database that is open. A finding is recorded once, never changed and never deleted, so what stands here stays true. */
const memories = new WeakMap<Db, Memory>();

/** Findings whose keys are remembered: about 150 bytes each. */
const mostKeys = 100_000;

/** Findings that are remembered whole. */
const mostFindings = 32_768;

function memoryOf(db: Db): Memory {
  let memory = memories.get(db);
  if (!memory) {
    memory = { keys: new LRUCache({ max: mostKeys }), findings: new LRUCache({ max: mostFindings }) };
    memories.set(db, memory);
  }
  return memory;
}

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
  const { keys: known, findings: whole } = memoryOf(db);
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
  const all = new Map<FindingFact, number>();
  for (const finding of findings) {
    const key = keys.get(digestOfFinding(finding))!;
    all.set(finding, key);
    whole.set(key, finding);
  }
  return all;
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
  const { findings: known } = memoryOf(db);
  const found = new Map<number, FindingFact>();
  const missing = new Set<number>();
  for (const key of keys) {
    const finding = known.get(key);
    if (finding) found.set(key, finding);
    else missing.add(key);
  }
  for (const part of chunks([...missing])) {
    const rows = await db
      .selectFrom('recorded_findings')
      .select(['id', 'finding'])
      .where('id', 'in', idsIn(db, part))
      .execute();
    for (const row of rows) {
      const finding = JSON.parse(row.finding) as FindingFact;
      found.set(row.id, finding);
      known.set(row.id, finding);
    }
  }
  const lost = keys.find((key) => !found.has(key));
  if (lost !== undefined) throw new Error(`the finding ${lost} was recorded and is gone`);
  return found;
}
