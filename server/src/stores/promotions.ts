import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import type { Selectable } from 'kysely';
import { pairsTable } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** An image on its way into another repository. */
export interface Promotion {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly digest: Digest;
  /** what it shall be called there */
  readonly tags: readonly string[];
  readonly requestedBy: string;
  readonly requestedAt: Date;
  /** it does not wait any longer than this */
  readonly expires: Date;
  readonly state: PromotionState;
  /** what it was judged last as an image of the target; absent: not yet */
  readonly verdict?: Verdict;
  /** absent: it waits; by nobody: the registry itself */
  readonly ended?: { readonly by: string | null; readonly at: Date };
}

/** waiting: for evidence or approvals; done: it is there; refused: a routine denies it */
const promotionStates = ['waiting', 'done', 'refused', 'cancelled', 'expired'] as const;
export type PromotionState = (typeof promotionStates)[number];

export type PromotionRequest = Omit<Promotion, 'id' | 'state' | 'verdict' | 'ended'>;

export async function addPromotion(db: Db, request: PromotionRequest): Promise<Promotion> {
  const row = await db
    .insertInto('promotions')
    .values({
      from_repository: request.from,
      to_repository: request.to,
      digest: request.digest,
      tags: JSON.stringify(request.tags),
      requested_by: request.requestedBy,
      requested_at: request.requestedAt.getTime(),
      expires: request.expires.getTime(),
      state: 'waiting',
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return promotionOf(row);
}

export async function getPromotion(db: Db, id: number): Promise<Promotion | undefined> {
  const row = await db.selectFrom('promotions').selectAll().where('id', '=', id).executeTakeFirst();
  return row && promotionOf(row);
}

/** Promotions into a repository, the newest first, below the id `before`. */
export async function promotionsInto(
  db: Db,
  repository: string,
  page: { readonly before?: number; readonly limit: number },
): Promise<Promotion[]> {
  const rows = await db
    .selectFrom('promotions')
    .selectAll()
    .where('to_repository', '=', repository)
    .$if(page.before !== undefined, (query) => query.where('id', '<', page.before!))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(promotionOf);
}

/** The promotions of these images that wait, and where they come from: what is known of the images has changed. */
export async function waitingPromotionsOf(
  db: Db,
  places: readonly Placed[],
): Promise<Array<{ readonly id: number; readonly from: string }>> {
  return db
    .selectFrom(
      pairsTable(
        db,
        places.map(({ repository, digest }) => [repository, digest]),
      ).as('wanted'),
    )
    .innerJoin('promotions', (join) =>
      join.onRef('promotions.digest', '=', 'wanted.b').onRef('promotions.from_repository', '=', 'wanted.a'),
    )
    .select(['promotions.id', 'promotions.from_repository as from'])
    .where('state', '=', 'waiting')
    .execute();
}

/** Ids of promotions that wait, after `after`, at most `limit`. */
export async function waitingPromotions(db: Db, after: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('promotions')
    .select('id')
    .where('state', '=', 'waiting')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Keeps what a waiting promotion was judged; false if it does not wait any more. */
export async function putPromotionVerdict(db: Db, id: number, verdict: Verdict): Promise<boolean> {
  const row = await db
    .updateTable('promotions')
    .set({ verdict: JSON.stringify(verdict) })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends a waiting promotion; false if it does not wait any more. */
export async function endPromotion(
  db: Db,
  id: number,
  state: Exclude<PromotionState, 'waiting'>,
  end: { readonly by: string | null; readonly at: Date },
): Promise<boolean> {
  const row = await db
    .updateTable('promotions')
    .set({ state, ended_by: end.by, ended_at: end.at.getTime() })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

function promotionOf(row: Selectable<Schema['promotions']>): Promotion {
  return {
    id: row.id,
    from: row.from_repository,
    to: row.to_repository,
    digest: row.digest as Digest,
    tags: JSON.parse(row.tags) as string[],
    requestedBy: row.requested_by,
    requestedAt: new Date(row.requested_at),
    expires: new Date(row.expires),
    state: row.state,
    ...(row.verdict === null ? {} : { verdict: JSON.parse(row.verdict) as Verdict }),
    ...(row.ended_at === null ? {} : { ended: { by: row.ended_by, at: new Date(row.ended_at) } }),
  };
}
