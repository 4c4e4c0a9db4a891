import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';

/** A snapshot of the tags of a repository as it was signed last. */
export interface StoredSnapshot {
  readonly version: number;
  /** id of the last move of a tag that it knows */
  readonly lastMove: number;
  /** version of the revocation list that it names */
  readonly revocations: number;
  readonly issuedAt: Date;
  readonly expires: Date;
  /** the signed envelope */
  readonly envelope: Uint8Array;
}

/** The id of a repository and of the last move of any of its tags; undefined: there is no such repository. */
export async function tagState(
  db: Db,
  repository: string,
): Promise<{ readonly id: number; readonly lastMove: number } | undefined> {
  const found = await db
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', repository)
    .executeTakeFirst();
  if (!found) return undefined;
  const move = await db
    .selectFrom('tag_moves')
    .select('id')
    .where('repository_id', '=', found.id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { id: found.id, lastMove: move?.id ?? 0 };
}

/** All tags of a repository, at most `limit`. */
export async function tagsOfRepository(
  db: Db,
  repositoryId: number,
  limit: number,
): Promise<ReadonlyMap<string, Digest>> {
  const rows = await db
    .selectFrom('tags')
    .select(['name', 'digest'])
    .where('repository_id', '=', repositoryId)
    .orderBy('name')
    .limit(limit)
    .execute();
  return new Map(rows.map(({ name, digest }) => [name, digest as Digest]));
}

export async function getSnapshot(db: Db, repositoryId: number): Promise<StoredSnapshot | undefined> {
  const row = await db
    .selectFrom('snapshots')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .executeTakeFirst();
  return (
    row && {
      version: row.version,
      lastMove: row.last_move,
      revocations: row.revocations,
      issuedAt: new Date(row.issued_at),
      expires: new Date(row.expires),
      envelope: row.envelope,
    }
  );
}

/**
 * Keeps a snapshot in place of the one before.
 * @returns false if another one with this number or a later one was kept meanwhile
 */
export async function putSnapshot(db: Db, repositoryId: number, snapshot: StoredSnapshot): Promise<boolean> {
  const row = {
    version: snapshot.version,
    last_move: snapshot.lastMove,
    revocations: snapshot.revocations,
    issued_at: snapshot.issuedAt.getTime(),
    expires: snapshot.expires.getTime(),
    envelope: snapshot.envelope,
  };
  const kept = await db
    .insertInto('snapshots')
    .values({ repository_id: repositoryId, ...row })
    .onConflict((conflict) =>
      conflict.column('repository_id').doUpdateSet(row).where('snapshots.version', '<', snapshot.version),
    )
    .returning('version')
    .executeTakeFirst();
  return kept !== undefined;
}
