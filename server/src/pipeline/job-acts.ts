import { WharfingerError } from '@wharfinger/lib/errors';
import type { JobActs } from '../api/jobs/routes.ts';
import { recordAudit } from '../audit/record.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { currentOrigin } from '../identity/origin.ts';
import { countJobs, deadJobsOf, listDeadJobs, retryDeadJobs } from '../jobs/dead-jobs.ts';
import type { DeadJob } from '../jobs/job.ts';
import type { Placed } from '../stores/repositories.ts';
import { imageJobKinds, jobFor } from './image-jobs.ts';
import type { PipelineParts } from './parts.ts';
import { probeJob } from './probe.ts';

/** What administrators may see and do of the queue; trying again is recorded. */
export function createJobActs({ db, now }: Pick<PipelineParts, 'db' | 'now'>): JobActs {
  return {
    counts: () => countJobs(db),
    dead: (page) => listDeadJobs(db, page),
    retry: (id, by) =>
      transact(db, async (trx) => {
        const at = now();
        const retried = await retryDeadJobs(trx, id, at);
        if (id !== undefined && retried === 0) {
          throw new WharfingerError('NOT_FOUND', {
            what: `no job ${id} was given up`,
            remedy: 'wharf job list --dead shows those that were; a job that is done is gone',
          });
        }
        const detail = id === undefined ? { all: true, retried } : { id, retried };
        const act = { ...currentOrigin(), at, actor: by, action: 'retry-job', outcome: 'done', detail };
        await recordAudit(trx, act);
        return retried;
      }),
  };
}

/** Work on an image that failed too often and is not tried any more: what it was to find out is not known. */
export async function givenUpOn(
  db: Db,
  place: Placed,
): Promise<ReadonlyArray<Pick<DeadJob, 'id' | 'kind' | 'attempts'>>> {
  return deadJobsOf(db, [...imageJobKinds, probeJob], jobFor('check', place).key);
}
