import { displayHash, matchHash, weightHash } from '@wharfinger/lib/advisories/advisory-hashes';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import type { AdvisoryHead } from '@wharfinger/lib/advisories/advisory-index';
import type { GenerationElement } from '@wharfinger/lib/advisories/generation';
import { LRUCache } from 'lru-cache';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { countAdvisoryChange } from './advisory-edition.ts';
import { updateGeneration } from './advisory-generation.ts';
import { putAdvisoryNames } from './advisory-names.ts';
import { ensureNames, lockNames, nameKey } from './packages.ts';

/** What an import has changed; keys and names as `recomputeFindings` and `versionsWithFindings` take them. */
export interface ImportResult {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** keys of package names for which matches may have changed */
  readonly touchedNames: readonly number[];
  /** keys of advisories that weigh otherwise in verdicts, with the same matches */
  readonly reweighed: readonly number[];
}

interface Known {
  readonly key: number;
  readonly match_hash: string;
  readonly weight_hash: string;
  readonly display_hash: string;
}

/** A stored advisory and its key. */
export interface Candidate {
  readonly key: number;
  readonly advisory: Advisory;
}

/** What of a stored advisory is told about a match. */
export interface StoredHead {
  readonly advisory: AdvisoryHead;
  readonly firstImported: Date;
}

/**
 * Stores a batch of advisories (a few thousand at most). Call it in a transaction, and `recomputeFindings` with what it
 * returns in the same one, so that no verdict is ever made from a half.
 */
export async function importAdvisories(
  trx: Db,
  advisories: readonly Advisory[],
  at: Date,
): Promise<ImportResult> {
  // A record that stands twice in a batch counts once, the last one.
  const batch = new Map(advisories.map((advisory) => [advisory.id, advisory]));
  const known = await findKnown(trx, [...batch.keys()]);
  const rows = [...batch.values()].map((advisory) => ({
    id: advisory.id,
    match_hash: matchHash(advisory),
    weight_hash: weightHash(advisory),
    display_hash: displayHash(advisory),
    first_imported: at.getTime(),
    changed_at: at.getTime(),
    ...columnsOf(advisory),
  }));
  const added = rows.filter((row) => !known.has(row.id));
  const changed = rows.filter((row) => {
    const before = known.get(row.id);
    return (
      before && (differ(before, row, 'match_hash') || differ(before, row, 'weight_hash', 'display_hash'))
    );
  });
  const rematched = changed.filter((row) => differ(known.get(row.id)!, row, 'match_hash'));
  const reweighed = changed.filter(
    (row) => !rematched.includes(row) && differ(known.get(row.id)!, row, 'weight_hash'),
  );

  for (const part of chunks([...added, ...changed], 500)) {
    await trx
      .insertInto('advisories')
      .values(part)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({
          match_hash: eb.ref('excluded.match_hash'),
          weight_hash: eb.ref('excluded.weight_hash'),
          display_hash: eb.ref('excluded.display_hash'),
          changed_at: eb.ref('excluded.changed_at'),
          head: eb.ref('excluded.head'),
          affected: eb.ref('excluded.affected'),
        })),
      )
      .execute();
  }
  const stored = await findKnown(
    trx,
    [...added, ...changed].map((row) => row.id),
  );
  await putAdvisoryNames(
    trx,
    [...stored].map(([id, { key }]) => ({ key, advisory: batch.get(id)! })),
  );
  if (stored.size > 0) await countAdvisoryChange(trx);
  await updateGeneration(
    trx,
    [...rematched, ...reweighed].map((row) => elementOf(known.get(row.id)!)),
    [...added, ...rematched, ...reweighed].map(elementOf),
    at,
  );
  // What an advisory says of one package alone is kept with the findings, so these are made again for a weight too.
  const moved = [...added, ...rematched, ...reweighed].map((row) => batch.get(row.id)!);
  return {
    added: added.length,
    changed: changed.length,
    unchanged: rows.length - added.length - changed.length,
    touchedNames: await replaceNames(trx, moved),
    reweighed: reweighed.map((row) => known.get(row.id)!.key),
  };
}

function elementOf(row: {
  readonly id: string;
  readonly match_hash: string;
  readonly weight_hash: string;
}): GenerationElement {
  return { id: row.id, matchHash: row.match_hash, weightHash: row.weight_hash };
}

function differ(
  before: Known,
  after: Omit<Known, 'key'>,
  ...fields: Array<keyof Omit<Known, 'key'>>
): boolean {
  return fields.some((field) => before[field] !== after[field]);
}

async function findKnown(db: Db, ids: readonly string[]): Promise<Map<string, Known & { id: string }>> {
  const known = new Map<string, Known & { id: string }>();
  for (const part of chunks(ids)) {
    const rows = await db
      .selectFrom('advisories')
      .select(['key', 'id', 'match_hash', 'weight_hash', 'display_hash'])
      .where('id', 'in', part)
      .execute();
    for (const row of rows) known.set(row.id, row);
  }
  return known;
}

