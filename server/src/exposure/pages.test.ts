import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { expect, test } from 'vitest';
import { testDatabases } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { imagesBefore } from '../stores/image-places.ts';
import { packImage, putImage } from '../stores/images.ts';
import { rememberRepositoryNames } from '../stores/repository-names.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { pageOfPlaces } from './pages.ts';
import { sightOf } from './sight.ts';

test.each(testDatabases)(
  'on $name pages hold each place once, whoever looks and whatever is meant',
  async (kind) => {
    const opened = await kind.open();
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const at = new Date(0);
    const names = rememberRepositoryNames(db);
    for (let number = 0; number < 30; number += 1) {
      const digest = await addImage(catalog, `team/a${number % 3}`, `image ${number}`);
      if (number % 5 === 0) await addImage(catalog, 'team/second', `image ${number}`);
      const inventory: ImageInventory = {
        format: inventoryFormat,
        complete: true,
        packages: [],
        problems: [],
        layers: [],
      };
      const packed = await packImage(inventory);
      await transact(db, (trx) => putImage(trx, digest, packed, [], at));
    }
    const all = await imagesBefore(db, 1000, 1000);
    expect(all).toHaveLength(30);
    const odd = async (some: readonly number[]) => new Set(some.filter((id) => id % 2 === 1));
    const walk = async (
      holds: typeof odd | undefined,
      visible: (repository: string) => boolean,
      images?: readonly number[],
    ) => {
      const places: string[] = [];
      let last: string | undefined;
      do {
        const wish = { limit: 4, ...(last !== undefined && { last }) };
        const page = await pageOfPlaces(
          db,
          { ...(images && { images }), ...(holds && { holds }) },
          wish,
          await sightOf(names, visible),
        );
        places.push(...page.places.map(({ repository, imageId }) => `${imageId} ${repository}`));
        last = page.next;
      } while (last !== undefined);
      expect(new Set(places).size).toBe(places.length);
      return places.length;
    };
    for (const images of [all, undefined]) {
      expect(await walk(undefined, () => true, images)).toBe(36);
      expect(await walk(odd, () => true, images)).toBe(18);
      expect(await walk(undefined, (name) => name === 'team/a1', images)).toBe(10);
      expect(await walk(odd, (name) => name === 'team/a1', images)).toBe(5);
      expect(await walk(undefined, () => false, images)).toBe(0);
    }
    await opened.close();
  },
);
