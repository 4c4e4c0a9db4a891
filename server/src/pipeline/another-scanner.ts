import type { Scanner } from '../config/load-scanners.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { Job, JobRequest } from '../jobs/job.ts';
import {
  isSourceAt,
  putSource,
  renewReportsOfOthers,
  reportedImages,
  sourceOf,
} from '../stores/scan-sources.ts';
import { knownScanners } from '../stores/known-scanners.ts';
import { placesBound } from './bound-scanners.ts';
import { invalidate } from './follow.ts';
import type { PipelineParts } from './parts.ts';

/** Kind of the job that follows where a name stands for another scanner than it did. */
export const anotherScannerJob = 'another-scanner';

/** Images that one step of it looks at. */
const stepSize = 200;

/**
 * Notes that a name is configured for another address than it was: what was reported from there counts no more, whether anybody
 * answers at the new one or not.
 */
export async function noteAddress({ db, now }: PipelineParts, { name, url }: Scanner): Promise<void> {
  await transact(db, async (trx) => {
    const before = (await knownScanners(trx)).get(name);
    if (!before || (before.source !== undefined && isSourceAt(before.source, url))) return;
    await putSource(trx, name, sourceOf(url));
    await askToFollow(trx, name, now());
  });
}

/** Asks, in the transaction that notes it, for what follows where a name stands for another scanner. */
export async function askToFollow(trx: Db, name: string, now: Date): Promise<void> {
  // each change has a walk of its own: one that comes while another goes on begins anew
  await enqueue(trx, [stepFrom(`${name} ${now.getTime()}`, '')], now);
}

function stepFrom(key: string, after: string): JobRequest {
  return { kind: anotherScannerJob, key, namespace: '', payload: after };
}

/** One step: images of which there is a report are judged again, and asked about where it is another's. */
export async function followAnotherScanner(parts: PipelineParts, { key, payload }: Job): Promise<void> {
  const [name = ''] = key.split(' ');
  const scanner = parts.policy().config.scanners.run.find((one) => one.name === name);
  // one that is configured no more has no say, and when it is again it is asked about itself
  if (!scanner) return;
  const { db } = parts;
  const at = parts.now();
  await transact(db, async (trx) => {
    const after = typeof payload === 'string' ? payload : '';
    const digests = await reportedImages(trx, name, { after, limit: stepSize });
    const last = digests.at(-1);
    if (last === undefined) return;
    await renewReportsOfOthers(trx, name, digests, at);
    for (const digest of digests)
      await invalidate(trx, parts.memory, 'judge', await placesBound(parts, trx, scanner, digest), at);
    await enqueue(trx, [stepFrom(key, last)], at);
  });
}
