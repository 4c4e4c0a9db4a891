import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** The number of the state of all that decides; it grows with every change. */
export async function policyVersion(db: Db): Promise<number> {
  const row = await db.selectFrom('policy_version').select('version').executeTakeFirstOrThrow();
  return row.version;
}

/**
 * Counts a change of what decides, in the transaction of the change, before anything else is read: on PostgreSQL another
 * change waits here until this one is done.
 * @returns the version that begins with it
 */
export async function raisePolicyVersion(trx: Db): Promise<number> {
  const row = await trx
    .updateTable('policy_version')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .returning('version')
    .executeTakeFirstOrThrow();
  return row.version;
}

/** The version, which stays the same until the transaction ends. */
export async function lockPolicyVersion(trx: Db): Promise<number> {
  const row = await trx
    .selectFrom('policy_version')
    .select('version')
    .$if(kindOf(trx) === 'postgres', (query) => query.forShare())
    .executeTakeFirstOrThrow();
  return row.version;
}
