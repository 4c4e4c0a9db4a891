import { auditEntry } from '../audit/entry.ts';
import { recordAll } from '../audit/record.ts';
import type { Db } from '../db/schema.ts';
import { recordVerdictChanges } from '../stores/verdict-events.ts';
import { recordFacts, recordInventories } from '../stores/verdict-receipts.ts';
import { putVerdicts } from '../stores/verdicts.ts';
import type { VerdictToKeep } from './make-verdicts.ts';

/**
 * Keeps verdicts, and what they were made of; where one says something else than before, an event does, and for outcomes the audit log.
 *
 * @returns those that were kept, as `putVerdicts` tells
 */
export async function keepVerdicts(
  trx: Db,
  made: readonly VerdictToKeep[],
  at: Date,
): Promise<Set<VerdictToKeep>> {
  const kept = await putVerdicts(trx, made);
  const all = [...kept];
  await recordInventories(trx, [
    ...new Map(all.flatMap(({ inventory }) => (inventory ? [[inventory.digest, inventory]] : []))).values(),
  ]);
  await recordFacts(
    trx,
    all.flatMap(({ place, packed, verdict }) =>
      packed ? [{ place, packed, at: new Date(verdict.at) }] : [],
    ),
  );
  await recordVerdictChanges(
    trx,
    all.flatMap(({ event }) => event ?? []),
  );
  const turned = all.filter(({ before, verdict }) => before?.outcome !== verdict.outcome);
  await recordAll(
    trx,
    turned.map(({ place, before, verdict }) =>
      auditEntry({
        at,
        action: 'verdict',
        ...place,
        outcome: verdict.outcome,
        detail: {
          before: before?.outcome ?? null,
          routines: verdict.reasons.map((reason) => reason.routine),
        },
      }),
    ),
  );
  return kept;
}
