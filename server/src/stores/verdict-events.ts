import type { ChangeCause } from '@wharfinger/lib/assess/verdict-change';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Outcome, Purpose } from '@wharfinger/lib/routines/verdict';
import { sql } from 'kysely';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** That a verdict says something else than the one before. */
export interface VerdictEvent extends Placed {
  readonly at: Date;
  readonly purpose: Purpose;
  /** null: there was none before */
  readonly before: Outcome | null;
  readonly outcome: Outcome;
  readonly decided: boolean;
  readonly cause: ChangeCause;
}

/** Records changes of verdicts, in the order given, in the transaction that keeps the new ones: there is one for each, and none is lost. */
export async function recordVerdictChanges(trx: Db, events: readonly VerdictEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    at: event.at.getTime(),
    repository: event.repository,
    digest: event.digest,
    purpose: event.purpose,
    outcome_before: event.before,
    outcome: event.outcome,
    decided: event.decided ? 1 : 0,
    cause: JSON.stringify(event.cause),
  }));
  for (const part of chunks(rows)) await trx.insertInto('verdict_events').values(part).execute();
}

/** Number of the event that was recorded last; numbers grow by one, but for a few that are left out. 0: there is none. */
export async function lastVerdictEvent(db: Db): Promise<number> {
  const row = await db
    .selectFrom('verdict_events')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst();
  return row?.id ?? 0;
}

/** Which events; all filters given must hold. */
export interface VerdictEventFilter {
  readonly repository?: string;
  readonly digest?: string;
  readonly outcome?: string;
  /** at or after */
  readonly since?: Date;
  /** before */
  readonly until?: Date;
}

/** What a page gives as `next`. */
export const eventCursor = /^(-?\d{1,16})-(\d{1,16})$/;

/**
 * A page of events, newest first. Events that come meanwhile do not shift the pages.
 * @param page.after what the page before gave as `next`; anything else begins at the newest
 */
export async function queryVerdictEvents(
  db: Db,
  filter: VerdictEventFilter,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly events: readonly VerdictEvent[]; readonly next?: string }> {
  const { repository, digest, outcome, since, until } = filter;
  const cursor = eventCursor.exec(page.after ?? '');
  const rows = await db
    .selectFrom('verdict_events')
    .selectAll()
    .$if(repository !== undefined, (query) => query.where('repository', '=', repository!))
    .$if(digest !== undefined, (query) => query.where('digest', '=', digest!))
    .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome!))
    .$if(since !== undefined, (query) => query.where('at', '>=', since!.getTime()))
    .$if(until !== undefined, (query) => query.where('at', '<', until!.getTime()))
    .$if(cursor !== null, (query) =>
      query.where(sql<boolean>`(at, id) < (${Number(cursor![1])}, ${Number(cursor![2])})`),
    )
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    events: shown.map((row) => ({
      at: new Date(row.at),
      repository: row.repository,
      digest: row.digest as Digest,
      purpose: row.purpose as Purpose,
      before: row.outcome_before as Outcome | null,
      outcome: row.outcome as Outcome,
      decided: row.decided === 1,
      cause: JSON.parse(row.cause) as ChangeCause,
    })),
    ...(rows.length > page.limit && last ? { next: `${last.at}-${last.id}` } : {}),
  };
}
