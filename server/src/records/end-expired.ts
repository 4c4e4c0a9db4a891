import { recordsInForce } from '../stores/policy-record-rows.ts';
import { changePolicy, type ChangeParts } from './change-policy.ts';
import type { Documents } from './documents.ts';

/** Who ends what time has ended. */
const byItself = 'wharfinger';

/** Ends the records of waivers and grants that are over: they excuse nothing any more, and need not be read for ever. */
export async function endExpired(parts: ChangeParts): Promise<void> {
  const now = parts.now().getTime();
  const over = (await recordsInForce(parts.db)).filter(({ kind, document }) => {
    if (kind === 'waiver') return Date.parse((document as Documents['waiver']).expires) <= now;
    return kind === 'grant' && Date.parse((document as Documents['grant']).until) <= now;
  });
  if (over.length === 0) return;
  await changePolicy(parts, byItself, async (change) => {
    for (const { kind, name } of over) await change.end(kind, name, 'its time is over');
  });
}
