import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { openFileSystemBlobStore } from '@wharfinger/lib/storage/file-system';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { advisoriesAbout } from '../../bench/fleet/advisories.ts';
import { writeFleet } from '../../bench/fleet/bulk-fleet.ts';
import { makeFleet } from '../../bench/fleet/fleet.ts';
import type { Db } from '../../server/src/db/schema.ts';
import { testDatabases } from '../../server/src/db/testing/databases.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { importAdvisories } from '../../server/src/stores/advisories.ts';
import { unpackJson } from '../../server/src/stores/compressed-json.ts';
import { unpackOutline } from '../../server/src/stores/image-outlines.ts';

const shape = { images: 130, packages: 60, bases: 24 };

/** Rows with what their keys stand for instead of the keys. */
const questions: Readonly<Record<string, string>> = {
  repositories: 'select name, created_at from repositories',
  blobs: 'select digest, size, location, unlinked_at from blobs',
  repository_blobs: `select name, digest, pushed_by, pushed_at from repository_blobs
    join repositories on repositories.id = repository_id`,
  manifests: `select name, digest, media_type, kind, size, pushed_by, pushed_at, subject, referrer, missing, bytes
    from manifests join repositories on repositories.id = repository_id`,
  manifest_refs: `select manifest_refs.digest, name, manifests.digest as of, role from manifest_refs
    join repositories on repositories.id = manifest_refs.repository_id join manifests on manifests.id = manifest_id`,
  tags: 'select tags.name as tag, repositories.name, digest from tags join repositories on repositories.id = repository_id',
  tag_moves: `select name, tag, from_digest, to_digest, moved_by, moved_at from tag_moves
    join repositories on repositories.id = repository_id order by tag_moves.id`,
  pkg_names: 'select ecosystem, name from pkg_names',
  packages: `select packages.key, pkg_names.ecosystem as base, pkg_names.name as source, pkg_versions.ecosystem,
    pkg_versions.version as of, packages.name, packages.version, purl, licence from packages
    join pkg_versions on pkg_versions.id = version_id join pkg_names on pkg_names.id = name_id`,
  pkg_versions: `select pkg_names.ecosystem as base, name, pkg_versions.ecosystem, version from pkg_versions
    join pkg_names on pkg_names.id = name_id`,
  package_licences: 'select term, key from package_licences join packages on packages.id = package_id',
  package_groups: 'select digest from package_groups',
  group_packages: `select digest, key from group_packages join packages on packages.id = package_id
    join package_groups on package_groups.id = group_id`,
  image_groups: `select images.digest, package_groups.digest as has from image_groups join images on images.id = image_id
    join package_groups on package_groups.id = group_id`,
  image_places: `select name, images.digest, manifests.digest as of from image_places
    join repositories on repositories.id = image_places.repository_id join images on images.id = image_id
    join manifests on manifests.id = manifest_id and manifests.repository_id = image_places.repository_id`,
  installed_packages: `select installed_packages.key, pkg_names.name as source, pkg_versions.version as of,
    installed_packages.name, installed_packages.version, purl from installed_packages
    join pkg_versions on pkg_versions.id = version_id join pkg_names on pkg_names.id = name_id`,
  chains: `select chains.content, parents.content as upon from chains left join chains as parents on parents.id = chains.parent_id`,
  layer_contents: 'select digest, content from layer_contents',
  image_chains: `select digest, content from image_chains join chains on chains.id = image_chains.chain_id join images on images.id = image_id`,
  findings: `select pkg_versions.ecosystem, name, version, advisories.id, fixed_in, undecided, severity from findings
    join pkg_versions on pkg_versions.id = version_id join pkg_names on pkg_names.id = name_id
    join advisories on advisories.key = advisory_key`,
};

/** Tables that a fleet fills, each with a question above or read below. */
const readBelow = ['images', 'image_outlines'];
/** Written by the import of advisories and the set-up of the database. */
const before = /^(advisor|schema|migrations|policy_version|settings|sqlite_)/;

async function contentsOf(db: Db): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const [table, question] of Object.entries(questions)) {
    const { rows } = await sql.raw<Record<string, unknown>>(question).execute(db);
    const texts = rows.map((row) => JSON.stringify(Object.values(row).map(plain)));
    found[table] = table === 'tag_moves' ? texts : texts.toSorted();
  }
  const images = await db
    .selectFrom('images')
    .leftJoin('chains', 'chains.id', 'images.chain_id')
    .innerJoin('image_outlines', 'image_outlines.image_id', 'images.id')
    .select(['digest', 'format', 'complete', 'inventory', 'made_at', 'content', 'ecosystems', 'packages'])
    .orderBy('digest')
    .execute();
  const installed = new Map(
    (await db.selectFrom('installed_packages').selectAll().execute()).map((row) => [row.id, row]),
  );
  found['images'] = await Promise.all(
    images.map(async ({ inventory, packages, ...row }) => {
      const outline = unpackOutline(packages).map(({ installedId, versionId, layer }) => {
        const one = installed.get(installedId)!;
        return [one.purl, one.version_id === versionId, layer];
      });
      // so long that a difference is to be shown by its beginning
      const text = JSON.stringify([Object.values(row).map(plain), outline, await unpackJson(inventory)]);
      return `${text.slice(0, 300)} ${digestOf(text)}`;
    }),
  );
  return found;
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

async function tablesWithRows(db: Db): Promise<string[]> {
  const names = (await db.introspection.getTables()).map(({ name }) => name);
  const filled: string[] = [];
  for (const name of names) {
    const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(db);
    if (rows.length > 0 && !before.test(name)) filled.push(name);
  }
  return filled.toSorted();
}

test.each(testDatabases)(
  'on $name a fleet written in bulk is the one that the stores write',
  async (kind) => {
    const [stores, bulk] = [await kind.open(), await kind.open()];
    for (const { db } of [stores, bulk])
      await transact(db, (trx) => importAdvisories(trx, advisoriesAbout(2000, 0), new Date(0)));
    await makeFleet(stores.db, shape);
    await writeFleet(bulk.db, shape);
    expect(await tablesWithRows(stores.db)).toEqual([...Object.keys(questions), ...readBelow].toSorted());
    expect(await tablesWithRows(bulk.db)).toEqual(await tablesWithRows(stores.db));
    const [wanted, found] = [await contentsOf(stores.db), await contentsOf(bulk.db)];
    for (const [table, rows] of Object.entries(wanted)) {
      expect([table, rows.length > 5]).toEqual([table, true]);
      expect([table, found[table]]).toEqual([table, rows]);
    }
    // a key of its own comes after those that were given
    await stores.db
      .insertInto('package_groups')
      .values({ digest: Buffer.from('new') })
      .execute();
    await bulk.db
      .insertInto('package_groups')
      .values({ digest: Buffer.from('new') })
      .execute();
    await stores.close();
    await bulk.close();
  },
);

test('the configurations of a fleet can be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-fleet-'));
  const storage = await openFileSystemBlobStore(folder);
  const opened = await testDatabases[0]!.open();
  await writeFleet(opened.db, { images: 20, packages: 20, bases: 8 }, { storage });
  const blobs = await opened.db
    .selectFrom('blobs')
    .select(['digest', 'size', 'location'])
    .where('location', 'not like', 'fleet/%')
    .execute();
  expect(blobs).toHaveLength(20);
  for (const { size, location } of blobs) {
    const reader = await storage.open(location);
    expect(reader.size).toBe(size);
    await reader.close();
  }
  await opened.close();
  rmSync(folder, { recursive: true });
});
