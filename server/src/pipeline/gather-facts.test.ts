import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { openMemoryBlobStore } from '@wharfinger/lib/storage/memory';
import { expect, test } from 'vitest';
import { createPolicy } from '../access/policy.ts';
import { inFolder } from '../cli/wharf.fixtures.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase } from '../db/open.ts';
import { openPolicy } from '../records/policy-in-force.ts';
import { renewRevocations } from '../records/revoke.ts';
import { putScanner } from '../stores/known-scanners.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { smallImage } from '../testing/pushed-image.ts';
import { storeImage } from '../testing/stored-image.ts';
import { gatherFacts, withoutScans } from './gather-facts.ts';
import type { PipelineParts } from './parts.ts';

const configuration = `
scanners: { run: [{ name: broken, url: 'http://127.0.0.1:1', registry: 'http://127.0.0.1:1', repositories: ['**'] }] }
`;

test('facts without those of scanners are gathered without a look at their reports', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'wharfinger.yaml');
    await writeFile(file, configuration);
    const config = await loadConfig({ WHARFINGER_CONFIG: file });
    const now = () => new Date(0);
    const database = await openDatabase(join(folder, 'data'));
    await using _ = { [Symbol.asyncDispose]: () => database.close() };
    const { db } = database;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
    await renewRevocations({ db, now, key });
    const builtIn = loadStandardCollection();
    const build = (...[wanted, records]: Parameters<Parameters<typeof openPolicy>[0]['build']>) =>
      createPolicy(wanted, builtIn, records);
    const inForce = await openPolicy({ db, config, builtIn, build, onChange() {} });
    const catalog = createSqlCatalog(db);
    const storage = openMemoryBlobStore(now);
    const image = smallImage();
    const { digest } = image;
    const place = { repository: 'team/app', digest };
    await storeImage({ catalog, storage }, place.repository, image, { by: null, at: now() });
    // what is no report, so that whoever reads it fails
    const source = 'http://127.0.0.1:1';
    await putScanner(db, { name: 'broken', checkedAt: now(), source });
    const report = { asked_at: 0, report: Buffer.from('garbage'), source };
    await db
      .insertInto('scans')
      .values({ digest, scanner: 'broken', repository: place.repository, due_at: 1, failures: 0, ...report })
      .execute();
    const parts = {
      db,
      catalog,
      storage,
      policy: inForce.current,
      freshPolicy: inForce.fresh,
      now,
    } as unknown as PipelineParts;
    await expect(gatherFacts(parts, place)).rejects.toThrow(/./);
    const known = await gatherFacts(parts, place, withoutScans);
    expect(known?.facts.image.digest).toBe(digest);
    expect(known?.facts).not.toHaveProperty('scanners');
  });
});
