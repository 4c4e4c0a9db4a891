import type { ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** What was found when the evidence of an image was verified, and what it was made from. */
export interface StoredReport {
  readonly report: ImageEvidence;
  /** the caller's hash over the trusted keys: another one means that it must be made again */
  readonly madeFrom: string;
}

/** The report on signatures of a manifest in a repository; undefined: none was made of the evidence that there is. */
export async function getSignatureReport(db: Db, place: Placed): Promise<StoredReport | undefined> {
  const row = await db
    .selectFrom('signature_reports')
    .innerJoin('repositories', 'repositories.id', 'signature_reports.repository_id')
    .leftJoin('image_changes', (join) =>
      join
        .onRef('image_changes.digest', '=', 'signature_reports.digest')
        .onRef('image_changes.repository_id', '=', 'signature_reports.repository_id'),
    )
    .select(['report', 'made_from'])
    .where('repositories.name', '=', place.repository)
    .where('signature_reports.digest', '=', place.digest)
    .where((eb) => eb('signature_reports.evidence', '=', eb.fn.coalesce('image_changes.evidence', eb.lit(0))))
    .executeTakeFirst();
  return row && { report: JSON.parse(row.report) as ImageEvidence, madeFrom: row.made_from };
}

/**
 * Keeps a report, but not in place of one that was made of later evidence.
 * @param evidence `changesOf` before the evidence was read
 * @returns false if there is a later one, or the manifest is gone: then nothing is kept
 */
export async function putSignatureReport(
  db: Db,
  place: Placed,
  { report, madeFrom }: StoredReport,
  evidence: number,
  at: Date,
): Promise<boolean> {
  const row = { report: JSON.stringify(report), made_from: madeFrom, evidence, made_at: at.getTime() };
  const stored = await db
    .insertInto('signature_reports')
    .columns(['repository_id', 'digest', 'report', 'made_from', 'evidence', 'made_at'])
    .expression(
      db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select([
          'manifests.repository_id',
          'manifests.digest',
          sql.val(row.report).as('report'),
          sql.val(row.made_from).as('made_from'),
          sql<number>`cast(${row.evidence} as bigint)`.as('evidence'),
          sql<number>`cast(${row.made_at} as bigint)`.as('made_at'),
        ])
        .where('repositories.name', '=', place.repository)
        .where('manifests.digest', '=', place.digest),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['digest', 'repository_id'])
        .doUpdateSet(row)
        .where('signature_reports.evidence', '<=', evidence),
    )
    .returning('digest')
    .executeTakeFirst();
  return stored !== undefined;
}
