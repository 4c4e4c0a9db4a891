import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { Job, JobRequest } from '../jobs/job.ts';
import { formatsAfter } from '../stores/images.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { jobFor } from './image-jobs.ts';
import type { PipelineParts } from './parts.ts';

/** Kind of the job that has images checked again whose inventories another version of this program made, in a form of its own. */
export const checkAgainJob = 'check-again';

/** Setting: the form of inventories that all images were last looked through for. */
const lookedThroughFor = 'inventory-format';

/** Manifests that one step of it looks at. */
const stepSize = 1000;

/** What is pushed comes before. */
const priority = 5;

/**
 * Asks for that once after each change of the form: what is not made anew is not known, so that such an image would wait for ever for a
 * check that only a push asks for.
 */
export async function askForChecksAgain({ db, now }: Pick<PipelineParts, 'db' | 'now'>): Promise<void> {
  if ((await getSetting(db, lookedThroughFor)) === inventoryFormat) return;
  await transact(db, async (trx) => {
    await putSetting(trx, lookedThroughFor, inventoryFormat);
    await enqueue(trx, [stepFrom(0)], now());
  });
}

/** One step: asks for the checks that it finds to be missing, and for the next step, in one transaction. */
export async function checkAgain(
  { db, now }: Pick<PipelineParts, 'db' | 'now'>,
  { payload }: Pick<Job, 'payload'>,
): Promise<void> {
  const manifests = await formatsAfter(db, typeof payload === 'number' ? payload : 0, stepSize);
  const last = manifests.at(-1);
  if (!last) return;
  const checks = manifests
    .filter(({ format }) => format !== null && format !== inventoryFormat)
    .map((place) => ({ ...jobFor('check', place), priority }));
  await transact(db, (trx) => enqueue(trx, [...checks, stepFrom(last.id)], now()));
}

function stepFrom(id: number): JobRequest {
  return { kind: checkAgainJob, key: 'all', namespace: '', payload: id };
}
