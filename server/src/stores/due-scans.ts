import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';
import type { StoredScan } from './scans.ts';

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
