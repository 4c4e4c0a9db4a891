import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql, type RawBuilder } from 'kysely';
import { kindOf, rowsTable } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** What a list belongs to. */
interface ListedPlace {
  readonly repositoryId: number;
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Asks the same of many places in one statement: a short list for each.
 * @param question for the place in `wanted`, with its `repository_id`, `repository` and `digest`; with a limit of its own
 * @param columns of the question, in the order in which each row of a list gives them
 * @returns a list for each place, in the order of the places; a list has no order
 */
export async function listsByPlace<Row extends readonly unknown[]>(
  db: Db,
  places: readonly ListedPlace[],
  question: RawBuilder<unknown>,
  columns: readonly string[],
): Promise<Row[][]> {
  if (places.length === 0) return [];
  const wanted = rowsTable(
    db,
    { repository_id: 'integer', repository: 'text', digest: 'text' },
    places.map(({ repositoryId, repository, digest }) => [repositoryId, repository, digest]),
  );
  const row = sql.join(columns.map((column) => sql.ref(`one.${column}`)));
  const list =
    kindOf(db) === 'sqlite'
      ? sql<string>`(select json_group_array(json_array(${row})) from (${question}) as one)`
      : sql<string>`(select coalesce(json_agg(json_build_array(${row})), '[]')::text from (${question}) as one)`;
  const rows = await db
    .selectFrom(wanted.as('wanted'))
    .select(['n', list.as('list')])
    .orderBy('n')
    .execute();
  return rows.map((one) => JSON.parse(one.list) as Row[]);
}
