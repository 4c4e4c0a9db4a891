import { ecosystemBase } from '@wharfinger/lib/advisories/ecosystem';
import type { PackageVersion } from '@wharfinger/lib/advisories/match';
import { chunks, kindOf, rowsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { usePackages } from './package-use.ts';

/** A package version with its key in the database. */
export interface StoredVersion extends PackageVersion {
  readonly id: number;
  readonly nameId: number;
}

function textOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/**
 * Keys of names, made if new: the order of keys of PostgreSQL's rows that are locked is that of the names, so that two
 * transactions never wait for each other.
 */
export async function ensureNames(
  db: Db,
  names: ReadonlyArray<{ readonly ecosystem: string; readonly name: string }>,
): Promise<Map<string, number>> {
  await usePackages(db);
  const wanted = new Map(
    names.map(({ ecosystem, name }) => {
      const base = ecosystemBase(ecosystem);
      return [textOf(base, name), { ecosystem: base, name }];
    }),
  );
  const sorted = [...wanted].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
  const keys = await findNames(db, sorted);
  const missing = sorted.filter((row) => !keys.has(textOf(row.ecosystem, row.name)));
  for (const rows of chunks(missing)) {
    await db
      .insertInto('pkg_names')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['name', 'ecosystem']).doNothing())
      .execute();
  }
  if (missing.length > 0) for (const [key, id] of await findNames(db, missing)) keys.set(key, id);
  return keys;
}

async function findNames(
  db: Db,
  names: ReadonlyArray<{ readonly ecosystem: string; readonly name: string }>,
): Promise<Map<string, number>> {
  const keys = new Map<string, number>();
  for (const [ecosystem, group] of Map.groupBy(names, (row) => row.ecosystem)) {
    for (const rows of chunks(group)) {
      const found = await db
        .selectFrom('pkg_names')
        .select(['id', 'name'])
        .where('ecosystem', '=', ecosystem)
        .where(
          'name',
          'in',
          rows.map((row) => row.name),
        )
        .execute();
      for (const row of found) keys.set(textOf(ecosystem, row.name), row.id);
    }
  }
  return keys;
}

/** The key that `ensureNames` gave a name. */
export function nameKey(keys: ReadonlyMap<string, number>, ecosystem: string, name: string): number {
  const key = keys.get(textOf(ecosystemBase(ecosystem), name));
  if (key === undefined) throw new Error(`package name ${ecosystem} ${name} was not stored`);
  return key;
}

/**
 * Until the transaction ends, no other decides about versions or advisories of these names: what one adds is seen by the
 * other. SQLite has one writer anyway.
 */
export async function lockNames(trx: Db, nameIds: Iterable<number>): Promise<void> {
  if (kindOf(trx) === 'sqlite') return;
  for (const ids of chunks([...new Set(nameIds)].sort((left, right) => left - right))) {
    await trx.selectFrom('pkg_names').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute();
  }
}

/**
 * Stores package versions.
 * @returns all of them with their keys, and those that were not known before: their findings are still to be made, in
 *   the same transaction
 */
export async function ensureVersions(
  trx: Db,
  versions: readonly PackageVersion[],
): Promise<{ all: StoredVersion[]; added: StoredVersion[] }> {
  const names = await ensureNames(trx, versions);
  const wanted = new Map<string, Omit<StoredVersion, 'id'>>();
  for (const { ecosystem, name, version } of versions) {
    const nameId = nameKey(names, ecosystem, name);
    wanted.set(textOf(String(nameId), ecosystem, version), { nameId, ecosystem, name, version });
  }
  const known = await findVersions(trx, wanted);
  const missing = [...wanted].filter(([key]) => !known.has(key)).map(([, row]) => row);
  await lockNames(
    trx,
    missing.map((row) => row.nameId),
  );
  for (const rows of chunks(missing)) {
    await trx
      .insertInto('pkg_versions')
      .values(rows.map(({ nameId, ecosystem, version }) => ({ name_id: nameId, ecosystem, version })))
      .onConflict((conflict) => conflict.columns(['name_id', 'version', 'ecosystem']).doNothing())
      .execute();
  }
  const all = missing.length === 0 ? known : await findVersions(trx, wanted);
  return {
    all: [...all.values()],
    added: [...all].filter(([key]) => !known.has(key)).map(([, version]) => version),
  };
}

async function findVersions(
  db: Db,
  wanted: ReadonlyMap<string, Omit<StoredVersion, 'id'>>,
): Promise<Map<string, StoredVersion>> {
  const found = new Map<string, StoredVersion>();
  for (const versions of chunks([...wanted.values()])) {
    const keys = versions.map(({ nameId, version, ecosystem }) => [nameId, version, ecosystem]);
    const rows = await selectVersions(db)
      .where(rowsIn(db, ['name_id', 'version', 'pkg_versions.ecosystem'], keys))
      .execute();
    for (const row of rows) found.set(textOf(String(row.nameId), row.ecosystem, row.version), row);
  }
  return found;
}

function selectVersions(db: Db) {
  return db
    .selectFrom('pkg_versions')
    .innerJoin('pkg_names', 'pkg_names.id', 'pkg_versions.name_id')
    .select(['pkg_versions.id', 'name_id as nameId', 'pkg_versions.ecosystem', 'pkg_names.name', 'version']);
}

/** All versions that are known of these names. */
export async function versionsOfNames(db: Db, nameIds: Iterable<number>): Promise<StoredVersion[]> {
  const versions: StoredVersion[] = [];
  for (const ids of chunks([...new Set(nameIds)])) {
    const rows = await selectVersions(db).where('name_id', 'in', ids).orderBy('pkg_versions.id').execute();
    versions.push(...rows);
  }
  return versions;
}
