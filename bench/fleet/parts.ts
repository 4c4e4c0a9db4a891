import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindAll } from '@wharfinger/lib/routines/replay';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { openFileSystemBlobStore } from '@wharfinger/lib/storage/file-system';
import { pino } from 'pino';
import { createPolicy } from '../../server/src/access/policy.ts';
import { loadConfig } from '../../server/src/config/load.ts';
import { openDatabase, type Database } from '../../server/src/db/open.ts';
import { createVerdictMemory } from '../../server/src/gate/verdict-memory.ts';
import { loadRegistryKey } from '../../server/src/identity/registry-key.ts';
import { createLayerFiles } from '../../server/src/inspection/layer-files.ts';
import { createChainMemory } from '../../server/src/pipeline/chain-memory.ts';
import { createEditions } from '../../server/src/pipeline/editions.ts';
import type { PipelineParts } from '../../server/src/pipeline/parts.ts';
import { createSharedResults } from '../../server/src/pipeline/result-memory.ts';
import { openPolicy } from '../../server/src/records/policy-in-force.ts';
import { renewRevocations } from '../../server/src/records/revoke.ts';
import { createCachingCatalog } from '../../server/src/stores/caching-catalog.ts';
import { createSqlCatalog } from '../../server/src/stores/sql-catalog.ts';

/** What a server works with, without the server. */
export interface OpenedFleet {
  readonly database: Database;
  readonly parts: PipelineParts;
  readonly close: () => Promise<void>;
}

/**
 * All that the pipeline works with, with every routine of the standard collection bound.
 * @param data folder of the key, and of the blobs and the database unless others are named
 */
export async function openFleet(
  data: string,
  others: { readonly database?: string; readonly blobs?: string } = {},
): Promise<OpenedFleet> {
  const now = (): Date => new Date();
  const config = await configOf(data);
  const database = await openDatabase(others.database ?? data);
  const { db } = database;
  const storage = await openFileSystemBlobStore(others.blobs ?? join(data, 'blobs'));
  const registryKey = await loadRegistryKey(data);
  const collection = loadStandardCollection();
  const bindings = bindAll(collection, undefined, 'warn');
  await renewRevocations({ db, now, key: registryKey });
  const inForce = await openPolicy({
    db,
    config,
    builtIn: collection,
    build: (wanted, records) =>
      createPolicy(wanted, collection, { ...records, bindings }, registryKey.publicPem),
    onChange: () => {},
  });
  const unread = (): never => {
    throw new Error('no layer is read here');
  };
  const parts: PipelineParts = {
    db,
    editions: createEditions({ db, policy: inForce.current, now }),
    catalog: createCachingCatalog(createSqlCatalog(db), 32 * 1024 * 1024),
    storage,
    memory: createVerdictMemory(),
    policy: inForce.current,
    freshPolicy: inForce.fresh,
    readLayers: unread,
    composeImage: unread,
    layerFiles: createLayerFiles(),
    results: createSharedResults(),
    chains: createChainMemory(db),
    registryKey,
    now,
    log: pino({ level: 'silent' }),
  };
  return { database, parts, close: () => database.close() };
}

async function configOf(data: string) {
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-config-'));
  const file = join(folder, 'wharfinger.yaml');
  writeFileSync(file, JSON.stringify({ data, adminPassword: 'not-used-here-1234' }));
  try {
    return await loadConfig({ WHARFINGER_CONFIG: file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
