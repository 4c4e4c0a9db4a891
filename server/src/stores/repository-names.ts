import { sql } from 'kysely';
import { kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';

/** What was found out about somebody. It holds as long as his rights do: for others, and for new rights, begin with a new one. */
export interface SeenBefore {
  /** how many names his rights were asked about */
  asked: number;
  /** keys of the repositories that he may see of these; more are added at the end */
  readonly ids: number[];
}

/** The names of all repositories, for who asks again and again which of them somebody may see. */
export interface RepositoryNames {
  /**
   * Keys of the repositories that may be seen, by their names; undefined: all that there are now may be.
   * @param before of an earlier question about the same rights, which then are asked about new names alone
   */
  seen(visible: (repository: string) => boolean, before?: SeenBefore): Promise<readonly number[] | undefined>;
}

type Named = readonly [id: number, name: string];

/** Remembers the names. A repository stays for ever, so while there are as many as were read, they are the same. */
export function rememberRepositoryNames(db: Db): RepositoryNames {
  // in the order in which they came to be known
  const known = new Map<number, string>();
  const ids: number[] = [];
  return {
    async seen(visible, before = newSeen()) {
      const { count } = await db
        .selectFrom('repositories')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (count !== known.size) {
        for (const [id, name] of await readNames(db)) {
          if (known.has(id)) continue;
          known.set(id, name);
          ids.push(id);
        }
      }
      for (; before.asked < ids.length; before.asked += 1) {
        const id = ids[before.asked]!;
        if (visible(known.get(id)!)) before.ids.push(id);
      }
      return before.ids.length === ids.length ? undefined : before.ids;
    },
  };
}

/** Of somebody of whom nothing was found out yet. */
export function newSeen(): SeenBefore {
  return { asked: 0, ids: [] };
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