/** Notes which names the advisories are about now; returns the keys of those and of the names they were about before. */
async function replaceNames(trx: Db, advisories: readonly Advisory[]): Promise<number[]> {
  const touched = new Set<number>();
  const keys = await findKnown(
    trx,
    advisories.map((advisory) => advisory.id),
  );
  const names = await ensureNames(
    trx,
    advisories.flatMap((advisory) => advisory.affected),
  );
  await lockNames(trx, names.values());
  for (const part of chunks([...keys.values()])) {
    const before = await trx
      .deleteFrom('advisory_affected')
      .where(
        'advisory_key',
        'in',
        part.map((row) => row.key),
      )
      .returning('name_id')
      .execute();
    for (const row of before) touched.add(row.name_id);
  }
  const rows = advisories.flatMap((advisory) => {
    const nameIds = new Set(advisory.affected.map((item) => nameKey(names, item.ecosystem, item.name)));
    return [...nameIds].map((nameId) => ({ name_id: nameId, advisory_key: keys.get(advisory.id)!.key }));
  });
  for (const part of chunks(rows)) await trx.insertInto('advisory_affected').values(part).execute();
  for (const row of rows) touched.add(row.name_id);
  return [...touched];
}

/** The advisories that are about a name of these, by name; withdrawn ones too. */
export async function advisoriesOfNames(
  db: Db,
  nameIds: Iterable<number>,
): Promise<Map<number, Candidate[]>> {
  const byName = new Map<number, Candidate[]>();
  for (const ids of chunks([...new Set(nameIds)])) {
    const rows = await db
      .selectFrom('advisory_affected')
      .innerJoin('advisories', 'advisories.key', 'advisory_affected.advisory_key')
      .select(['name_id', 'key', 'id', 'head', 'affected'])
      .where('name_id', 'in', ids)
      .orderBy('advisories.id')
      .execute();
    const candidates = new Map<number, Candidate>();
    for (const row of rows) {
      const candidate = candidates.get(row.key) ?? { key: row.key, advisory: advisoryOf(row) };
      candidates.set(row.key, candidate);
      const known = byName.get(row.name_id);
      if (known) known.push(candidate);
      else byName.set(row.name_id, [candidate]);
    }
  }
  return byName;
}

/** An advisory as its publisher calls it; undefined: it was never imported. */
export async function getAdvisory(db: Db, id: string): Promise<Advisory | undefined> {
  const row = await db
    .selectFrom('advisories')
    .select(['head', 'affected'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row && advisoryOf(row);
}

/** Advisories as their publishers call them, whole, in the order of their ids. */
export async function advisoriesById(
  db: Db,
  ids: readonly string[],
): Promise<Array<{ readonly advisory: Advisory; readonly firstImported: Date }>> {
  const found: Array<{ advisory: Advisory; firstImported: Date }> = [];
  for (const part of chunks([...new Set(ids)].sort())) {
    const rows = await db
      .selectFrom('advisories')
      .select(['head', 'affected', 'first_imported'])
      .where('id', 'in', part)
      .orderBy('id')
      .execute();
    for (const row of rows)
      found.push({ advisory: advisoryOf(row), firstImported: new Date(row.first_imported) });
  }
  return found;
}

/**
 * What is told of advisories, by its text as it is stored: most verdicts tell of few. So one advisory is one object for as long as
 * it says the same, by which others know that nothing has changed.
 */
const heads = new LRUCache<string, AdvisoryHead>({ max: 10_000 });

function headOf(text: string): AdvisoryHead {
  let head = heads.get(text);
  if (head === undefined) heads.set(text, (head = JSON.parse(text) as AdvisoryHead));
  return head;
}

/** What is told about matches of these advisories, by key. */
export async function advisoryHeads(db: Db, keys: Iterable<number>): Promise<Map<number, StoredHead>> {
  const found = new Map<number, StoredHead>();
  for (const part of chunks([...new Set(keys)])) {
    const rows = await db
      .selectFrom('advisories')
      .select(['key', 'head', 'first_imported'])
      .where('key', 'in', part)
      .execute();
    for (const row of rows)
      found.set(row.key, { advisory: headOf(row.head), firstImported: new Date(row.first_imported) });
  }
  return found;
}

function columnsOf({ affected, ...head }: Advisory): { head: string; affected: string } {
  return { head: JSON.stringify(head), affected: JSON.stringify(affected) };
}

function advisoryOf({ head, affected }: { head: string; affected: string }): Advisory {
  return {
    ...(JSON.parse(head) as AdvisoryHead),
    affected: JSON.parse(affected) as Advisory['affected'],
  };
}

/** How many advisories there are. */
export async function countAdvisories(db: Db): Promise<number> {
  const row = await db
    .selectFrom('advisories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}
