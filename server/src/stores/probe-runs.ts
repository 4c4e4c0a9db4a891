import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** A probe that was run on an image here, and what was stated of it. */
export interface StoredProbeRun {
  /** digest of the probe */
  readonly probe: Digest;
  /** digest of the manifest that carries the statement */
  readonly statement: Digest;
}

/** The probes that were run on an image, each in its last run. A run whose statement was deleted is none. */
export async function probeRuns(db: Db, { repository, digest }: Placed): Promise<readonly StoredProbeRun[]> {
  const rows = await db
    .selectFrom('probe_runs')
    .innerJoin('repositories', 'repositories.id', 'probe_runs.repository_id')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.digest', '=', 'probe_runs.statement')
        .onRef('manifests.repository_id', '=', 'probe_runs.repository_id'),
    )
    .select(['probe_runs.probe', 'probe_runs.statement'])
    .where('repositories.name', '=', repository)
    .where('probe_runs.digest', '=', digest)
    .execute();
  return rows.flatMap(({ probe, statement }) =>
    isDigest(probe) && isDigest(statement) ? [{ probe, statement }] : [],
  );
}

/** Notes a run; nothing where the image is gone. */
export async function putProbeRun(
  db: Db,
  { repository, digest }: Placed,
  { probe, statement }: StoredProbeRun,
  at: Date,
): Promise<void> {
  await db
    .insertInto('probe_runs')
    .columns(['repository_id', 'digest', 'probe', 'statement', 'ran_at'])
    .expression(
      db
        .selectFrom('manifests')
        .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
        .select([
          'manifests.repository_id',
          'manifests.digest',
          sql.val(probe).as('probe'),
          sql.val(statement).as('statement'),
          sql<number>`cast(${at.getTime()} as bigint)`.as('ran_at'),
        ])
        .where('repositories.name', '=', repository)
        .where('manifests.digest', '=', digest),
    )
    .onConflict((conflict) =>
      conflict.columns(['digest', 'repository_id', 'probe']).doUpdateSet({ statement, ran_at: at.getTime() }),
    )
    .execute();
}
