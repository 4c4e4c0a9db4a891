import { sql, type Expression } from 'kysely';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/**
 * Keys of images, each once, the newest first. As one text, since rows of a hundred thousand numbers take longer than finding them;
 * and put in order here, which takes less than in the database.
 */
export async function collect(db: Db, images: Expression<{ image_id: number }>): Promise<number[]> {
  const all =
    kindOf(db) === 'sqlite'
      ? sql<string>`json_group_array(image_id)`
      : sql<string>`coalesce(json_agg(image_id), '[]')::text`;
  const row = await db
    .selectFrom(sql<{ image_id: number }>`${images}`.as('matching'))
    .select(all.as('ids'))
    .executeTakeFirstOrThrow();
  return newestFirst(JSON.parse(row.ids) as number[]);
}

/** Each once, from the highest. */
export function newestFirst(keys: readonly number[]): number[] {
  const sorted = Float64Array.from(keys).sort();
  const once: number[] = [];
  for (let at = sorted.length - 1; at >= 0; at -= 1)
    if (sorted[at] !== sorted[at + 1]) once.push(sorted[at]!);
  return once;
}
