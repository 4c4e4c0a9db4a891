import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { auditEntry, canonicalDetail, type AuditAct, type AuditEntry } from './entry.ts';

const longestText = 1000;

/** Records one act, in the transaction that does it. */
export async function recordAudit(db: Db, act: AuditAct): Promise<void> {
  await recordAll(db, [auditEntry(act)]);
}

/** Records many acts, in the order given. */
export async function recordAll(db: Db, entries: readonly AuditEntry[]): Promise<void> {
  for (const part of chunks(entries, 500)) await db.insertInto('audit').values(part.map(rowOf)).execute();
}

function rowOf(entry: AuditEntry) {
  return {
    at: entry.at.getTime(),
    actor: entry.actor,
    address: entry.address,
    client: cut(entry.client),
    action: entry.action,
    repository: entry.repository,
    digest: entry.digest,
    tag: entry.tag,
    outcome: entry.outcome,
    detail: canonicalDetail(entry.detail),
  };
}

/** What a client says of itself is text from outside: bounded, and without what PostgreSQL cannot store. */
function cut(text: string | null): string | null {
  return text === null ? null : text.slice(0, longestText).replaceAll('\0', '').toWellFormed();
}
