import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** Notes, with the report on an image, whose keys made evidence that counts for it: those noted before are forgotten. */
export async function noteSigners(trx: Db, place: Placed, keyIds: readonly string[]): Promise<void> {
  const repository = await trx
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', place.repository)
    .executeTakeFirst();
  if (!repository) return;
  await trx
    .deleteFrom('evidence_signers')
    .where('repository_id', '=', repository.id)
    .where('digest', '=', place.digest)
    .execute();
  const rows = [...new Set(keyIds)].map((key_id) => ({
    key_id,
    repository_id: repository.id,
    digest: place.digest,
  }));
  for (const part of chunks(rows)) await trx.insertInto('evidence_signers').values(part).execute();
}

/** The images for which a key made evidence that counts. */
export async function placesSignedBy(db: Db, keyId: string): Promise<Placed[]> {
  const rows = await db
    .selectFrom('evidence_signers')
    .innerJoin('repositories', 'repositories.id', 'evidence_signers.repository_id')
    .select(['repositories.name', 'evidence_signers.digest'])
    .where('evidence_signers.key_id', '=', keyId)
    .orderBy('repositories.name')
    .orderBy('evidence_signers.digest')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}

/** The images for which keys other than these made evidence that counts: keys that only certificates vouch for. */
export async function placesSignedByOthers(db: Db, keyIds: readonly string[]): Promise<Placed[]> {
  const rows = await db
    .selectFrom('evidence_signers')
    .innerJoin('repositories', 'repositories.id', 'evidence_signers.repository_id')
    .select(['repositories.name', 'evidence_signers.digest'])
    .distinct()
    .$if(keyIds.length > 0, (query) => query.where('evidence_signers.key_id', 'not in', keyIds))
    .orderBy('repositories.name')
    .orderBy('evidence_signers.digest')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}
