import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { RecordedEntry } from './entry.ts';

/** Which entries; all filters given must hold. */
export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
  readonly outcome?: string;
  /** at or after */
  readonly since?: Date;
  /** before */
  readonly until?: Date;
}

export interface AuditPage {
  /** newest first */
  readonly entries: readonly RecordedEntry[];
  /** give it back as `after` for the next page; undefined: this is the last */
  readonly next?: string;
}

/** What a page gives as `next`. */
export const cursorShape = /^(-?\d{1,16})-(\d{1,16})$/;

/**
 * A page of the log, newest first. Entries that come meanwhile do not shift the pages.
 * @param page.after what the page before gave as `next`; anything else begins at the newest
 */
export async function queryAudit(
  db: Db,
  filter: AuditFilter,
  page: { readonly after?: string; readonly limit: number },
): Promise<AuditPage> {
  const { since, until } = filter;
  const cursor = cursorShape.exec(page.after ?? '');
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .$if(filter.actor !== undefined, (query) => query.where('actor', '=', filter.actor!))
    .$if(filter.action !== undefined, (query) => query.where('action', '=', filter.action!))
    .$if(filter.repository !== undefined, (query) => query.where('repository', '=', filter.repository!))
    .$if(filter.digest !== undefined, (query) => query.where('digest', '=', filter.digest!))
    .$if(filter.tag !== undefined, (query) => query.where('tag', '=', filter.tag!))
    .$if(filter.outcome !== undefined, (query) => query.where('outcome', '=', filter.outcome!))
    .$if(since !== undefined, (query) => query.where('at', '>=', since!.getTime()))
    .$if(until !== undefined, (query) => query.where('at', '<', until!.getTime()))
    .$if(cursor !== null, (query) =>
      query.where(sql<boolean>`(at, id) < (${Number(cursor![1])}, ${Number(cursor![2])})`),
    )
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
  const entries = rows.slice(0, page.limit).map(({ at, detail, ...row }) => ({
    ...row,
    at: new Date(at),
    ...(detail === null ? {} : { detail: JSON.parse(detail) as unknown }),
  }));
  const last = entries.at(-1);
  return {
    entries,
    ...(rows.length > page.limit && last ? { next: `${last.at.getTime()}-${last.id}` } : {}),
  };
}
