import { afterCommit } from '../db/transaction.ts';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { Placed } from '../stores/repositories.ts';
import { forgetSignatureReports } from '../stores/signature-reports.ts';
import { forgetVerdicts } from '../stores/verdicts.ts';
import { jobFor, type ImageJobKind } from './image-jobs.ts';

/**
 * Step 8 of the path. Says, in the transaction that changes what verdicts rest on, which of them may be untrue from now
 * on: they are forgotten with it, and made again by a job of the kind given, or then and there where one is pulled.
 */
export async function invalidate(
  trx: Db,
  memory: VerdictMemory,
  kind: ImageJobKind,
  places: readonly Placed[],
  at: Date,
): Promise<void> {
  if (places.length === 0) return;
  if (kind !== 'judge') {
    await forgetSignatureReports(
      trx,
      places.map((place) => place.digest),
    );
  }
  await forgetVerdicts(trx, places);
  await enqueue(
    trx,
    places.map((place) => jobFor(kind, place)),
    at,
  );
  afterCommit(trx, () => {
    for (const { repository, digest } of places) memory.forget(repository, digest);
  });
}
