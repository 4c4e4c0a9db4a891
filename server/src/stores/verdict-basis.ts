import type { ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { sql } from 'kysely';
import { pairsTable } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { unpackJson } from './compressed-json.ts';
import type { Placed } from './repositories.ts';
import type { StoredReport } from './signature-reports.ts';
import type { RecordedFacts } from './verdict-receipts.ts';

/** What is kept of an image that its next verdict can be made of. */
export interface VerdictBasis extends Placed {
  /** `changesOf` when it was read */
  readonly facts: number;
  /** the verdict on it that was kept last, for pulls; absent: none was */
  readonly last?: {
    readonly verdict: Verdict;
    readonly edition: number;
    readonly madeFrom: Readonly<Record<string, string | number>>;
    /** what its routines said (kept-results.ts) */
    readonly results: string | null;
    /** true: nothing has changed since but what advisories say */
    readonly isBasis: boolean;
  };
  /** what was recorded of it last, without the inventory */
  readonly recorded?: {
    readonly facts: RecordedFacts;
    readonly hash: string;
    /** digest of the inventory, and of its fields by name */
    readonly inventory?: { readonly digest: string; readonly parts?: Readonly<Record<string, string>> };
  };
  /** the report on the evidence that there is; absent: none was made of it */
  readonly report?: StoredReport;
  /** packages and their ecosystems; absent: it was not inspected, or they were not kept */
  readonly outline?: { readonly packages: Uint8Array; readonly ecosystems: readonly string[] };
}

/**
 * What is kept of images, in the order given; those that are not in their repository are left out. All of it is of one moment,
 * so that the count of changes tells whether it is true still.
 *
 * @param formats of the inventories that count
 */
export async function verdictBasis(
  db: Db,
  places: readonly Placed[],
  formats: readonly number[],
): Promise<VerdictBasis[]> {
  const rows = await db
    .selectFrom(
      pairsTable(
        db,
        places.map(({ repository, digest }) => [repository, digest]),
      ).as('wanted'),
    )
    .innerJoin('repositories', 'repositories.name', 'wanted.a')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.digest', '=', 'wanted.b')
        .onRef('manifests.repository_id', '=', 'repositories.id'),
    )
    .leftJoin('image_changes', (join) =>
      join
        .onRef('image_changes.digest', '=', 'manifests.digest')
        .onRef('image_changes.repository_id', '=', 'manifests.repository_id'),
    )
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.digest', '=', 'manifests.digest')
        .onRef('verdicts.repository_id', '=', 'manifests.repository_id')
        .on('verdicts.purpose', '=', 'pull'),
    )
    .leftJoin('signature_reports', (join) =>
      join
        .onRef('signature_reports.digest', '=', 'manifests.digest')
        .onRef('signature_reports.repository_id', '=', 'manifests.repository_id')
        .on((eb) =>
          eb('signature_reports.evidence', '=', eb.fn.coalesce('image_changes.evidence', eb.lit(0))),
        ),
    )
    .leftJoin('images', (join) =>
      join.onRef('images.digest', '=', 'manifests.digest').on('images.format', 'in', formats),
    )
    .leftJoin('image_outlines', 'image_outlines.image_id', 'images.id')
    .leftJoin('verdict_receipts', (join) =>
      join.on((eb) =>
        eb(
          'verdict_receipts.id',
          '=',
          eb
            .selectFrom('verdict_receipts as latest')
            .select('latest.id')
            .whereRef('latest.digest', '=', 'manifests.digest')
            .whereRef('latest.repository', '=', 'repositories.name')
            // Not by time: the clock may have been set back. The sum keeps PostgreSQL from looking through the records of all images.
            .orderBy(sql`latest.id + 0`, 'desc')
            .limit(1),
        ),
      ),
    )
    .leftJoin('recorded_inventories', 'recorded_inventories.digest', 'verdict_receipts.inventory')
    .select((eb) => [
      'wanted.n',
      eb.fn.coalesce('image_changes.facts', eb.lit(0)).as('facts'),
      eb.fn.coalesce('image_changes.beyond', eb.lit(0)).as('beyond'),
      'verdicts.facts as judged',
      'verdicts.verdict',
      'verdicts.edition',
      'verdicts.made_from as madeFrom',
      'verdicts.results',
      'verdict_receipts.facts as recorded',
      'verdict_receipts.facts_hash as hash',
      'verdict_receipts.inventory',
      'recorded_inventories.parts',
      'signature_reports.report',
      'signature_reports.made_from as verifiedBy',
      'image_outlines.packages',
      'image_outlines.ecosystems',
    ])
    .orderBy('wanted.n')
    .execute();
  return Promise.all(
    rows.map(async (row): Promise<VerdictBasis> => ({
      ...places[row.n]!,
      facts: row.facts,
      ...(row.verdict !== null && {
        last: {
          verdict: JSON.parse(row.verdict) as Verdict,
          edition: row.edition!,
          madeFrom: JSON.parse(row.madeFrom!) as Record<string, string | number>,
          results: row.results,
          isBasis: row.results !== null && row.judged! >= row.beyond,
        },
      }),
      ...(row.recorded && {
        recorded: {
          facts: (await unpackJson(row.recorded)) as RecordedFacts,
          hash: row.hash!,
          ...(row.inventory !== null && {
            inventory: {
              digest: row.inventory,
              ...(row.parts !== null && { parts: JSON.parse(row.parts) as Record<string, string> }),
            },
          }),
        },
      }),
      ...(row.report !== null && {
        report: { report: JSON.parse(row.report) as ImageEvidence, madeFrom: row.verifiedBy! },
      }),
      ...(row.packages && {
        outline: { packages: row.packages, ecosystems: JSON.parse(row.ecosystems!) as string[] },
      }),
    })),
  );
}
