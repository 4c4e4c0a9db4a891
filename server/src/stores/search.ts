import type { Digest } from '@wharfinger/lib/oci/digest';
import { sql, type Expression } from 'kysely';
import { idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { collect } from './image-keys.ts';
import { listsByPlace } from './lists-by-place.ts';
import { digestBytes } from './image-layers.ts';
import { licenceTerm } from './licence-terms.ts';
import type { Placed } from './repositories.ts';

/** A package as it is found, with what its advisories are matched by. */
export interface FoundPackage {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licence: string | null;
  readonly ecosystem: string;
  /** of the source or origin, whose versions advisories name */
  readonly source: { readonly name: string; readonly version: string };
}

/** Packages that are asked for: by their keys, by a licence, or by the keys of advisories that match them. */
export type PackageSet =
  | { readonly ids: readonly number[] }
  | { readonly licence: string }
  | { readonly advisories: readonly number[] };

function found(db: Db) {
  return db
    .selectFrom('packages')
    .innerJoin('pkg_versions', 'pkg_versions.id', 'packages.version_id')
    .innerJoin('pkg_names', 'pkg_names.id', 'pkg_versions.name_id')
    .select([
      'packages.id',
      'packages.name',
      'packages.version',
      'packages.purl',
      'packages.licence',
      'pkg_versions.ecosystem',
      'pkg_names.name as source_name',
      'pkg_versions.version as source_version',
    ]);
}

type FoundRow = Omit<FoundPackage, 'source'> & { source_name: string; source_version: string };

function toFound({ source_name, source_version, ...row }: FoundRow): FoundPackage {
  return { ...row, source: { name: source_name, version: source_version } };
}

/** Packages that have this name, or are made of a source of this name; each once. */
export async function packagesNamed(db: Db, name: string): Promise<FoundPackage[]> {
  const own = await found(db).where('packages.name', '=', name).execute();
  const made = await found(db).where('pkg_names.name', '=', name).execute();
  return [...new Map([...own, ...made].map((row) => [row.id, toFound(row)])).values()];
}

/** Packages of this package URL, qualifiers left out; without a version all that there are. */
export async function packagesWithPurl(db: Db, purl: string): Promise<FoundPackage[]> {
  const bare = purl.split(/[?#]/, 1)[0]!;
  const hasVersion = bare.lastIndexOf('@') > bare.lastIndexOf('/');
  // 'A' follows '@' in the order of bytes.
  const rows = await found(db)
    .$if(hasVersion, (query) => query.where('purl', '=', bare))
    .$if(!hasVersion, (query) => query.where('purl', '>=', `${bare}@`).where('purl', '<', `${bare}A`))
    .execute();
  return rows.map(toFound);
}

/** The keys of the packages of a set, as a query within others. */
function packageKeys(db: Db, set: PackageSet): Expression<number> {
  if ('ids' in set) return idsIn(db, set.ids);
  if ('licence' in set)
    return db
      .selectFrom('package_licences')
      .select('package_id as id')
      .where('term', '=', licenceTerm(set.licence)) as unknown as Expression<number>;
  return db
    .selectFrom('packages')
    .select('packages.id')
    .where('version_id', 'in', (eb) =>
      eb.selectFrom('findings').select('version_id').where('advisory_key', 'in', idsIn(db, set.advisories)),
    ) as unknown as Expression<number>;
}

/** Keys of the images that have any of these packages, the newest first. */
export async function imagesWithPackages(db: Db, set: PackageSet): Promise<number[]> {
  return collect(
    db,
    db
      .selectFrom('image_groups')
      .select('image_id')
      .where('group_id', 'in', (eb) =>
        eb.selectFrom('group_packages').select('group_id').where('package_id', 'in', packageKeys(db, set)),
      ),
  );
}

/** True if so many packages name a licence that most images have one of them: then images are asked, not packages. */
export async function isCommonLicence(db: Db, licence: string, many: number): Promise<boolean> {
  const last = await db
    .selectFrom('package_licences')
    .select('package_id')
    .where('term', '=', licenceTerm(licence))
    .limit(1)
    .offset(many - 1)
    .executeTakeFirst();
  return last !== undefined;
}

/** Those of these images that have a package under a licence. */
export async function imagesUnder(
  db: Db,
  imageIds: readonly number[],
  licence: string,
): Promise<Set<number>> {
  const rows = await db
    .selectFrom('image_groups')
    .select('image_id')
    .distinct()
    .where('image_id', 'in', idsIn(db, imageIds))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('group_packages')
          .innerJoin('package_licences', 'package_licences.package_id', 'group_packages.package_id')
          .select('package_licences.term')
          .whereRef('group_packages.group_id', '=', 'image_groups.group_id')
          .where('package_licences.term', '=', licenceTerm(licence)),
      ),
    )
    .execute();
  return new Set(rows.map((row) => row.image_id));
}

/** Which of these packages an image has: a few, by name, and how many more. */
export interface PackagesOfImage {
  readonly packages: readonly FoundPackage[];
  readonly more: number;
}

/** Which of these packages images have, by the key of the image, at most `limit` of each. */
export async function packagesOfImages(
  db: Db,
  imageIds: readonly number[],
  set: PackageSet,
  limit: number,
): Promise<Map<number, PackagesOfImage>> {
  const groups = await db
    .selectFrom('image_groups')
    .select(['image_id', 'group_id'])
    .where('image_id', 'in', idsIn(db, imageIds))
    .execute();
  const members = await db
    .selectFrom('group_packages')
    .select(['group_id', 'package_id'])
    .where('group_id', 'in', idsIn(db, [...new Set(groups.map((row) => row.group_id))]))
    // The sign keeps the index from being asked for each package of the set in each group.
    .where(sql<number>`+package_id`, 'in', packageKeys(db, set))
    .execute();
  const ofGroup = Map.groupBy(members, (row) => row.group_id);
  const ofImage = new Map<number, number[]>();
  for (const [imageId, of] of Map.groupBy(groups, (row) => row.image_id)) {
    const ids = new Set(of.flatMap((row) => (ofGroup.get(row.group_id) ?? []).map((one) => one.package_id)));
    if (ids.size > 0)
      ofImage.set(
        imageId,
        [...ids].sort((left, right) => left - right),
      );
  }
  const shown = new Set([...ofImage.values()].flatMap((ids) => ids.slice(0, limit)));
  const rows = await found(db)
    .where('packages.id', 'in', idsIn(db, [...shown]))
    .execute();
  const byId = new Map(rows.map((row) => [row.id, toFound(row)]));
  const order = new Intl.Collator('en').compare;
  return new Map(
    [...ofImage].map(([imageId, ids]) => [
      imageId,
      {
        packages: ids
          .slice(0, limit)
          .flatMap((id) => byId.get(id) ?? [])
          .sort((left, right) => order(left.name, right.name)),
        more: Math.max(0, ids.length - limit),
      },
    ]),
  );
}

/**
 * Keys of the images that have a layer, the newest first: by the digest of its blob or of its content. A layer that was
 * compressed otherwise is the same.
 */
export async function imagesWithLayer(db: Db, digest: Digest): Promise<number[]> {
  const measured = await db
    .selectFrom('layer_contents')
    .select('content')
    .where('digest', '=', digest)
    .executeTakeFirst();
  const contents = [digestBytes(digest), ...(measured ? [Buffer.from(measured.content)] : [])];
  return collect(
    db,
    db
      .selectFrom('image_chains')
      .select('image_id')
      .where('chain_id', 'in', (eb) => eb.selectFrom('chains').select('id').where('content', 'in', contents)),
  );
}

/** Keys of the images whose lowest layers are all those of this one, and that have more, the newest first. */
export async function imagesBuiltOn(db: Db, digest: Digest): Promise<number[]> {
  const base = await db
    .selectFrom('images')
    .select('chain_id')
    .where('digest', '=', digest)
    .executeTakeFirst();
  const chain = base?.chain_id;
  if (!chain) return [];
  const upon = await collect(
    db,
    db.selectFrom('image_chains').select('image_id').where('chain_id', '=', chain),
  );
  const same = await collect(
    db,
    db.selectFrom('images').select('id as image_id').where('chain_id', '=', chain),
  );
  const own = new Set(same);
  return upon.filter((id) => !own.has(id));
}

/** A place of an image, with the keys that the rest is looked up by. */
export interface FoundPlace {
  readonly imageId: number;
  readonly repositoryId: number;
  readonly repository: string;
  readonly digest: Digest;
}

/** Where images are: in the order of the keys from the highest, then by repository. */
export async function placesByKey(db: Db, imageIds: readonly number[]): Promise<FoundPlace[]> {
  const rows = await db
    .selectFrom('images')
    .innerJoin('manifests', 'manifests.digest', 'images.digest')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['images.id', 'manifests.repository_id', 'repositories.name', 'manifests.digest'])
    .where('images.id', 'in', idsIn(db, imageIds))
    .execute();
  return rows
    .map((row) => ({
      imageId: row.id,
      repositoryId: row.repository_id,
      repository: row.name,
      digest: row.digest as Digest,
    }))
    .sort((left, right) => right.imageId - left.imageId || (left.repository < right.repository ? -1 : 1));
}

