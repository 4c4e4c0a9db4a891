import { createHash } from 'node:crypto';
import type { Package } from '@wharfinger/lib/inspect/inventory';
import { chunks, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { licenceTerms } from './licence-terms.ts';
import { usePackages } from './package-use.ts';
import { ensureVersions, type StoredVersion } from './packages.ts';

/** A package as groups have it: its key is a digest over all the rest. */
export interface Grouped {
  readonly key: Buffer;
  readonly match: { readonly ecosystem: string; readonly name: string; readonly version: string };
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licence: string | null;
}

/** A set of packages, known by the digest over their keys. */
export interface Group {
  readonly digest: Buffer;
  readonly packages: readonly Grouped[];
}

/**
 * About one package in so many ends a group, and no group is longer than the most: what an upgrade changes is one short
 * group, and the others of the layer stay shared.
 */
const cutAt = 32;
const mostInGroup = 256;

/**
 * Cuts the packages of an image into sets that other images are likely to have too: by the layer that brought them, in the
 * order of their names, ended by what a name's own digest says. Where two images differ in one package, all but one of these
 * sets are the same.
 */
export function groupsOf(packages: readonly Package[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [, ofLayer] of Map.groupBy(packages, ({ layer }) => layer)) {
    const distinct = new Map(ofLayer.map(grouped).map((one) => [one.key.toString('latin1'), one]));
    const sorted = [...distinct.values()].sort(
      (left, right) => order(left.name, right.name) || Buffer.compare(left.key, right.key),
    );
    let piece: Grouped[] = [];
    const end = (): void => {
      const digest = createHash('sha256');
      for (const { key } of piece) digest.update(key);
      const group = { digest: digest.digest(), packages: piece };
      groups.set(group.digest.toString('latin1'), group);
      piece = [];
    };
    for (const one of sorted) {
      piece.push(one);
      if (piece.length === mostInGroup || endsGroup(one.name)) end();
    }
    if (piece.length > 0) end();
  }
  // Always in this order, so that two transactions never wait for each other crosswise.
  return [...groups.values()].sort((left, right) => Buffer.compare(left.digest, right.digest));
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** FNV-1a of the name: the version has no say, so that an upgrade moves no border. */
function endsGroup(name: string): boolean {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % cutAt === 0;
}

/** A package whose distribution is unknown is stored too: it can be asked for, though no advisory is about it. */
function grouped({ match, name, version, purl, spdx, partly, licence: recorded }: Package): Grouped {
  const licence = spdx ?? partly?.spdx ?? recorded;
  const of = { ecosystem: match.ecosystem ?? '', name: match.name, version: match.version };
  const bare = purl.split(/[?#]/, 1)[0]!;
  const fields = [of.ecosystem, of.name, of.version, name, version, bare, licence ?? null];
  return {
    key: createHash('sha256').update(JSON.stringify(fields)).digest(),
    match: of,
    name,
    version,
    purl: bare,
    licence: licence ?? null,
  };
}

/**
 * Keeps which packages an image has, by its key; what was there is replaced. Groups that another image has already cost one
 * look-up, whatever is in them.
 * @returns package versions that no image had before
 */
export async function putPackages(
  trx: Db,
  imageId: number,
  packages: readonly Package[],
): Promise<StoredVersion[]> {
  const groups = groupsOf(packages);
  await usePackages(trx);
  const ids = await findGroups(trx, groups);
  const missing = groups.filter(({ digest }) => !ids.has(digest.toString('latin1')));
  const added = await storeGroups(trx, missing, ids);
  const wanted = new Set(ids.values());
  const present = await trx
    .selectFrom('image_groups')
    .select('group_id')
    .where('image_id', '=', imageId)
    .execute();
  const before = new Set(present.map((row) => row.group_id));
  for (const gone of chunks([...before].filter((id) => !wanted.has(id)))) {
    await trx
      .deleteFrom('image_groups')
      .where('image_id', '=', imageId)
      .where('group_id', 'in', gone)
      .execute();
  }
  const rows = [...wanted].filter((id) => !before.has(id)).map((id) => ({ group_id: id, image_id: imageId }));
  for (const part of chunks(rows)) await trx.insertInto('image_groups').values(part).execute();
  return added;
}

/** Keys of the groups that are there, by digest; they stay until the transaction ends. */
async function findGroups(trx: Db, groups: readonly Group[]): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const part of chunks(groups)) {
    const rows = await trx
      .selectFrom('package_groups')
      .select(['id', 'digest'])
      .where(
        'digest',
        'in',
        part.map((group) => group.digest),
      )
      .$if(kindOf(trx) === 'postgres', (query) => query.orderBy('digest').forKeyShare())
      .execute();
    for (const row of rows) ids.set(Buffer.from(row.digest).toString('latin1'), row.id);
  }
  return ids;
}

/** Stores groups that were not there, with their packages, and adds their keys to `ids`. */
async function storeGroups(
  trx: Db,
  groups: readonly Group[],
  ids: Map<string, number>,
): Promise<StoredVersion[]> {
  if (groups.length === 0) return [];
  const packages = groups.flatMap((group) => group.packages);
  const { keys, added } = await ensurePackages(trx, packages);
  const members: Array<{ package_id: number; group_id: number }> = [];
  for (const { digest, packages: inside } of groups) {
    const id = await makeGroup(trx, digest);
    ids.set(digest.toString('latin1'), id.id);
    if (!id.isNew) continue;
    for (const { key } of inside)
      members.push({ package_id: keys.get(key.toString('latin1'))!, group_id: id.id });
  }
  for (const part of chunks(members)) await trx.insertInto('group_packages').values(part).execute();
  return added;
}

/** The key of a group; on PostgreSQL another transaction may have made it meanwhile, or be about to remove it. */
async function makeGroup(trx: Db, digest: Buffer): Promise<{ id: number; isNew: boolean }> {
  for (;;) {
    const made = await trx
      .insertInto('package_groups')
      .values({ digest })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (made) return { id: made.id, isNew: true };
    const known = await findGroups(trx, [{ digest, packages: [] }]);
    for (const id of known.values()) return { id, isNew: false };
  }
}

/** Stores packages and their versions; returns the keys of the packages, and the versions that were not known before. */
async function ensurePackages(
  trx: Db,
  packages: readonly Grouped[],
): Promise<{ keys: Map<string, number>; added: StoredVersion[] }> {
  const distinct = new Map(packages.map((one) => [one.key.toString('latin1'), one]));
  const sorted = [...distinct.values()].sort((left, right) => Buffer.compare(left.key, right.key));
  const keys = await findPackages(trx, sorted);
  const missing = sorted.filter(({ key }) => !keys.has(key.toString('latin1')));
  if (missing.length === 0) return { keys, added: [] };
  const { all, added } = await ensureVersions(
    trx,
    missing.map((one) => one.match),
  );
  const versions = new Map(all.map((one) => [textOf(one), one.id]));
  for (const part of chunks(missing)) {
    await trx
      .insertInto('packages')
      .values(
        part.map(({ key, match, name, version, purl, licence }) => ({
          key,
          version_id: versions.get(textOf(match))!,
          name,
          version,
          purl,
          licence,
        })),
      )
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
  }
  for (const [key, id] of await findPackages(trx, missing)) keys.set(key, id);
  const terms = missing.flatMap(({ key, licence }) =>
    licenceTerms(licence).map((term) => ({ term, package_id: keys.get(key.toString('latin1'))! })),
  );
  for (const part of chunks(terms)) {
    await trx
      .insertInto('package_licences')
      .values(part)
      .onConflict((conflict) => conflict.columns(['term', 'package_id']).doNothing())
      .execute();
  }
  return { keys, added };
}

function textOf({ ecosystem, name, version }: Grouped['match']): string {
  return JSON.stringify([ecosystem, name, version]);
}

async function findPackages(db: Db, packages: readonly Grouped[]): Promise<Map<string, number>> {
  const keys = new Map<string, number>();
  for (const part of chunks(packages)) {
    const rows = await db
      .selectFrom('packages')
      .select(['id', 'key'])
      .where(
        'key',
        'in',
        part.map((one) => one.key),
      )
      .execute();
    for (const row of rows) keys.set(Buffer.from(row.key).toString('latin1'), row.id);
  }
  return keys;
}
