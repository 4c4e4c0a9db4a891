import type { Db } from '../db/schema.ts';
import type { ScanReport } from '../scanners/report.ts';

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
