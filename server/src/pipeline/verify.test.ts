import { generateKeyPairSync } from 'node:crypto';
import { putOf } from '@wharfinger/lib/catalog/catalog.fixtures';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { openMemoryBlobStore } from '@wharfinger/lib/storage/memory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPolicy } from '../access/policy.ts';
import { loadConfig } from '../config/load.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import { openPolicy, type PolicyInForce } from '../records/policy-in-force.ts';
import { renewRevocations, revokeKey } from '../records/revoke.ts';
import { placesSignedBy } from '../stores/evidence-signers.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { storeBlob } from '../testing/stored-image.ts';
import type { PipelineParts } from './parts.ts';
import { currentSignatures, verifySignatures } from './verify.ts';

const builtIn = loadStandardCollection();
const now = () => new Date(Date.UTC(2026, 0, 1));
const repository = 'team/app';

function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

describe.each(testDatabases)('verifying by a policy that changes meanwhile, on $name', (kind) => {
  const release = makeKey();
  const storage = openMemoryBlobStore(now);
  let opened: TestDatabase;
  let catalog: Catalog;
  let inForce: PolicyInForce;
  let parts: PipelineParts;
  let digest: Digest;
  /** done once, when the evidence has been listed */
  let meanwhile: (() => Promise<unknown>) | undefined;

  beforeEach(async () => {
    opened = await kind.open();
    const { db } = opened;
    const trust = [{ repositories: 'team/**', keys: [{ name: 'release', pem: release.publicPem }] }];
    const config = await loadConfig({ WHARFINGER_TRUST: JSON.stringify(trust) });
    const own = createSqlCatalog(db);
    catalog = {
      ...own,
      async referrers(...asked) {
        const found = await own.referrers(...asked);
        const act = meanwhile;
        meanwhile = undefined;
        await act?.();
        return found;
      },
    };
    await renewRevocations({ db, now, key: makeKey() });
    inForce = await openPolicy({
      db,
      config,
      builtIn,
      build: (wanted, records) => createPolicy(wanted, builtIn, records),
      onChange() {},
    });
    const memory = createVerdictMemory();
    const policies = { policy: () => inForce.current(), freshPolicy: () => inForce.fresh() };
    parts = { db, catalog, storage, memory, ...policies, now } as unknown as PipelineParts;
    digest = await addIndex('x');
    await sign();
  });
  afterEach(() => opened.close());

  /** Something that can be signed, and has no part that would have to be there. */
  async function addIndex(mark: string): Promise<Digest> {
    const put = putOf(repository, { manifests: [], annotations: { mark } });
    await catalog.putManifest(put);
    return put.digest;
  }

  async function sign(): Promise<void> {
    const { bytes, mediaType } = (await catalog.getManifest(repository, digest))!;
    const { blobs, manifest } = signImage({ mediaType, digest, size: bytes.length }, release, now());
    const change = { by: 'ann', at: now() };
    for (const { bytes: blob } of blobs) await storeBlob({ catalog, storage }, repository, blob, change);
    const parsed = parseManifest(manifest.bytes, mediaTypes.ociManifest);
    await catalog.putManifest({
      repository,
      ...manifest,
      manifest: parsed,
      tags: [],
      missing: [],
      ...change,
    });
  }
  const place = () => ({ repository, digest });
  const revoke = () =>
    revokeKey({ db: opened.db, inForce, now, memory: parts.memory, key: makeKey() }, 'ann', {
      key: 'release',
      reason: 'INC-1',
    });

  test('a key that signed is noted with the report', async () => {
    const { report } = await verifySignatures(parts, place());
    expect(report.valid.map(({ key }) => key)).toEqual(['release']);
    expect(await placesSignedBy(opened.db, release.id)).toEqual([place()]);
  });

  test('one that is revoked after its evidence was read, and before the report was kept, does not count', async () => {
    let images: number | undefined;
    meanwhile = async () => {
      ({ images } = await revoke());
    };
    const { report } = await verifySignatures(parts, place());
    // nothing was noted yet that the revocation could have ended
    expect(images).toBe(0);
    expect(report.valid).toEqual([]);
    expect(report.refused[0]!.reason).toMatch(/the key of release was revoked at .*: INC-1/);
    expect((await currentSignatures(parts, place())).report.valid).toEqual([]);
    expect(await placesSignedBy(opened.db, release.id)).toEqual([]);
  });

  test('a report that was kept before ends with the revocation, and only that', async () => {
    const other = await addIndex('y');
    await verifySignatures(parts, place());
    await verifySignatures(parts, { repository, digest: other });
    let asked = 0;
    const count = () => {
      meanwhile = async () => {
        asked += 1;
      };
    };
    expect((await revoke()).images).toBe(1);
    count();
    await currentSignatures(parts, { repository, digest: other });
    expect(asked).toBe(0);
    expect((await currentSignatures(parts, place())).report.valid).toEqual([]);
    expect(asked).toBe(1);
  });
});
