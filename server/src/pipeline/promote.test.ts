import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { openMemoryBlobStore } from '@wharfinger/lib/storage/memory';
import { expect, test } from 'vitest';
import { createPolicy, type Policy } from '../access/policy.ts';
import { inFolder } from '../cli/wharf.fixtures.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase } from '../db/open.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { smallImage } from '../testing/pushed-image.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { PipelineParts } from './parts.ts';
import { createPromotionActs } from './promote.ts';

/** Somebody who may read all, and do that in `prod`. */
const usersWho = (action: string) => `
users:
  - name: mallory
    password: password-of-mallory
    rights: [{ repositories: 'dev/**', actions: [pull] }, { repositories: 'prod/**', actions: [${action}] }]
`;

async function policyOf(folder: string, text: string): Promise<Policy> {
  const file = join(folder, 'wharfinger.yaml');
  await writeFile(file, text);
  return createPolicy(await loadConfig({ WHARFINGER_CONFIG: file }), loadStandardCollection(), {
    bindings: [],
  });
}

test.each([
  ['is carried out', 'promote', 'done', true],
  ['is given up where the right to it is taken back while it is judged', 'pull', 'cancelled', false],
])('a promotion %s', async (_, actionsThen, state, isThere) => {
  await inFolder(async (folder) => {
    const at = new Date('2026-01-01T00:00:00Z');
    const now = () => at;
    const [before, then] = [
      await policyOf(folder, usersWho('promote')),
      await policyOf(folder, usersWho(actionsThen)),
    ];
    const database = await openDatabase(join(folder, 'data'));
    await using _database = { [Symbol.asyncDispose]: () => database.close() };
    const { db } = database;
    const own = createSqlCatalog(db);
    const storage = openMemoryBlobStore(now);
    const image = smallImage();
    await storeImage({ catalog: own, storage }, 'dev/app', image, { by: 'ann', at });
    let policy = before;
    const catalog: Catalog = {
      ...own,
      getManifest(...asked) {
        policy = then; // from the moment in which judging looks at the image
        return own.getManifest(...asked);
      },
    };
    const parts = { db, catalog, storage, policy: () => policy, freshPolicy: async () => policy, now };
    const { request } = createPromotionActs(parts as unknown as PipelineParts);
    const wish = { from: 'dev/app', to: 'prod/app', digest: image.digest, tags: [], by: 'mallory' };
    expect((await request(wish)).state).toBe(state);
    expect((await own.getManifest('prod/app', image.digest)) !== undefined).toBe(isThere);
  });
});
