import { sql } from 'kysely';
import { chunks, kindOf } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
import { auditEntry, canonicalDetail, type AuditAct, type AuditEntry } from './entry.ts';

const longestText = 1000;

/** Records one act, in the transaction that does it. */
export async function recordAudit(db: Db, act: AuditAct): Promise<void> {
  await recordAll(db, [auditEntry(act)]);
}

/**
 * Records many acts, in the order given. Pulls come by the thousand in a second, so a batch is one parameter: building
 * and sending ten for each entry costs more than all the rest of recording it.
 */
export async function recordAll(db: Db, entries: readonly AuditEntry[]): Promise<void> {
  const columns = sql.raw(auditColumns.join(', '));
  for (const part of chunks(entries, 2000)) {
    const batch = JSON.stringify(part.map(rowOf));
    await (
      kindOf(db) === 'sqlite'
        ? sql`insert into audit (${columns}) select ${sql.raw(fields('value'))} from json_each(${batch}) order by key`
        : sql`insert into audit (${columns}) select ${sql.raw(fields('value', '::bigint'))}
          from jsonb_array_elements(${batch}::jsonb) with ordinality as batch (value, place) order by place`
    ).execute(db);
  }
}

const auditColumns = [
  'at',
  'actor',
  'address',
  'client',
  'action',
  'repository',
  'digest',
  'tag',
  'outcome',
  'detail',
] as const satisfies ReadonlyArray<keyof Schema['audit']>;

/** The fields of a row that `rowOf` made, out of the JSON array `row`. */
function fields(row: string, castOfTime = ''): string {
  return auditColumns.map((_, at) => `(${row} ->> ${at})${at === 0 ? castOfTime : ''}`).join(', ');
}

/** The values of `auditColumns`. */
function rowOf(entry: AuditEntry): Array<string | number | null> {
  return [
    entry.at.getTime(),
    entry.actor,
    entry.address,
    cut(entry.client),
    entry.action,
    entry.repository,
    entry.digest,
    entry.tag,
    entry.outcome,
    canonicalDetail(entry.detail),
  ];
}

/** What a client says of itself is text from outside: bounded, and without what PostgreSQL cannot store. */
function cut(text: string | null): string | null {
  return text === null ? null : text.slice(0, longestText).replaceAll('\0', '').toWellFormed();
}
