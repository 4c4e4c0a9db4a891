import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { idsIn, kindOf, rowsTable } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** Jobs that are read whosever they are, before those of some repositories are looked up. */
const readFirst = 2000;

/** Jobs of what may be seen that are looked at. Where more wait, all that wait count. */
const mostLookedAt = 4000;

/**
 * How many images were pushed, and not taken apart yet: nothing is known of them. Each is waiting for its check, or that failed
 * again and again. Where more checks wait than can be looked at, they count as what they may be: then the answer is too high, never too low.
 *
 * @param visible which repositories may be seen
 * @param repositories keys of these; undefined: all are
 * @param most what is counted up to
 */
export async function countPending(
  db: Db,
  visible: (repository: string) => boolean,
  repositories: readonly number[] | undefined,
  most: number,
): Promise<number> {
  let keys = await checks(db, readFirst);
  // Those of others are not to be in the way, nor is it to take longer that there are many of them.
  if (keys.length === readFirst)
    keys = repositories
      ? await checksIn(db, repositories, mostLookedAt + 1)
      : await checks(db, mostLookedAt + 1);
  const waiting = keys.flatMap((key) => {
    const [repository, digest] = [key.slice(0, key.indexOf('@')), key.slice(key.indexOf('@') + 1)];
    return isDigest(digest) && visible(repository) ? [digest] : [];
  });
  if (waiting.length > mostLookedAt) return most;
  return Math.min(most, await countUnread(db, waiting));
}

async function checks(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('key')
    .where('kind', '=', 'check')
    .orderBy('key')
    .limit(limit)
    .execute();
  return rows.map((row) => row.key);
}

/** Of these repositories; the keys of their jobs lie between their name with an '@', and with what follows '@'. */
async function checksIn(db: Db, repositories: readonly number[], limit: number): Promise<string[]> {
  const own = sql`jobs.kind = 'check'
    and jobs.key > repositories.name || '@' and jobs.key < repositories.name || 'A'`;
  // How few that are, PostgreSQL does not know: it would compare all jobs with each.
  const jobs =
    kindOf(db) === 'sqlite'
      ? sql`jobs where ${own} and`
      : sql`lateral (select jobs.key from jobs where ${own} limit ${limit}) as jobs where`;
  const found = sql<{ key: string }>`(select jobs.key from repositories cross join ${jobs}
    repositories.id in ${idsIn(db, repositories)} limit ${limit})`;
  const rows = await db.selectFrom(found.as('matching')).select('key').execute();
  return rows.map((row) => row.key);
}

/** How many of these digests are of images without an inventory. */
async function countUnread(db: Db, digests: readonly string[]): Promise<number> {
  if (digests.length === 0) return 0;
  const wanted = rowsTable(
    db,
    { digest: 'text' },
    [...new Set(digests)].map((digest) => [digest]),
  );
  const { count } = await db
    .selectFrom(wanted.as('wanted'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('images')
            .select('images.id')
            .whereRef('images.digest', '=', 'wanted.digest')
            .where('format', 'in', knownFormats),
        ),
      ),
    )
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('manifests')
          .select('manifests.id')
          .whereRef('manifests.digest', '=', 'wanted.digest')
          .where('manifests.kind', '=', 'manifest'),
      ),
    )
    .executeTakeFirstOrThrow();
  return count;
}
