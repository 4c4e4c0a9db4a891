import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Outcome, Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** A verdict and the generations (of advisories, rules, keys …) that it was made from, as the caller names them. */
export interface StoredVerdict {
  /** as if the revocation list in force did not end (`judgeApartFromList`) */
  readonly verdict: Verdict;
  readonly madeFrom: Readonly<Record<string, string | number>>;
}

/** The verdict for a purpose; undefined: none was made of the facts as they are now. Time and rules are the caller's. */
export async function getVerdict(
  db: Db,
  place: Placed,
  purpose: Purpose,
): Promise<StoredVerdict | undefined> {
  const row = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .leftJoin('image_changes', (join) =>
      join
        .onRef('image_changes.digest', '=', 'verdicts.digest')
        .onRef('image_changes.repository_id', '=', 'verdicts.repository_id'),
    )
    .select(['verdict', 'made_from'])
    .where('repositories.name', '=', place.repository)
    .where('verdicts.digest', '=', place.digest)
    .where('purpose', '=', purpose)
    .where((eb) => eb('verdicts.facts', '=', eb.fn.coalesce('image_changes.facts', eb.lit(0))))
    .executeTakeFirst();
  return row && { verdict: JSON.parse(row.verdict), madeFrom: JSON.parse(row.made_from) };
}

/** The outcome that was last kept, whether it stands or not; undefined: none was. */
export async function lastOutcome(db: Db, place: Placed, purpose: Purpose): Promise<Outcome | undefined> {
  const row = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select('outcome')
    .where('repositories.name', '=', place.repository)
    .where('digest', '=', place.digest)
    .where('purpose', '=', purpose)
    .executeTakeFirst();
  return row && (row.outcome as Outcome);
}

/**
 * Keeps a verdict in place of the one before, but not in place of one that was made of later facts.
 * @param facts `changesOf` before the facts were read
 * @returns false if there is a later one, or the manifest is gone: then nothing is kept
 */
export async function putVerdict(
  db: Db,
  { verdict, madeFrom }: StoredVerdict,
  facts: number,
): Promise<boolean> {
  const row = {
    outcome: verdict.outcome,
    decided: verdict.decided ? 1 : 0,
    verdict: JSON.stringify(verdict),
    valid_until: verdict.validUntil === undefined ? null : Date.parse(verdict.validUntil),
    made_from: JSON.stringify(madeFrom),
    facts,
    made_at: Date.parse(verdict.at),
  };
  const integer = (value: number | null) => sql<number>`cast(${value} as bigint)`;
  const stored = await db
    .insertInto('verdicts')
    .columns([
      'repository_id',
      'digest',
      'purpose',
      'outcome',
      'decided',
      'verdict',
      'valid_until',
      'made_from',
      'facts',
      'made_at',
    ])
    .expression(
      db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select([
          'manifests.repository_id',
          'manifests.digest',
          sql.val(verdict.purpose).as('purpose'),
          sql.val(row.outcome).as('outcome'),
          integer(row.decided).as('decided'),
          sql.val(row.verdict).as('verdict'),
          integer(row.valid_until).as('valid_until'),
          sql.val(row.made_from).as('made_from'),
          integer(row.facts).as('facts'),
          integer(row.made_at).as('made_at'),
        ])
        .where('repositories.name', '=', verdict.repository)
        .where('manifests.digest', '=', verdict.digest),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['digest', 'repository_id', 'purpose'])
        .doUpdateSet(row)
        .where('verdicts.facts', '<=', facts),
    )
    .returning('digest')
    .executeTakeFirst();
  return stored !== undefined;
}

/** Verdicts that time has ended, the oldest first: to be made again. */
export async function expiredVerdicts(db: Db, now: Date, limit: number): Promise<Placed[]> {
  const rows = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select(['repositories.name', 'verdicts.digest'])
    .where('valid_until', '<=', now.getTime())
    .orderBy('valid_until')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}
