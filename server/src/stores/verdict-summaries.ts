import type { Outcome, Purpose } from '@wharfinger/lib/routines/verdict';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { listsByPlace } from './lists-by-place.ts';
import type { FoundPlace } from './search.ts';
import type { StoredVerdict } from './verdicts.ts';

/** What a verdict comes to, without its reasons, and what tells whether it stands. */
export interface VerdictSummary extends Pick<StoredVerdict, 'madeFrom'> {
  readonly outcome: Outcome;
  readonly decided: boolean;
  /** when it was made */
  readonly at: Date;
  /** absent: time does not end it */
  readonly validUntil?: Date;
  /** false: what is known of the image has changed since */
  readonly ofNow: boolean;
}

type Row = readonly [
  outcome: Outcome | null,
  decided: number,
  at: number,
  validUntil: number | null,
  madeFrom: string,
  ofNow: number,
];

/**
 * The verdicts that were made last for a purpose, whether they stand or not, of many places in one statement.
 * @returns one for each place, in their order; null: none was made yet; undefined: the image is not there any more
 */
export async function verdictSummaries(
  db: Db,
  places: readonly FoundPlace[],
  purpose: Purpose,
): Promise<Array<VerdictSummary | null | undefined>> {
  const question = sql`select outcome, decided, made_at, valid_until, made_from,
      case when verdicts.facts = coalesce(image_changes.facts, 0) then 1 else 0 end as of_now
    from manifests
    left join verdicts on verdicts.digest = manifests.digest and verdicts.repository_id = manifests.repository_id
      and verdicts.purpose = ${purpose}
    left join image_changes on image_changes.digest = manifests.digest
      and image_changes.repository_id = manifests.repository_id
    where manifests.digest = wanted.digest and manifests.repository_id = wanted.repository_id`;
  const columns = ['outcome', 'decided', 'made_at', 'valid_until', 'made_from', 'of_now'];
  const lists = await listsByPlace<Row>(db, places, question, columns);
  return lists.map(([row]) => row && toSummary(row));
}

function toSummary([outcome, decided, at, validUntil, madeFrom, ofNow]: Row): VerdictSummary | null {
  if (outcome === null) return null;
  return {
    outcome,
    decided: decided === 1,
    at: new Date(at),
    ...(validUntil !== null && { validUntil: new Date(validUntil) }),
    madeFrom: JSON.parse(madeFrom) as StoredVerdict['madeFrom'],
    ofNow: ofNow === 1,
  };
}
