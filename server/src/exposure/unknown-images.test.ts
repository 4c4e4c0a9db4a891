import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { addLayers } from '../stores/file-index/segments.ts';
import { packImage, putImage } from '../stores/images.ts';
import { putLayerInventory } from '../stores/layer-inventories.ts';
import { rememberRepositoryNames } from '../stores/repository-names.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { sightOf } from './sight.ts';
import { countUnknown } from './unknown-images.ts';

const at = new Date(0);

describe.each(testDatabases)('on $name images that may have a file without being named', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  test('are counted as far as they may be seen, however many layers others have that were not read whole', async () => {
    const { db } = opened;
    const catalog = createSqlCatalog(db);
    const pack = await packImage({
      format: inventoryFormat,
      complete: true,
      packages: [],
      problems: [],
      layers: [],
    });
    // the fixture's image of a name has a layer of that name
    const layerOf = (name: string) => digestOf(`layer of ${name}`);
    const store = async (repository: string, name: string) =>
      putImage(db, await addImage(catalog, repository, name), pack, [layerOf(name)], at);
    for (const name of ['partly', 'waiting', 'read']) await store('team/app', name);
    const others = Array.from({ length: 1200 }, (_, index) => `of others ${index}`);
    for (const [index, name] of others.slice(0, 3).entries()) await store(`other/${index}`, name);
    const { signal } = new AbortController();
    const layers = [...others, 'partly'].map((name) => ({
      digest: layerOf(name),
      keys: new Float64Array(),
      complete: false,
    }));
    const read = { digest: layerOf('read'), keys: new Float64Array(), complete: true };
    await addLayers(db, [...layers, read], signal);
    const waiting = [...others.map((name) => `waiting ${name}`), 'waiting'];
    for (const name of waiting)
      await putLayerInventory(db, layerOf(name), { format: 1, packed: Buffer.from('a') }, at);

    const visible = (repository: string): boolean => repository === 'team/app';
    const names = rememberRepositoryNames(db);
    const count = async (seen: (repository: string) => boolean, byFile: boolean) =>
      countUnknown(db, await sightOf(names, seen), byFile);
    expect(await count(visible, true)).toEqual({ incomplete: 1, pending: 1 });
    expect(await count(visible, false)).toEqual({ incomplete: 0, pending: 0 });
    expect(await count(() => true, true)).toEqual({ incomplete: 4, pending: 1 });
    expect(await count(() => false, true)).toEqual({ incomplete: 0, pending: 0 });
  });
});
