import type { Db } from '../db/schema.ts';
import { enqueue } from './enqueue.ts';
import type { JobRequest } from './job.ts';

/**
 * Asks for a job in place of all of its kind that wait: for walks over everything there is, of which the last one does what those before
 * it would have. One that runs goes on.
 */
export async function enqueueInPlace(trx: Db, job: JobRequest, now: Date): Promise<void> {
  await trx.deleteFrom('jobs').where('kind', '=', job.kind).where('state', '<>', 'running').execute();
  await enqueue(trx, [job], now);
}
