import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { inventoryFormat, type Package } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Schema } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { importAdvisories } from './advisories.ts';
import { removeAdvisories } from './advisory-removal.ts';
import { matchesOfImage, matchVersions, recomputeFindings } from './findings.ts';
import { forgetImages } from './forgotten-images.ts';
import { forgetPackages } from './forgotten-packages.ts';
import { installedPackages, unpackOutline } from './image-outlines.ts';
import { getImage, packImage, putImage } from './images.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const later = new Date(Date.UTC(2026, 0, 2));

const packageOf = (name: string, version = '1'): Package => ({
  type: 'npm',
  name,
  version,
  match: { ecosystem: 'npm', name, version },
  purl: `pkg:npm/${name}@${version}?a=b`,
  path: 'p',
  layer: 0,
  licence: 'MIT',
});

const advisory = (id: string, name: string) =>
  parseOsv(
    {
      id,
      modified: '2026-01-01T00:00:00Z',
      affected: [
        {
          package: { ecosystem: 'npm', name },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '9.0.0' }] }],
        },
      ],
    },
    'test',
  );

describe.each(testDatabases)('packages that no image has any more on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  async function put(digest: Digest, names: readonly string[]): Promise<void> {
    const packages = names.map((name) => packageOf(name));
    const packed = await packImage({
      format: inventoryFormat,
      complete: true,
      packages,
      problems: [],
      layers: [],
    });
    await transact(opened.db, async (trx) => {
      await matchVersions(trx, await putImage(trx, digest, packed, [], at));
    });
  }
  const bring = (...names: readonly string[]): Promise<void> =>
    transact(opened.db, async (trx) => {
      const records = names.map((name) => advisory(`A-${name}`, name));
      const { touchedNames } = await importAdvisories(trx, records, at);
      await recomputeFindings(trx, touchedNames);
    });
  const forget = async (): Promise<void> => {
    await forgetImages(opened.db, later);
    await forgetPackages(opened.db);
  };
  const tables = [
    'packages',
    'package_licences',
    'installed_packages',
    'pkg_versions',
    'findings',
    'pkg_names',
  ] as const satisfies ReadonlyArray<keyof Schema>;
  async function counts(): Promise<number[]> {
    const found: number[] = [];
    for (const table of tables) {
      const { count } = await opened.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      found.push(count);
    }
    return found;
  }
  /** What is found in an image, and what it has, all of it looked up by its keys. */
  async function told(digest: Digest): Promise<{ findings: string[]; packages: string[] }> {
    const { id } = (await getImage(opened.db, digest, [inventoryFormat]))!;
    const { packages } = await opened.db
      .selectFrom('image_outlines')
      .select('packages')
      .where('image_id', '=', id)
      .executeTakeFirstOrThrow();
    const outline = unpackOutline(packages);
    const known = await installedPackages(
      opened.db,
      outline.map(({ installedId }) => installedId),
    );
    return {
      findings: (await matchesOfImage(opened.db, id)).map(({ match }) => match.advisory),
      packages: outline.map(({ installedId }) => known.get(installedId)!.name),
    };
  }

  test('go with all that is kept of them, and what another image has stays', async () => {
    const catalog = createSqlCatalog(opened.db);
    const one = await addImage(catalog, 'team/one', 'one');
    const two = await addImage(catalog, 'team/two', 'two');
    await put(one, ['shared', 'only-one']);
    await put(two, ['shared', 'only-two']);
    await bring('shared', 'only-one', 'only-two');
    await forget();
    expect(await counts()).toEqual([3, 3, 3, 3, 3, 3]);
    await catalog.deleteManifest('team/one', one, { by: null, at });
    await forgetPackages(opened.db);
    expect(await counts()).toEqual([3, 3, 3, 3, 3, 3]);
    await forget();
    // the advisory about it keeps the name
    expect(await counts()).toEqual([2, 2, 2, 2, 2, 3]);
    expect(await told(two)).toEqual({
      findings: ['A-only-two', 'A-shared'],
      packages: ['shared', 'only-two'],
    });
    await transact(opened.db, (trx) => removeAdvisories(trx, ['A-only-one'], at));
    await forgetPackages(opened.db);
    expect(await counts()).toEqual([2, 2, 2, 2, 2, 2]);
    await catalog.deleteManifest('team/two', two, { by: null, at });
    await transact(opened.db, (trx) => removeAdvisories(trx, ['A-only-two', 'A-shared'], at));
    await forget();
    expect(await counts()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('are found again, with their findings, when another image brings them', async () => {
    const catalog = createSqlCatalog(opened.db);
    const one = await addImage(catalog, 'team/one', 'one');
    await put(one, ['left', 'right']);
    await bring('left');
    const before = await told(one);
    await catalog.deleteManifest('team/one', one, { by: null, at });
    await forget();
    const two = await addImage(catalog, 'team/two', 'two');
    await put(two, ['left', 'right']);
    expect(await told(two)).toEqual(before);
    expect(before).toEqual({ findings: ['A-left'], packages: ['left', 'right'] });
  });

  test('take nothing along that pushes and imports bring at the same moment', async () => {
    const catalog = createSqlCatalog(opened.db);
    const names = Array.from({ length: 8 }, (_, index) => `name-${index}`);
    const digests: Digest[] = [];
    for (const name of names) digests.push(await addImage(catalog, 'team/app', name));
    for (let round = 0; round < 5; round += 1) {
      // what only the passing image had is brought by a lasting one while it is forgotten
      const passing = digestOf(`passing ${round}`);
      const wanted = [...names, `late-${round}`];
      await put(passing, wanted);
      await Promise.all([
        forget(),
        ...digests.slice(0, round + 2).map((digest) => put(digest, wanted)),
        bring(`name-${round}`, `late-${round}`),
        forgetPackages(opened.db),
        forget(),
      ]);
    }
    await forget();
    // all versions: of each round's images the findings are those of all advisories that there are now
    for (const digest of digests.slice(0, 6)) {
      const { findings, packages } = await told(digest);
      expect(packages).toEqual(
        [...names, 'late-4'].sort((a, b) => packages.indexOf(a) - packages.indexOf(b)),
      );
      expect(findings).toEqual(['A-late-4', ...names.slice(0, 5).map((name) => `A-${name}`)]);
    }
    expect(await counts()).toEqual([9, 9, 9, 9, 6, 13]);
  });
});
