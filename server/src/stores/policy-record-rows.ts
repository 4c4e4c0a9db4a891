import type { Selectable } from 'kysely';
import type { Db, Schema } from '../db/schema.ts';

/** What records are about. */
const recordKinds = [
  'publisher',
  'key',
  'trust',
  'root',
  'trust-store',
  'crl',
  'binding',
  'waiver',
  'grant-rule',
  'grant',
  'collection',
  'layout',
  'vex',
] as const;
export type RecordKind = (typeof recordKinds)[number];

/** Something that somebody put in force. It never changes, it ends: what is to be another way is a new record. */
export interface PolicyRecord {
  readonly id: number;
  readonly kind: RecordKind;
  /** one of a kind is in force at a time */
  readonly name: string;
  /** plain data, checked when it was made */
  readonly document: unknown;
  readonly madeBy: string;
  readonly madeAt: Date;
  /** of the policy, with which it began */
  readonly version: number;
  readonly ended?: { readonly by: string; readonly at: Date; readonly reason: string };
}

/** Who does something, when, and with which version of the policy it takes effect. */
export interface RecordAct {
  readonly by: string;
  readonly at: Date;
  readonly version: number;
}

/** Puts a record in force. Fails where one of that kind and name is: ask `recordInForce` first, in the same transaction. */
export async function addRecord(
  trx: Db,
  { kind, name, document }: Pick<PolicyRecord, 'kind' | 'name' | 'document'>,
  { by, at, version }: RecordAct,
): Promise<PolicyRecord> {
  const row = await trx
    .insertInto('policy_records')
    .values({
      kind,
      name,
      document: JSON.stringify(document),
      made_by: by,
      made_at: at.getTime(),
      version,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return recordOf(row);
}

/** Ends the record of that kind and name; undefined: none was in force. */
export async function endRecord(
  trx: Db,
  kind: RecordKind,
  name: string,
  { by, at, reason }: { readonly by: string; readonly at: Date; readonly reason: string },
): Promise<PolicyRecord | undefined> {
  const row = await trx
    .updateTable('policy_records')
    .set({ ended_by: by, ended_at: at.getTime(), end_reason: reason })
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row && recordOf(row);
}

/** The record of that kind and name that is in force. */
export async function recordInForce(
  db: Db,
  kind: RecordKind,
  name: string,
): Promise<PolicyRecord | undefined> {
  const row = await db
    .selectFrom('policy_records')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row && recordOf(row);
}

/** True if there is or ever was a record of that kind and name. */
export async function recordEver(db: Db, kind: RecordKind, name: string): Promise<boolean> {
  const row = await db
    .selectFrom('policy_records')
    .select('id')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Every record that is in force, in the order in which they were made. */
export async function recordsInForce(db: Db): Promise<PolicyRecord[]> {
  const rows = await db
    .selectFrom('policy_records')
    .selectAll()
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(recordOf);
}

/** A page of the records of a kind in the order in which they were made: those in force, or all that ever were. */
export async function listRecords(
  db: Db,
  kind: RecordKind,
  page: { readonly after: number; readonly limit: number; readonly ended: boolean },
): Promise<PolicyRecord[]> {
  const rows = await db
    .selectFrom('policy_records')
    .selectAll()
    .where('kind', '=', kind)
    .where('id', '>', page.after)
    .$if(!page.ended, (query) => query.where('ended_at', 'is', null))
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map(recordOf);
}

function recordOf(row: Selectable<Schema['policy_records']>): PolicyRecord {
  const { id, kind, name, document, made_by, made_at, version, ended_by, ended_at, end_reason } = row;
  return {
    id,
    kind: kind as RecordKind,
    name,
    document: JSON.parse(document) as unknown,
    madeBy: made_by,
    madeAt: new Date(made_at),
    version,
    ...(ended_at !== null && {
      ended: { by: ended_by ?? '', at: new Date(ended_at), reason: end_reason ?? '' },
    }),
  };
}
