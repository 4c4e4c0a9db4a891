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

/** When a scanner is to be asked about an image; undefined: it never was to be. Null: not before somebody asks. */
export async function scanDue(
  db: Db,
  { digest, scanner }: Pick<StoredScan, 'digest' | 'scanner'>,
): Promise<{ readonly dueAt: Date | null; readonly repository: string } | undefined> {
  const row = await db
    .selectFrom('scans')
    .select(['due_at', 'repository'])
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .executeTakeFirst();
  return row && { dueAt: row.due_at === null ? null : new Date(row.due_at), repository: row.repository };
}

/** Of these scanners those that were never to be asked about an image, or are no more. */
export async function scansLacking(
  db: Db,
  digest: Digest,
  scanners: readonly string[],
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('scans')
    .select('scanner')
    .where('digest', '=', digest)
    .where('due_at', 'is not', null)
    .execute();
  const there = new Set(rows.map((row) => row.scanner));
  return scanners.filter((scanner) => !there.has(scanner));
}

/**
 * Notes that scanners are to be asked about an image.
 * @param again also those that have reported, or failed and wait; else those that were never to be asked, or no more
 * @returns the scanners that are due now
 */
export async function putScansDue(
  db: Db,
  { repository, digest }: Placed,
  scanners: readonly string[],
  at: Date,
  again: boolean,
): Promise<readonly string[]> {
  const due = at.getTime();
  const asked: string[] = [];
  for (const scanner of scanners) {
    await db
      .insertInto('scans')
      .values({ digest, scanner, repository, due_at: due, failures: 0 })
      .onConflict((conflict) => {
        const update = conflict.columns(['digest', 'scanner']).doUpdateSet({ due_at: due, repository });
        return again ? update : update.where('scans.due_at', 'is', null);
      })
      .execute();
    const now = await scanDue(db, { digest, scanner });
    if (now?.dueAt && now.dueAt.getTime() <= due) asked.push(scanner);
  }
  return asked;
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

/** A scanner is not to be asked about an image before somebody asks for it: it is bound to none of its repositories. */
export async function stopScan(
  db: Db,
  { digest, scanner }: Pick<StoredScan, 'digest' | 'scanner'>,
): Promise<void> {
  await db
    .updateTable('scans')
    .set({ due_at: null })
    .where('digest', '=', digest)
    .where('scanner', '=', scanner)
    .execute();
}

/** Images that a scanner is to be asked about now, those that wait for the longest time first. */
export async function dueScans(
  db: Db,
  scanner: string,
  now: Date,
  limit: number,
): Promise<ReadonlyArray<Placed>> {
  const rows = await db
    .selectFrom('scans')
    .select(['digest', 'repository'])
    .where('scanner', '=', scanner)
    .where('due_at', '<=', now.getTime())
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ digest, repository }) => ({ digest: digest as Digest, repository }));
}

/** How many images a scanner is to be asked about now. */
export async function countDueScans(db: Db, scanner: string, now: Date): Promise<number> {
  const row = await db
    .selectFrom('scans')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('scanner', '=', scanner)
    .where('due_at', '<=', now.getTime())
    .executeTakeFirstOrThrow();
  return row.count;
}

/**
 * A scanner knows more than it did: it is to be asked anew about what it reported before that.
 * @param askedBefore reports that are younger stay
 */
export async function renewScans(
  db: Db,
  scanner: string,
  { data, askedBefore, now }: { readonly data: Date; readonly askedBefore: Date; readonly now: Date },
): Promise<void> {
  await db
    .updateTable('scans')
    .set({ due_at: now.getTime() })
    .where('scanner', '=', scanner)
    .where('data_at', '<', data.getTime())
    .where('asked_at', '<=', askedBefore.getTime())
    .where('due_at', '>', now.getTime())
    .execute();
}

/** A scanner answers that did not: what it failed at is tried at once. */
export async function retryScans(db: Db, scanner: string, now: Date): Promise<void> {
  await db
    .updateTable('scans')
    .set({ due_at: now.getTime() })
    .where('scanner', '=', scanner)
    .where('due_at', '>', now.getTime())
    .where('problem', 'is not', null)
    .execute();
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

/** What a scanner said of itself. */
export interface StoredScanner {
  readonly name: string;
  readonly checkedAt: Date;
  /** why it did not answer; absent: it did */
  readonly problem?: string;
  /** what it said when it last answered; absent: it never did */
  readonly about?: ScannerAbout;
  /** which scanner it is; absent: nobody knows */
  readonly source?: string;
}

export interface ScannerAbout {
  readonly scanner: ScanReport['scanner'];
  /** RFC 3339 */
  readonly data?: string;
  readonly produces: readonly string[];
}

/** The scanners that were asked about themselves, by name. */
export async function knownScanners(db: Db): Promise<ReadonlyMap<string, StoredScanner>> {
  const rows = await db.selectFrom('scanners').selectAll().execute();
  return new Map(
    rows.map(({ name, checked_at: checked, problem, about, source }) => [
      name,
      {
        name,
        checkedAt: new Date(checked),
        ...(problem !== null && { problem }),
        ...(about !== null && { about: JSON.parse(about) as ScannerAbout }),
        ...(source !== null && { source }),
      },
    ]),
  );
}

/** Keeps what a scanner said of itself, or that it said nothing; then what it said before stays. */
export async function putScanner(
  db: Db,
  { name, checkedAt, problem, about, source }: StoredScanner,
): Promise<void> {
  const row = { checked_at: checkedAt.getTime(), problem: problem ?? null };
  const said = { ...(about && { about: JSON.stringify(about) }), ...(source !== undefined && { source }) };
  await db
    .insertInto('scanners')
    .values({ name, ...row, ...said })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...row, ...said }))
    .execute();
}
