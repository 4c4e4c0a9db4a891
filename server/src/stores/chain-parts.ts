import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** Notes what the chain of custody of an image rests on: those noted before are forgotten. */
export async function noteChainParts(trx: Db, place: Placed, parts: readonly Placed[]): Promise<void> {
  const repository = await trx
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', place.repository)
    .executeTakeFirst();
  if (!repository) return;
  const before = await trx
    .deleteFrom('chain_parts')
    .where('repository_id', '=', repository.id)
    .where('digest', '=', place.digest)
    .returning('part_digest')
    .execute();
  if (before.length === 0 && parts.length === 0) return;
  for (const some of chunks(rowsOf(repository.id, place.digest, parts)))
    await trx.insertInto('chain_parts').values(some).execute();
}

/** Notes more of what the chain of an image rests on, until it is walked; nothing where the image is not there. */
export async function addChainParts(trx: Db, place: Placed, parts: readonly Placed[]): Promise<void> {
  const image = await trx
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select('manifests.repository_id')
    .where('repositories.name', '=', place.repository)
    .where('manifests.digest', '=', place.digest)
    .executeTakeFirst();
  if (!image) return;
  for (const some of chunks(rowsOf(image.repository_id, place.digest, parts)))
    await trx
      .insertInto('chain_parts')
      .values(some)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

function rowsOf(repository_id: number, digest: Digest, parts: readonly Placed[]) {
  const rows = new Map(
    parts.map((part) => [
      `${part.repository}@${part.digest}`,
      { repository_id, digest, part_repository: part.repository, part_digest: part.digest },
    ]),
  );
  return [...rows.values()];
}

/** The images whose chain of custody rests on this one: an ancestor, or what carries a statement about one. */
export async function placesRestingOn(db: Db, { repository, digest }: Placed): Promise<Placed[]> {
  const rows = await db
    .selectFrom('chain_parts')
    .innerJoin('repositories', 'repositories.id', 'chain_parts.repository_id')
    .select(['repositories.name', 'chain_parts.digest'])
    .where('part_digest', '=', digest)
    .where('part_repository', '=', repository)
    .orderBy('repositories.name')
    .orderBy('chain_parts.digest')
    .execute();
  return rows.map((row) => ({ repository: row.name, digest: row.digest as Digest }));
}
