import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** The registry's own word on a chain of custody. */
export interface ChainSummary {
  /** of the chain that it is about; `withdrawn`: it is being deleted */
  readonly state: Digest | 'withdrawn';
  /** digest of the manifest that carries it */
  readonly summary: Digest;
  readonly at: Date;
}

/** The summary that was attached last; undefined: there is none. */
export async function chainSummary(
  db: Db,
  place: Placed,
): Promise<Pick<ChainSummary, 'state' | 'summary'> | undefined> {
  const row = await db
    .selectFrom('chain_summaries')
    .innerJoin('repositories', 'repositories.id', 'chain_summaries.repository_id')
    .select(['state', 'summary'])
    .where('repositories.name', '=', place.repository)
    .where('digest', '=', place.digest)
    .executeTakeFirst();
  return row as Pick<ChainSummary, 'state' | 'summary'> | undefined;
}

/** Notes the summary that was attached last; nothing where the image is gone. */
export async function putChainSummary(
  db: Db,
  place: Placed,
  { state, summary, at }: ChainSummary,
): Promise<void> {
  const values = { state, summary, made_at: at.getTime() };
  await db
    .insertInto('chain_summaries')
    .columns(['repository_id', 'digest', 'state', 'summary', 'made_at'])
    .expression(
      db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select([
          'manifests.repository_id',
          'manifests.digest',
          sql.val(state).as('state'),
          sql.val(summary).as('summary'),
          sql<number>`cast(${values.made_at} as bigint)`.as('made_at'),
        ])
        .where('repositories.name', '=', place.repository)
        .where('manifests.digest', '=', place.digest),
    )
    .onConflict((conflict) => conflict.columns(['digest', 'repository_id']).doUpdateSet(values))
    .execute();
}

/** Says that the summary of an image is to be deleted: then its registry may, whoever else may not. */
export async function markWithdrawn(db: Db, place: Placed): Promise<void> {
  await db
    .updateTable('chain_summaries')
    .set({ state: 'withdrawn' })
    .where('repository_id', '=', idOf(db, place))
    .where('digest', '=', place.digest)
    .execute();
}

/** Forgets the summary of an image, which was deleted. */
export async function forgetChainSummary(db: Db, place: Placed): Promise<void> {
  await db
    .deleteFrom('chain_summaries')
    .where('repository_id', '=', idOf(db, place))
    .where('digest', '=', place.digest)
    .execute();
}

function idOf(db: Db, { repository }: Placed) {
  return db.selectFrom('repositories').select('id').where('name', '=', repository);
}
