import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { ScannerName } from '../scanners/report.ts';

/**
 * Which scanner it is that is asked: by its address, and by how it calls itself once it did. Another version of it is the same one.
 * A report counts for as long as the scanner of its name is the one that made it.
 *
 * @param url as configured, without a slash at its end
 */
export function sourceOf(url: string, said?: Pick<ScannerName, 'vendor' | 'name'>): string {
  return JSON.stringify(said ? [url, said.vendor, said.name] : [url]);
}

/** True for the source of a scanner at this address. */
export function isSourceAt(source: string, url: string): boolean {
  return (JSON.parse(source) as unknown[])[0] === url;
}

/** Keeps which scanner a name stands for from now on; one that was never asked about itself stays unknown. */
export async function putSource(db: Db, scanner: string, source: string): Promise<void> {
  await db.updateTable('scanners').set({ source }).where('name', '=', scanner).execute();
}

/** Images of which a scanner made a report, in the order of their digests. */
export async function reportedImages(
  db: Db,
  scanner: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<readonly Digest[]> {
  const rows = await db
    .selectFrom('scans')
    .select('digest')
    .where('scanner', '=', scanner)
    .where('digest', '>', after)
    .where('asked_at', 'is not', null)
    .orderBy('digest')
    .limit(limit)
    .execute();
  return rows.map(({ digest }) => digest as Digest);
}

/** A scanner is to be asked again about those of these images of which another made the report. */
export async function renewReportsOfOthers(
  db: Db,
  scanner: string,
  digests: readonly Digest[],
  now: Date,
): Promise<void> {
  await db
    .updateTable('scans')
    .set({ due_at: now.getTime() })
    .where('scanner', '=', scanner)
    .where('digest', 'in', digests)
    .where('due_at', '>', now.getTime())
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('scanners')
            .select('scanners.name')
            .whereRef('scanners.name', '=', 'scans.scanner')
            .whereRef('scanners.source', '=', 'scans.source'),
        ),
      ),
    )
    .execute();
}

/** A scanner is of another version than it was: it is to be asked anew about all that it reported. */
export async function renewAllReports(db: Db, scanner: string, now: Date): Promise<void> {
  await db
    .updateTable('scans')
    .set({ due_at: now.getTime() })
    .where('scanner', '=', scanner)
    .where('asked_at', 'is not', null)
    .where('due_at', '>', now.getTime())
    .execute();
}
