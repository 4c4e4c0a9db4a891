import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Selectable } from 'kysely';
import { pairsTable } from '../db/dialect.ts';
import type { Db, Schema } from '../db/schema.ts';
import type { Placed } from './repositories.ts';

/** An image held by hand. It outlives its manifest: pushed again it is held still. */
export interface Hold extends Placed {
  readonly id: number;
  readonly by: string;
  readonly at: Date;
  readonly reason: string;
  readonly released?: { readonly by: string; readonly at: Date; readonly reason: string };
}

/** Who does something by hand, when and why. */
export interface Act {
  readonly by: string;
  readonly at: Date;
  readonly reason: string;
}

/** Holds an image until every hold on it is released. */
export async function holdImage(db: Db, { repository, digest }: Placed, act: Act): Promise<Hold> {
  const row = await db
    .insertInto('holds')
    .values({ repository, digest, held_by: act.by, held_at: act.at.getTime(), reason: act.reason })
    .returningAll()
    .executeTakeFirstOrThrow();
  return holdOf(row);
}

/** Releases all holds on an image and keeps who did it; those that were released, none if it was not held. */
export async function releaseImage(db: Db, { repository, digest }: Placed, act: Act): Promise<Hold[]> {
  const rows = await db
    .updateTable('holds')
    .set({ released_by: act.by, released_at: act.at.getTime(), release_reason: act.reason })
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .where('released_at', 'is', null)
    .returningAll()
    .execute();
  return rows.map(holdOf);
}

/** The hold that stands on an image, the oldest if there are several. */
export async function standingHold(db: Db, place: Placed): Promise<Hold | undefined> {
  const holds = await holdsOf(db, place);
  return holds.find((hold) => !hold.released);
}

/** The holds that stand on these images, by repository and digest: the oldest where there are several. */
export async function standingHoldsOf(db: Db, places: readonly Placed[]): Promise<Map<string, Hold>> {
  const pairs = places.map(({ repository, digest }) => [repository, digest] as const);
  const rows = await db
    .selectFrom(pairsTable(db, pairs).as('wanted'))
    .innerJoin('holds', (join) =>
      join.onRef('holds.digest', '=', 'wanted.b').onRef('holds.repository', '=', 'wanted.a'),
    )
    .selectAll('holds')
    .where('released_at', 'is', null)
    .orderBy('holds.id', 'desc')
    .execute();
  return new Map(rows.map((row) => [`${row.repository}@${row.digest}`, holdOf(row)]));
}

/** The hold that stands on each image that is held, the oldest first. */
export async function standingHolds(db: Db): Promise<Hold[]> {
  const rows = await db
    .selectFrom('holds')
    .selectAll()
    .where('released_at', 'is', null)
    .orderBy('id')
    .execute();
  const seen = new Set<string>();
  return rows.map(holdOf).filter(({ repository, digest }) => {
    const place = `${repository}@${digest}`;
    return !seen.has(place) && seen.add(place);
  });
}

/** All holds on an image, released or not, oldest first. */
export async function holdsOf(db: Db, { repository, digest }: Placed): Promise<Hold[]> {
  const rows = await db
    .selectFrom('holds')
    .selectAll()
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .orderBy('id')
    .execute();
  return rows.map(holdOf);
}

function holdOf(row: Selectable<Schema['holds']>): Hold {
  const { released_by, released_at, release_reason } = row;
  return {
    id: row.id,
    repository: row.repository,
    digest: row.digest as Digest,
    by: row.held_by,
    at: new Date(row.held_at),
    reason: row.reason,
    ...(released_at === null
      ? {}
      : {
          released: { by: released_by ?? '', at: new Date(released_at), reason: release_reason ?? '' },
        }),
  };
}
