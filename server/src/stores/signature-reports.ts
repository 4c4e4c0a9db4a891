import type { Digest } from '@wharfinger/lib/oci/digest';
import type { SignatureReport } from '@wharfinger/lib/signing/evidence';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** What was found when signatures were verified, and from what. */
export interface StoredReport {
  readonly report: SignatureReport;
  /** the caller's hash over trusted keys and evidence: another one means that it must be made again */
  readonly madeFrom: string;
}

/** The report on signatures of a manifest in a repository; undefined: none was made. */
export async function getSignatureReport(db: Db, place: Placed): Promise<StoredReport | undefined> {
  const row = await db
    .selectFrom('signature_reports')
    .innerJoin('repositories', 'repositories.id', 'signature_reports.repository_id')
    .select(['report', 'made_from'])
    .where('repositories.name', '=', place.repository)
    .where('digest', '=', place.digest)
    .executeTakeFirst();
  return row && { report: JSON.parse(row.report) as SignatureReport, madeFrom: row.made_from };
}

/** Keeps a report; false if the manifest is gone, and then nothing is kept. */
export async function putSignatureReport(
  db: Db,
  place: Placed,
  { report, madeFrom }: StoredReport,
  at: Date,
): Promise<boolean> {
  const row = { report: JSON.stringify(report), made_from: madeFrom, made_at: at.getTime() };
  const stored = await db
    .insertInto('signature_reports')
    .columns(['repository_id', 'digest', 'report', 'made_from', 'made_at'])
    .expression(
      db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select([
          'manifests.repository_id',
          'manifests.digest',
          sql.val(row.report).as('report'),
          sql.val(row.made_from).as('made_from'),
          sql<number>`cast(${row.made_at} as bigint)`.as('made_at'),
        ])
        .where('repositories.name', '=', place.repository)
        .where('manifests.digest', '=', place.digest),
    )
    .onConflict((conflict) => conflict.columns(['digest', 'repository_id']).doUpdateSet(row))
    .returning('digest')
    .executeTakeFirst();
  return stored !== undefined;
}

/** Forgets all reports on these manifests, whatever the repository: after trusted keys or evidence have changed. */
export async function forgetSignatureReports(db: Db, digests: readonly Digest[]): Promise<void> {
  if (digests.length > 0) await db.deleteFrom('signature_reports').where('digest', 'in', digests).execute();
}