/** The key of an image that is in a repository; undefined: none of this digest is there, or it was not taken apart yet. */
export async function keyOfPlace(db: Db, { repository, digest }: Placed): Promise<number | undefined> {
  const row = await db
    .selectFrom('images')
    .innerJoin('manifests', 'manifests.digest', 'images.digest')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select('images.id')
    .where('images.digest', '=', digest)
    .where('repositories.name', '=', repository)
    .executeTakeFirst();
  return row?.id;
}

/** The repositories where an image is that was taken apart. */
export async function repositoriesOf(db: Db, digest: Digest): Promise<string[]> {
  const rows = await db
    .selectFrom('images')
    .innerJoin('manifests', 'manifests.digest', 'images.digest')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select('repositories.name')
    .where('images.digest', '=', digest)
    .execute();
  return rows.map((row) => row.name);
}

/** When a tag meant an image. */
export interface TagTime {
  readonly tag: string;
  readonly since: Date;
  /** absent: it does still */
  readonly until?: Date;
}

/** The tags that meant each of these images in its repository, the latest first, at most `limit` of each. */
export async function tagTimes(db: Db, places: readonly FoundPlace[], limit: number): Promise<TagTime[][]> {
  const question = sql`select id, tag, moved_at, (
      select later.moved_at from tag_moves as later where later.repository_id = moves.repository_id
        and later.tag = moves.tag and later.id > moves.id order by later.id limit 1) as ended_at
    from tag_moves as moves where to_digest = wanted.digest and repository_id = wanted.repository_id
    order by id desc limit ${limit}`;
  type Row = readonly [id: number, tag: string, since: number, until: number | null];
  const lists = await listsByPlace<Row>(db, places, question, ['id', 'tag', 'moved_at', 'ended_at']);
  return lists.map((rows) =>
    rows
      .sort(([left], [right]) => right - left)
      .map(([, tag, since, until]) => ({
        tag,
        since: new Date(since),
        ...(until !== null && { until: new Date(until) }),
      })),
  );
}

/** The tags that mean each of these images in its repository now, in byte order, at most `limit` of each. */
export async function tagsNow(db: Db, places: readonly FoundPlace[], limit: number): Promise<string[][]> {
  const question = sql`select name from tags where digest = wanted.digest and repository_id = wanted.repository_id
    order by name limit ${limit}`;
  const lists = await listsByPlace<readonly [name: string]>(db, places, question, ['name']);
  return lists.map((rows) => rows.map(([name]) => name).sort());
}
