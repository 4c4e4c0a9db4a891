import type { Db } from '../db/schema.ts';

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

/** Who pulled an image from its repository, the latest first, at most `limit`; what was held back is no pull. */
export async function pullsOf(
  db: Db,
  { repository, digest }: { readonly repository: string; readonly digest: string },
  limit: number,
): Promise<Pull[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'actor', 'address', 'client', 'tag'])
    .where('digest', '=', digest)
    .where('repository', '=', repository)
    .where('action', '=', 'pull')
    .where('outcome', '=', 'done')
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}
