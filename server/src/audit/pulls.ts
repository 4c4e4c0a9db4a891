import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { listsByPlace } from '../stores/lists-by-place.ts';
import type { FoundPlace } from '../stores/search.ts';

/** Somebody pulled an image. */
export interface Pull {
  /** RFC 3339 */
  readonly at: string;
  /** null: anonymous */
  readonly actor: string | null;
  readonly address: string | null;
  readonly client: string | null;
  /** what it was asked for by; null: its digest */
  readonly tag: string | null;
}

/** Who pulled each of these images from its repository, the latest first, at most `limit` of each; what was held back is no pull. */
export async function pullsOf(db: Db, places: readonly FoundPlace[], limit: number): Promise<Pull[][]> {
  const question = sql`select id, at, actor, address, client, tag from audit
    where digest = wanted.digest and repository = wanted.repository and action = 'pull' and outcome = 'done'
    order by at desc, id desc limit ${limit}`;
  type Text = string | null;
  type Row = readonly [id: number, at: number, actor: Text, address: Text, client: Text, tag: Text];
  const columns = ['id', 'at', 'actor', 'address', 'client', 'tag'];
  const lists = await listsByPlace<Row>(db, places, question, columns);
  return lists.map((rows) =>
    rows
      .sort((left, right) => right[1] - left[1] || right[0] - left[0])
      .map(([, at, actor, address, client, tag]) => ({
        at: new Date(at).toISOString(),
        actor,
        address,
        client,
        tag,
      })),
  );
}
