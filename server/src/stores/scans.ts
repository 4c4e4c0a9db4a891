import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql, type Expression, type Selectable } from 'kysely';
import { chunks } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
import type { PackedReport, ScanAbout, ScanReport } from '../scanners/report.ts';
import { unpackJson } from './compressed-json.ts';
import type { Placed } from './repositories.ts';

/** What a scanner says of an image, wherever that lies: its digest says what is in it. */
export interface StoredScan {
  readonly scanner: string;
  readonly digest: Digest;
  /** the repository that it was asked for in last */
  readonly repository: string;
  /** when it is to be asked next; absent: not before somebody asks */
  readonly dueAt?: Date;
  /** how often it failed since it last reported, and why the last time */
  readonly failures: number;
  readonly problem?: string;
  /** its last report; absent: it never made one, or the one that there is was made by another scanner of its name */
  readonly report?: StoredReport;
}

/** A report with what is known of it here. */
export interface StoredReport extends ScanReport {
  /** when it was asked for */
  readonly askedAt: Date;
  /** how new what the scanner knew was then; absent: it does not say */
  readonly dataAt?: Date;
}

/** A question to a scanner that has ended. */
export interface ScanAttempt {
  readonly askedAt: Date;
  readonly endedAt: Date;
  readonly repository: string;
  /** absent: it reported */
  readonly problem?: string;
  readonly dataAt?: Date;
  readonly about?: ScanAbout;
}

/** Attempts of one image and scanner that are kept. */
const attemptsKept = 20;

/** What the scanners say of an image, by name, in order; of those that are named. */
export async function scansOf(
  db: Db,
  digest: Digest,
  scanners: readonly string[],
): Promise<readonly StoredScan[]> {
  if (scanners.length === 0) return [];
  const rows = await db
    .selectFrom('scans')
    .leftJoin('scanners', (join) =>
      join.onRef('scanners.name', '=', 'scans.scanner').onRef('scanners.source', '=', 'scans.source'),
    )
    .selectAll('scans')
    .select('scanners.name as same')
    .where('digest', '=', digest)
    .where('scanner', 'in', scanners)
    .orderBy('scanner')
    .execute();
  return Promise.all(rows.map(scanOf));
}

/** @param row with the name of its scanner where that is the one that made the report */
async function scanOf(
  row: Selectable<Schema['scans']> & { readonly same: string | null },
): Promise<StoredScan> {
  const { scanner, digest, repository, due_at: due, failures, problem, asked_at: asked, data_at: data } = row;
  return {
    scanner,
    digest: digest as Digest,
    repository,
    ...(due !== null && { dueAt: new Date(due) }),
    failures,
    ...(problem !== null && { problem }),
    ...(row.report !== null &&
      row.same !== null &&
      asked !== null && {
        report: {
          ...((await unpackJson(row.report)) as ScanReport),
          askedAt: new Date(asked),
          ...(data !== null && { dataAt: new Date(data) }),
        },
      }),
  };
}

/** Keeps a report, and that it was made. */
export async function putReport(
  trx: Db,
  { repository, digest }: Placed,
  scanner: string,
  report: PackedReport &
    Pick<StoredReport, 'askedAt' | 'dataAt'> & {
      readonly endedAt: Date;
      readonly dueAt: Date;
      /** which scanner made it */
      readonly source: string;
    },
): Promise<void> {
  const { about, packed, askedAt, dataAt, endedAt, dueAt, source } = report;
  const row = {
    repository,
    due_at: dueAt.getTime(),
    failures: 0,
    problem: null,
    asked_at: askedAt.getTime(),
    data_at: dataAt?.getTime() ?? null,
    report: packed,
    source,
  };
  await trx
    .insertInto('scans')
    .values({ digest, scanner, ...row })
    .onConflict((conflict) => conflict.columns(['digest', 'scanner']).doUpdateSet(row))
    .execute();
  const text = JSON.stringify({ ...about, ...(dataAt && { dataAt }) });
  await putAttempt(trx, { digest, scanner, repository, askedAt, endedAt }, null, text);
}

/** Keeps that a scanner came to no report. What it reported before stays. */
export async function putFailure(
  trx: Db,
  { repository, digest }: Placed,
  scanner: string,
  failure: {
    readonly problem: string;
    readonly askedAt: Date;
    readonly endedAt: Date;
    readonly dueAt: Date;
  },
): Promise<void> {
  const { problem, askedAt, endedAt, dueAt } = failure;
  await trx
    .updateTable('scans')
    .set((eb) => ({ problem, failures: eb('failures', '+', 1), due_at: dueAt.getTime(), repository }))
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .execute();
  await putAttempt(trx, { digest, scanner, repository, askedAt, endedAt }, problem, null);
}

async function putAttempt(
  trx: Db,
  {
    digest,
    scanner,
    repository,
    askedAt,
    endedAt,
  }: Placed & Pick<ScanAttempt, 'askedAt' | 'endedAt'> & { readonly scanner: string },
  problem: string | null,
  about: string | null,
): Promise<void> {
  await trx
    .insertInto('scan_attempts')
    .values({
      digest,
      scanner,
      repository,
      asked_at: askedAt.getTime(),
      ended_at: endedAt.getTime(),
      problem,
      about,
    })
    .execute();
  const oldest = trx
    .selectFrom('scan_attempts')
    .select('id')
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(attemptsKept - 1);
  await trx
    .deleteFrom('scan_attempts')
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .where('id', '<', oldest)
    .execute();
}

/** What became of the last questions to a scanner about an image, the last one first. */
export async function scanAttempts(db: Db, digest: Digest, scanner: string): Promise<readonly ScanAttempt[]> {
  const rows = await db
    .selectFrom('scan_attempts')
    .selectAll()
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .orderBy('id', 'desc')
    .limit(attemptsKept)
    .execute();
  return rows.map(({ asked_at: asked, ended_at: ended, repository, problem, about: text }) => {
    const about = text === null ? undefined : (JSON.parse(text) as ScanAbout & { dataAt?: string });
    return {
      askedAt: new Date(asked),
      endedAt: new Date(ended),
      repository,
      ...(problem !== null && { problem }),
      ...(about && { about }),
      ...(about?.dataAt !== undefined && { dataAt: new Date(about.dataAt) }),
    };
  });
}

/** Forgets what was said of images that no repository has. One that is pushed at the same moment keeps it. */
export async function forgetScans(db: Db, before: Date): Promise<void> {
  const gone = await db
    .selectFrom('scans')
    .select('digest')
    .distinct()
    .where((eb) => isNowhere(eb.ref('scans.digest')))
    .where((eb) => eb.or([eb('asked_at', 'is', null), eb('asked_at', '<', before.getTime())]))
    .execute();
  for (const some of chunks(gone.map(({ digest }) => digest))) {
    const forgotten = await db
      .deleteFrom('scans')
      .where('digest', 'in', some)
      .where((eb) => isNowhere(eb.ref('scans.digest')))
      .returning('digest')
      .execute();
    for (const { digest } of forgotten)
      await db.deleteFrom('scan_attempts').where('digest', '=', digest).execute();
  }
}

function isNowhere(digest: Expression<string>) {
  return sql<boolean>`not exists (select 1 from manifests where manifests.digest = ${digest})`;
}
