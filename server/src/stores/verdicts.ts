import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { chunks, idsIn, kindOf, pairsTable } from '../db/dialect.ts';
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

/** A verdict to be kept. */
export interface NewVerdict extends StoredVerdict {
  /** `changesOf` before the facts were read */
  readonly facts: number;
  /** `edition` of the verdict that it takes the place of; 0: there was none */
  readonly after: number;
  /** what its routines said (kept-results.ts) */
  readonly results: string | null;
}

/**
 * Keeps verdicts, each in place of the one that its maker has seen, but not in place of one that was made of later facts, nor of
 * one that came meanwhile: what has changed can so be told once, and rightly. Call it in a transaction.
 *
 * @param verdicts one for each place and purpose
 * @returns those that were kept; the manifests of the others are gone, or another was kept before them
 */
export async function putVerdicts<T extends NewVerdict>(trx: Db, verdicts: readonly T[]): Promise<Set<T>> {
  const repositories = await lockManifests(
    trx,
    verdicts.map(({ verdict }) => [verdict.repository, verdict.digest]),
  );
  const rows = verdicts.flatMap((one) => {
    const repositoryId = repositories.get(placeText(one.verdict));
    return repositoryId === undefined ? [] : [{ one, row: rowOf(one, repositoryId) }];
  });
  const kept = new Set<T>();
  // few to a statement, so that there are few different statements
  for (const part of chunks(rows, 50)) {
    const stored = await trx
      .insertInto('verdicts')
      .values(part.map(({ row }) => row))
      .onConflict((conflict) =>
        conflict
          .columns(['digest', 'repository_id', 'purpose'])
          .doUpdateSet((eb) => ({
            outcome: eb.ref('excluded.outcome'),
            decided: eb.ref('excluded.decided'),
            verdict: eb.ref('excluded.verdict'),
            valid_until: eb.ref('excluded.valid_until'),
            made_from: eb.ref('excluded.made_from'),
            facts: eb.ref('excluded.facts'),
            made_at: eb.ref('excluded.made_at'),
            edition: eb.ref('excluded.edition'),
            results: eb.ref('excluded.results'),
          }))
          .whereRef('verdicts.facts', '<=', 'excluded.facts')
          .where((eb) => eb('verdicts.edition', '=', eb('excluded.edition', '-', 1))),
      )
      .returning(['digest', 'repository_id', 'purpose'])
      .execute();
    const keys = new Set(stored.map(rowText));
    for (const { one, row } of part) if (keys.has(rowText(row))) kept.add(one);
  }
  return kept;
}

function rowOf({ verdict, madeFrom, facts, after, results }: NewVerdict, repositoryId: number) {
  return {
    repository_id: repositoryId,
    digest: verdict.digest,
    purpose: verdict.purpose,
    outcome: verdict.outcome,
    decided: verdict.decided ? 1 : 0,
    verdict: narrowJson(verdict),
    valid_until: verdict.validUntil === undefined ? null : Date.parse(verdict.validUntil),
    made_from: JSON.stringify(madeFrom),
    facts,
    made_at: Date.parse(verdict.at),
    edition: after + 1,
    results,
  };
}

/**
 * JSON without characters that make a string one of two bytes for each: a single one, such as the ellipsis of a line that was cut,
 * would double what is sent to the database, and what of it is read again.
 */
function narrowJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-\xff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function rowText(row: { readonly repository_id: number; readonly digest: string; readonly purpose: string }) {
  return `${row.repository_id} ${row.digest} ${row.purpose}`;
}

function placeText({ repository, digest }: { readonly repository: string; readonly digest: string }): string {
  return `${repository}@${digest}`;
}

/** Keys of the repositories that have these manifests, which stay until the transaction ends. */
async function lockManifests(
  trx: Db,
  places: ReadonlyArray<readonly [repository: string, digest: string]>,
): Promise<Map<string, number>> {
  const rows = await trx
    .selectFrom(pairsTable(trx, places).as('wanted'))
    .innerJoin('repositories', 'repositories.name', 'wanted.a')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.digest', '=', 'wanted.b')
        .onRef('manifests.repository_id', '=', 'repositories.id'),
    )
    .select(['repositories.name', 'manifests.digest', 'manifests.repository_id'])
    // SQLite has one writer anyway
    .$if(kindOf(trx) === 'postgres', (query) => query.orderBy('manifests.id').forKeyShare('manifests'))
    .execute();
  return new Map(
    rows.map((row) => [placeText({ repository: row.name, digest: row.digest }), row.repository_id]),
  );
}

/** Where images are, by their keys, without a verdict for a purpose that was made of the facts as they are now. */
export async function placesWithoutVerdict(
  db: Db,
  imageIds: readonly number[],
  purpose: Purpose,
): Promise<Placed[]> {
  const rows = await db
    .selectFrom('image_places')
    .innerJoin('images', 'images.id', 'image_places.image_id')
    .innerJoin('repositories', 'repositories.id', 'image_places.repository_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.digest', '=', 'images.digest')
        .onRef('verdicts.repository_id', '=', 'image_places.repository_id')
        .on('verdicts.purpose', '=', purpose),
    )
    .leftJoin('image_changes', (join) =>
      join
        .onRef('image_changes.digest', '=', 'images.digest')
        .onRef('image_changes.repository_id', '=', 'image_places.repository_id'),
    )
    .select(['repositories.name', 'images.digest'])
    .where('image_places.image_id', 'in', idsIn(db, imageIds))
    .where((eb) =>
      eb.or([
        eb('verdicts.facts', 'is', null),
        eb('verdicts.facts', '!=', eb.fn.coalesce('image_changes.facts', eb.lit(0))),
      ]),
    )
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
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
