import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** The registry's own word on a chain of custody. */
export interface ChainSummary {
  /** of the chain that it is about */
  readonly state: Digest;
  /** digest of the manifest that carries it */
  readonly summary: Digest;
  readonly at: Date;
}

/** The state of the chain that was summarised last; undefined: none was. */
export async function summarisedState(db: Db, place: Placed): Promise<Digest | undefined> {
  const row = await db
    .selectFrom('chain_summaries')
    .innerJoin('repositories', 'repositories.id', 'chain_summaries.repository_id')
    .select('state')
    .where('repositories.name', '=', place.repository)
    .where('digest', '=', place.digest)
    .executeTakeFirst();
  return row && (row.state as Digest);
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
