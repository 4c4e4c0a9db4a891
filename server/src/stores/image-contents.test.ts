import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat, type ImageInventory, type Package } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../db/migrate.ts';
import { ddl } from '../db/dialect.ts';
import type { Schema } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { jobFor } from '../pipeline/image-jobs.ts';
import { matchVersions } from './findings.ts';
import { forgetImages } from './forgotten-images.ts';
import { basesOf, mostLayers } from './image-layers.ts';
import { getImage, imagesWithVersions, packImage, putImage } from './images.ts';
import { incompleteImages } from './incomplete-images.ts';
import {
  imagesBuiltOn,
  imagesUnder,
  isCommonLicence,
  imagesWithLayer,
  imagesWithPackages,
  packagesNamed,
  packagesOfImages,
} from './search.ts';
import { countPending } from './pending-images.ts';
import { rememberRepositoryNames } from './repository-names.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const later = new Date(Date.UTC(2026, 0, 2));

function packageOf(name: string, version = '1', layer = 0, licence?: string): Package {
  return {
    type: 'npm',
    name,
    version,
    match: { ecosystem: 'npm', name, version },
    purl: `pkg:npm/${name}@${version}?a=b`,
    path: 'p',
    layer,
    ...(licence !== undefined && { licence }),
  };
}

/** So many packages, as a base has them. */
const base = (count: number) => Array.from({ length: count }, (_, index) => packageOf(`base-${index}`));

