import { WharfingerError } from '@wharfinger/lib/errors';
import type { Catalog, Change } from '@wharfinger/lib/catalog/catalog';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import type { MovedTag, OnCatalogChange } from './catalog-change.ts';
import type { RepositoryIds } from './repository-ids.ts';

type TagMethods = Pick<
  Catalog,
  'resolveTag' | 'tagsOf' | 'listTags' | 'moveTag' | 'deleteTag' | 'tagHistory'
>;

interface TagWish {
  readonly repository: number;
  readonly tags: readonly string[];
  readonly digest: Digest;
  readonly immutable: ((tag: string) => boolean) | undefined;
}

/**
 * Points tags to a manifest; returns those that did not point there before.
 * @throws WharfingerError TAG_IMMUTABLE
 */
export async function moveTags(trx: Db, wish: TagWish, change: Change): Promise<MovedTag[]> {
  const moved: MovedTag[] = [];
  // Always in this order: two pushes of the same tags wait for each other once, not crosswise.
  for (const tag of [...new Set(wish.tags)].sort()) {
    const from = await pointTag(trx, wish, tag);
    if (from === wish.digest) continue;
    moved.push({ tag, from });
  }
  const { repository, digest } = wish;
  await recordMoves(
    trx,
    moved.map(({ tag, from }) => ({ repository, tag, from, to: digest })),
    change,
  );
  return moved;
}

/** Where the tag pointed before. Its row is locked until the transaction ends, so that the history has no gap. */
async function pointTag(trx: Db, wish: TagWish, tag: string): Promise<Digest | null> {
  const { repository, digest, immutable } = wish;
  for (;;) {
    const present = await trx
      .selectFrom('tags')
      .select('digest')
      .where('repository_id', '=', repository)
      .where('name', '=', tag)
      .$if(kindOf(trx) === 'postgres', (query) => query.forUpdate())
      .executeTakeFirst();
    if (present?.digest === digest) return digest;
    if (present) {
      if (immutable?.(tag)) {
        throw new WharfingerError('TAG_IMMUTABLE', {
          what: `${tag} points to ${present.digest}`,
          detail: { tag, digest: present.digest },
        });
      }
      await trx
        .updateTable('tags')
        .set({ digest })
        .where('repository_id', '=', repository)
        .where('name', '=', tag)
        .execute();
      return present.digest as Digest;
    }
    const made = await trx
      .insertInto('tags')
      .values({ repository_id: repository, name: tag, digest })
      .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
      .returning('name')
      .executeTakeFirst();
    if (made) return null;
  }
}

interface Move {
  readonly repository: number;
  readonly tag: string;
  readonly from: Digest | null;
  readonly to: Digest | null;
}

/** Writes moves into the history. */
export async function recordMoves(trx: Db, moves: readonly Move[], { by, at }: Change): Promise<void> {
  if (moves.length === 0) return;
  const rows = moves.map(({ repository, tag, from, to }) => ({
    repository_id: repository,
    tag,
    from_digest: from,
    to_digest: to,
    moved_by: by,
    moved_at: at.getTime(),
  }));
  await trx.insertInto('tag_moves').values(rows).execute();
}

/** True if the manifest is there, and then until the transaction ends. */
async function holdManifest(trx: Db, repository: number, digest: Digest): Promise<boolean> {
  const row = await trx
    .selectFrom('manifests')
    .select('id')
    .where('digest', '=', digest)
    .where('repository_id', '=', repository)
    .$if(kindOf(trx) === 'postgres', (query) => query.forKeyShare())
    .executeTakeFirst();
  return row !== undefined;
}

/** The part of the catalog that is about tags. */
export function sqlTags(db: Db, ids: RepositoryIds, onChange: OnCatalogChange): TagMethods {
  return {
    async resolveTag(repository, tag) {
      const row = await db
        .selectFrom('tags')
        .innerJoin('repositories', 'repositories.id', 'tags.repository_id')
        .select('digest')
        .where('repositories.name', '=', repository)
        .where('tags.name', '=', tag)
        .executeTakeFirst();
      return row?.digest as Digest | undefined;
    },

    async tagsOf(repository, digest) {
      const rows = await db
        .selectFrom('tags')
        .innerJoin('repositories', 'repositories.id', 'tags.repository_id')
        .select('tags.name')
        .where('repositories.name', '=', repository)
        .where('digest', '=', digest)
        .orderBy('tags.name')
        .execute();
      return rows.map((row) => row.name);
    },

    async listTags(repository, { last, limit }) {
      const id = await ids.find(db, repository);
      if (id === undefined) return undefined;
      const rows = await db
        .selectFrom('tags')
        .select('name')
        .where('repository_id', '=', id)
        .where('name', '>', last ?? '')
        .orderBy('name')
        .limit(limit)
        .execute();
      return rows.map((row) => row.name);
    },

    moveTag: ({ repository, tag, to, immutable, by, at }) =>
      transact(db, async (trx) => {
        const id = await ids.find(trx, repository);
        if (id === undefined || !(await holdManifest(trx, id, to))) {
          throw new WharfingerError('MANIFEST_UNKNOWN', { what: to });
        }
        const wish = { repository: id, tags: [tag], digest: to, immutable };
        const [moved] = await moveTags(trx, wish, { by, at });
        if (!moved) return;
        await onChange(trx, { kind: 'tag-moved', repository, tag, from: moved.from, to, by, at });
      }),

    deleteTag: (repository, tag, { by, at }) =>
      transact(db, async (trx) => {
        const id = await ids.find(trx, repository);
        if (id === undefined) return false;
        const gone = await trx
          .deleteFrom('tags')
          .where('repository_id', '=', id)
          .where('name', '=', tag)
          .returning('digest')
          .executeTakeFirst();
        if (!gone) return false;
        const digest = gone.digest as Digest;
        await recordMoves(trx, [{ repository: id, tag, from: digest, to: null }], { by, at });
        await onChange(trx, { kind: 'tag-deleted', repository, tag, digest, by, at });
        return true;
      }),

    async tagHistory(repository, tag, limit) {
      const rows = await db
        .selectFrom('tag_moves')
        .innerJoin('repositories', 'repositories.id', 'tag_moves.repository_id')
        .select(['from_digest', 'to_digest', 'moved_by', 'moved_at'])
        .where('repositories.name', '=', repository)
        .where('tag', '=', tag)
        .orderBy('tag_moves.id', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        tag,
        from: row.from_digest as Digest | null,
        to: row.to_digest as Digest | null,
        by: row.moved_by,
        at: new Date(row.moved_at),
      }));
    },
  };
}
