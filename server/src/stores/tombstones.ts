import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** Evidence that was deleted. */
export interface Tombstone {
  /** digest of the manifest that carried it */
  readonly digest: Digest;
  /** as a listing of referrers showed it; null: it was found by its tag */
  readonly descriptor: Descriptor | null;
  /** the tag by which it was found, where that is what was deleted; null: the manifest was */
  readonly tag: string | null;
  readonly by: string | null;
  readonly at: Date;
}

/** Notes, in the transaction that deletes it, that evidence about an image is gone. */
export async function addTombstone(trx: Db, subject: Placed, tombstone: Tombstone): Promise<void> {
  const { digest, descriptor, tag, by, at } = tombstone;
  await trx
    .insertInto('tombstones')
    .values({
      repository: subject.repository,
      digest,
      subject: subject.digest,
      descriptor: descriptor === null ? null : JSON.stringify(descriptor),
      tag,
      deleted_by: by,
      deleted_at: at.getTime(),
    })
    .execute();
}

/** What was deleted of the evidence about an image, oldest first, at most `limit`. */
export async function tombstonesOf(db: Db, subject: Placed, limit: number): Promise<Tombstone[]> {
  const rows = await db
    .selectFrom('tombstones')
    .selectAll()
    .where('subject', '=', subject.digest)
    .where('repository', '=', subject.repository)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    digest: row.digest as Digest,
    descriptor: row.descriptor === null ? null : (JSON.parse(row.descriptor) as Descriptor),
    tag: row.tag,
    by: row.deleted_by,
    at: new Date(row.deleted_at),
  }));
}
