import { sql } from 'kysely';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** The names of all repositories, for who asks again and again which of them somebody may see. */
export interface RepositoryNames {
  /** Keys of the repositories that may be seen, by their names; undefined: all that there are now may be. */
  seen(visible: (repository: string) => boolean): Promise<readonly number[] | undefined>;
}

type Named = readonly [id: number, name: string];

/** Remembers the names. A repository stays for ever, so while there are as many as were read, they are the same. */
export function rememberRepositoryNames(db: Db): RepositoryNames {
  let known: readonly Named[] = [];
  return {
    async seen(visible) {
      const { count } = await db
        .selectFrom('repositories')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (count !== known.length) known = await readNames(db);
      const all = known;
      const seen = all.flatMap(([id, name]) => (visible(name) ? [id] : []));
      return seen.length === all.length ? undefined : seen;
    },
  };
}

/** As one text, since rows of tens of thousands of names take longer than finding them. */
async function readNames(db: Db): Promise<Named[]> {
  const pairs =
    kindOf(db) === 'sqlite'
      ? sql<string>`json_group_array(json_array(id, name))`
      : sql<string>`coalesce(json_agg(json_build_array(id, name)), '[]')::text`;
  const { all } = await db.selectFrom('repositories').select(pairs.as('all')).executeTakeFirstOrThrow();
  return JSON.parse(all) as Named[];
}
