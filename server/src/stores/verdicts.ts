import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Outcome, Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { sql } from 'kysely';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** A verdict and the generations (of advisories, rules, keys …) that it was made from, as the caller names them. */
export interface StoredVerdict {
  readonly verdict: Verdict;
  readonly madeFrom: Readonly<Record<string, string | number>>;
}

/** The last verdict for a purpose; undefined: none was made, or it was forgotten. */
export async function getVerdict(
  db: Db,
  place: Placed,
  purpose: Purpose,
): Promise<StoredVerdict | undefined> {
  const row = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select(['verdict', 'made_from'])
    .where('repositories.name', '=', place.repository)
    .where('digest', '=', place.digest)
    .where('purpose', '=', purpose)
    .executeTakeFirst();
  return row && { verdict: JSON.parse(row.verdict), madeFrom: JSON.parse(row.made_from) };
}

/** Keeps a verdict in place of the one before; false if the manifest is gone, and then nothing is kept. */
export async function putVerdict(db: Db, { verdict, madeFrom }: StoredVerdict): Promise<boolean> {
  const row = {
    outcome: verdict.outcome,
    decided: verdict.decided ? 1 : 0,
    verdict: JSON.stringify(verdict),
    valid_until: verdict.validUntil === undefined ? null : Date.parse(verdict.validUntil),
    made_from: JSON.stringify(madeFrom),
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
          integer(row.made_at).as('made_at'),
        ])
        .where('repositories.name', '=', verdict.repository)
        .where('manifests.digest', '=', verdict.digest),
    )
    .onConflict((conflict) => conflict.columns(['digest', 'repository_id', 'purpose']).doUpdateSet(row))
    .returning('digest')
    .executeTakeFirst();
  return stored !== undefined;
}

/** Forgets verdicts that no longer hold; until they are made again there are none, and none is never a pass. */
export async function forgetVerdicts(db: Db, places: readonly Placed[]): Promise<void> {
  for (const [repository, group] of Map.groupBy(places, (place) => place.repository)) {
    for (const part of chunks(group)) {
      await db
        .deleteFrom('verdicts')
        .where('repository_id', 'in', (eb) =>
          eb.selectFrom('repositories').select('id').where('name', '=', repository),
        )
        .where(
          'digest',
          'in',
          part.map((place) => place.digest),
        )
        .execute();
    }
  }
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

/** Manifests of a repository with this outcome, in the order of their digests. */
export async function digestsByOutcome(
  db: Db,
  repository: string,
  purpose: Purpose,
  outcome: Outcome,
  page: { readonly last?: string; readonly limit: number },
): Promise<Digest[]> {
  const rows = await db
    .selectFrom('verdicts')
    .select('digest')
    .where('repository_id', 'in', (eb) =>
      eb.selectFrom('repositories').select('id').where('name', '=', repository),
    )
    .where('purpose', '=', purpose)
    .where('outcome', '=', outcome)
    .where('digest', '>', page.last ?? '')
    .orderBy('digest')
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.digest as Digest);
}