describe.each(testDatabases)('what images contain on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  /** @param layers name of each layer; the content is told by what stands before a slash */
  async function put(digest: Digest, packages: readonly Package[], layers: readonly string[] = []) {
    const inventory: ImageInventory = {
      format: inventoryFormat,
      complete: true,
      packages,
      problems: [],
      layers: layers.map((name) => ({
        digest: digestOf(name),
        content: 'filesystem',
        compression: 'gzip',
        ...(name.startsWith('unread') ? {} : { diffId: digestOf(name.split('/')[0]!) }),
        size: 1,
        entries: 1,
      })),
    };
    const packed = await packImage(inventory);
    const digests = layers.map((name) => digestOf(name));
    await transact(opened.db, async (trx) => {
      await matchVersions(trx, await putImage(trx, digest, packed, digests, at));
    });
    return (await getImage(opened.db, digest, [inventoryFormat]))!.id;
  }

  async function count(table: keyof Schema): Promise<number> {
    const row = await opened.db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return row.count;
  }

  async function withPackage(name: string): Promise<number[]> {
    const found = await packagesNamed(opened.db, name);
    return imagesWithPackages(opened.db, { ids: found.map(({ id }) => id) });
  }

  test('is shared: of an image upon a known base only its own packages are written', async () => {
    await put(digestOf('one'), base(300));
    const [groups, members] = [await count('package_groups'), await count('group_packages')];
    expect(members).toBe(300);
    await put(digestOf('two'), [...base(300), packageOf('own', '1', 1)]);
    expect([await count('package_groups'), await count('group_packages')]).toEqual([groups + 1, members + 1]);
    const upgraded = base(300).with(150, packageOf('base-150', '2'));
    await put(digestOf('three'), upgraded);
    expect(await count('package_groups')).toBe(groups + 2);
    expect((await count('group_packages')) - members).toBeLessThan(200);
  });

  test('is told exactly, whoever shares it, and follows an image that was taken apart anew', async () => {
    const one = await put(digestOf('one'), base(100));
    const two = await put(digestOf('two'), base(100).with(50, packageOf('base-50', '2')));
    expect(await withPackage('base-50')).toEqual([two, one]);
    const [old] = (await packagesNamed(opened.db, 'base-50')).filter(({ version }) => version === '1');
    expect(await imagesWithPackages(opened.db, { ids: [old!.id] })).toEqual([one]);
    await put(digestOf('one'), [packageOf('other')]);
    expect(await withPackage('base-50')).toEqual([two]);
    expect(await withPackage('base-1')).toEqual([two]);
    expect(await withPackage('other')).toEqual([one]);
    const known = await packagesOfImages(opened.db, [one, two], { ids: [old!.id] }, 5);
    expect([...known]).toEqual([]);
    expect(await imagesWithVersions(opened.db, [])).toEqual([]);
  });

  test('is found by each licence that a package names', async () => {
    const one = await put(digestOf('one'), [
      packageOf('a', '1', 0, 'MIT AND (Apache-2.0 OR GPL-2.0-or-later)'),
    ]);
    const two = await put(digestOf('two'), [packageOf('b', '1', 0, 'MIT')]);
    const by = (licence: string) => imagesWithPackages(opened.db, { licence });
    expect(await by('mit')).toEqual([two, one]);
    expect(await by('GPL-2.0+')).toEqual([one]);
    expect(await by('and')).toEqual([]);
    expect(await imagesUnder(opened.db, [one, two], 'GPL-2.0+')).toEqual(new Set([one]));
    expect(await isCommonLicence(opened.db, 'MIT', 2)).toBe(true);
    expect(await isCommonLicence(opened.db, 'MIT', 3)).toBe(false);
    const [first] = (await packagesOfImages(opened.db, [one, two], { licence: 'MIT' }, 5)).values();
    expect(first).toMatchObject({ packages: [{ name: 'a', purl: 'pkg:npm/a@1' }], more: 0 });
    expect((await packagesOfImages(opened.db, [one], { licence: 'MIT' }, 0)).get(one)).toEqual({
      packages: [],
      more: 1,
    });
  });

  test('is not known of an image that waits for its check, and that is counted', async () => {
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const digest = await addImage(catalog, 'team/waiting', 'v1');
    const seen = (repository: string) => repository.startsWith('team/');
    const pending = (most: number) => countPending(db, seen, undefined, most);
    expect(await pending(10)).toBe(0);
    await transact(db, (trx) => enqueue(trx, [jobFor('check', { repository: 'team/waiting', digest })], at));
    expect(await pending(10)).toBe(1);
    expect(await pending(0)).toBe(0);
    expect(await countPending(db, () => false, [], 10)).toBe(0);
    await put(digest, []);
    expect(await pending(10)).toBe(0);
  });

  test('is counted of those that may be seen, however many checks of others wait', async () => {
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const mine = ['one', 'two'].map((name) => addImage(catalog, 'team/mine', name));
    const places = (await Promise.all(mine)).map((digest) => ({ repository: 'team/mine', digest }));
    // before and after it in the order of names, and named like it
    const others = ['a/other', 'team/min', 'team/mine-too', 'team/mine/too', 'z/other'].flatMap(
      (repository) =>
        Array.from({ length: 1000 }, (_, index) => ({
          repository,
          digest: digestOf(`${repository} ${index}`),
        })),
    );
    await transact(db, (trx) =>
      enqueue(
        trx,
        [...places, ...others].map((place) => jobFor('check', place)),
        at,
      ),
    );
    const seen = (repository: string) => repository === 'team/mine';
    await addImage(catalog, 'a/other', 'of others');
    const keys = await rememberRepositoryNames(db).seen(seen);
    expect(await countPending(db, seen, keys, 1000)).toBe(2);
    await put(places[0]!.digest, []);
    expect(await countPending(db, seen, keys, 1000)).toBe(1);
    // too many to be looked at: all may be images of which nothing is known
    expect(await countPending(db, () => true, undefined, 1000)).toBe(1000);
  });

  test('is told of layers by what they contain, however they are compressed', async () => {
    const one = await put(digestOf('one'), [], ['debian/gzip']);
    const two = await put(digestOf('two'), [], ['debian/zstd', 'unread', 'app']);
    const other = await put(digestOf('other'), [], ['app', 'debian/gzip']);
    expect(await imagesWithLayer(opened.db, digestOf('debian/gzip'))).toEqual([other, two, one]);
    expect(await imagesWithLayer(opened.db, digestOf('debian'))).toEqual([other, two, one]);
    expect(await imagesWithLayer(opened.db, digestOf('unread'))).toEqual([two]);
    expect(await imagesWithLayer(opened.db, digestOf('nothing'))).toEqual([]);
    expect(await imagesBuiltOn(opened.db, digestOf('one'))).toEqual([two]);
    expect(await imagesBuiltOn(opened.db, digestOf('nothing'))).toEqual([]);
  });

  test('tells the longest base first', async () => {
    await put(digestOf('debian'), [], ['debian']);
    await put(digestOf('python'), [], ['debian', 'python']);
    await put(digestOf('other'), [], ['debian', 'node']);
    await put(digestOf('app'), [], ['debian', 'python', 'app']);
    const bases = await basesOf(opened.db, digestOf('app'));
    expect(bases.map(({ digest, layers }) => [digest, layers])).toEqual([
      [digestOf('python'), 2],
      [digestOf('debian'), 1],
    ]);
    expect(await basesOf(opened.db, digestOf('debian'))).toEqual([]);
    expect(await basesOf(opened.db, digestOf('nothing'))).toEqual([]);
  });

  test('is not taken for all that an image has where its layers are too many to be kept', async () => {
    const many = Array.from({ length: mostLayers + 1 }, (_, index) => `layer ${index}`);
    const one = await put(digestOf('one'), [], many);
    await put(digestOf('two'), [], many.slice(0, mostLayers));
    expect(await incompleteImages(opened.db, 5)).toEqual([one]);
    expect(await imagesWithLayer(opened.db, digestOf(many.at(-1)!))).toEqual([]);
    await put(digestOf('one'), [], []);
    expect(await imagesWithLayer(opened.db, digestOf('layer 0'))).toHaveLength(1);
  });

  test('is forgotten with the last image that has it, and not before', async () => {
    const catalog = createSqlCatalog(opened.db);
    const kept = await addImage(catalog, 'team/kept', 'kept');
    const gone = digestOf('gone');
    await put(kept, [...base(50), packageOf('kept', '1', 1)], ['debian', 'kept']);
    await put(gone, [...base(50), packageOf('gone', '1', 1)], ['debian', 'gone']);
    expect(await forgetImages(opened.db, at)).toEqual([]);
    expect(await forgetImages(opened.db, later)).toEqual([gone]);
    expect(await withPackage('gone')).toEqual([]);
    expect(await withPackage('base-7')).toHaveLength(1);
    expect(await count('image_chains')).toBe(2);
    expect(await count('chains')).toBe(2);
    expect(await count('group_packages')).toBe(51);
    await catalog.deleteManifest('team/kept', kept, { by: null, at });
    expect(await forgetImages(opened.db, later)).toEqual([kept]);
    const left = [];
    for (const table of [
      'images',
      'image_groups',
      'package_groups',
      'group_packages',
      'chains',
      'image_chains',
    ] as const)
      left.push(await count(table));
    expect(left).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('stays whole while images come and go at once', async () => {
    const catalog = createSqlCatalog(opened.db);
    const digests: Digest[] = [];
    for (let index = 0; index < 6; index += 1) digests.push(await addImage(catalog, 'team/app', `${index}`));
    const packages = (index: number) => [...base(40), packageOf('shared'), packageOf(`own-${index}`)];
    for (let round = 0; round < 4; round += 1) {
      await Promise.all([
        ...digests.map((digest, index) => put(digest, packages(index), ['debian', `own-${index}`])),
        put(digestOf(`passing ${round}`), packages(round), ['debian', `passing ${round}`]),
        forgetImages(opened.db, later),
      ]);
    }
    await forgetImages(opened.db, later);
    expect(await withPackage('shared')).toHaveLength(digests.length);
    expect(await imagesWithLayer(opened.db, digestOf('debian'))).toHaveLength(digests.length);
    for (const [index] of digests.entries()) expect(await withPackage(`own-${index}`)).toHaveLength(1);
  });

  test('is carried over from databases that held a row for each package of each image', async () => {
    const one = await put(digestOf('one'), [packageOf('a'), packageOf('b')]);
    const two = await put(digestOf('two'), [packageOf('b')]);
    const { db } = opened;
    const before = [
      `create table image_packages (
        version_id {integer} not null references pkg_versions (id),
        image_id {integer} not null references images (id) on delete cascade,
        primary key (version_id, image_id)
      ) {keyed table}`,
      `insert into image_packages (version_id, image_id)
        select distinct packages.version_id, image_id from image_groups
        join group_packages on group_packages.group_id = image_groups.group_id
        join packages on packages.id = group_packages.package_id`,
      `insert into advisories (id, match_hash, weight_hash, display_hash, first_imported, changed_at, head, affected)
        values ('A-1', '', '', '', 0, 0, '{"id":"A-1","aliases":["CVE-1","A-1"]}', '[]')`,
      ...['image_groups', 'group_packages', 'package_groups', 'package_licences', 'packages'].map(
        (table) => `drop table ${table}`,
      ),
      ...['image_chains', 'chains', 'layer_contents', 'advisory_names'].map((table) => `drop table ${table}`),
      ...['images_by_chain', 'images_incomplete', 'tag_moves_to'].map((index) => `drop index ${index}`),
      `alter table images drop column chain_id`,
      `delete from migrations where name = '0016-exposure'`,
    ];
    await db.transaction().execute(async (trx) => {
      for (const statement of before) await sql.raw(ddl(kind.kind, statement)).execute(trx);
    });
    await migrate(db);
    expect(await withPackage('a')).toEqual([one]);
    expect(await withPackage('b')).toEqual([two, one]);
    const names = await db.selectFrom('advisory_names').select('name').orderBy('name').execute();
    expect(names.map(({ name }) => name)).toEqual(['A-1', 'CVE-1']);
    await put(digestOf('one'), [packageOf('a')]);
    expect(await withPackage('b')).toEqual([two]);
  });
});
