import { generateKeyPairSync } from 'node:crypto';
import { putOf } from '@wharfinger/lib/catalog/catalog.fixtures';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { makeLayerLink } from '@wharfinger/lib/custody/make/make-link';
import type { CustodyLayout } from '@wharfinger/lib/custody/layout';
import { fetchImage } from '@wharfinger/lib/custody/read-image';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { openMemoryBlobStore } from '@wharfinger/lib/storage/memory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPolicy, type Policy } from '../access/policy.ts';
import { loadConfig } from '../config/load.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import { placesRestingOn } from '../stores/chain-parts.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { storeBlob } from '../testing/stored-image.ts';
import { guardEvidence } from './guard-evidence.ts';
import { createNamedAncestors } from './named-ancestors.ts';
import { ownEvidence } from './own-evidence.ts';
import { recordChange } from './record.ts';

const now = () => new Date('2026-06-01T00:00:00Z');
const layer = Buffer.from('a layer');

function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

const keys = { team: makeKey(), ci: makeKey(), stranger: makeKey() };

const layout: CustodyLayout = {
  name: 'prod',
  registry: 'wharfinger',
  stages: [
    { name: 'base', repositories: ['base'], team: 'platform' },
    { name: 'app', repositories: ['prod/**'], team: 'payments' },
  ].map(({ team, ...stage }) => ({
    ...stage,
    kinds: ['origin', 'extend'] as const,
    intake: false,
    teams: [{ team, signers: ['team'] }],
    approvals: { needed: 0, roles: {}, signers: [] },
  })),
};

describe.each(testDatabases)(
  'what a link says that its image is built on, before anything was walked, on $name',
  (kind) => {
    const storage = openMemoryBlobStore(now);
    let opened: TestDatabase;
    let catalog: Catalog;
    let base: Digest;
    let aboutBase: Digest;
    let app: Digest;

    beforeEach(async () => {
      opened = await kind.open();
      const custody = [{ pattern: 'prod/**', layout }];
      const trust = [
        {
          repositories: '**',
          keys: [
            { name: 'team', pem: keys.team.publicPem, purposes: ['stamp'] },
            { name: 'ci', pem: keys.ci.publicPem, purposes: ['attest'] },
          ],
        },
      ];
      const config = await loadConfig({
        WHARFINGER_TRUST: JSON.stringify(trust),
      });
      const revocations = {
        version: 1,
        issuedAt: '2026-05-31T00:00:00Z',
        expires: '2026-06-07T00:00:00Z',
        entries: [],
      };
      const policy: Policy = createPolicy(config, loadStandardCollection(), { revocations, custody });
      const memory = createVerdictMemory();
      const ancestors = createNamedAncestors(storage, async () => policy, now);
      catalog = ancestors.watch(
        createSqlCatalog(opened.db, {
          async onChange(trx, change) {
            await guardEvidence(trx, change, () => true);
            await ancestors.protect(trx, change);
            await recordChange(trx, memory, change);
          },
        }),
      );
      base = await addImage('base', 1);
      const referrer = putOf('base', {
        manifests: [],
        artifactType: 'application/vnd.example',
        subject: { mediaType: mediaTypes.ociManifest, digest: base, size: 3 },
      });
      aboutBase = referrer.digest;
      await catalog.putManifest(referrer);
      app = await addImage('prod/app', 2);
    });
    afterEach(() => opened.close());

    const addBlob = (repository: string, bytes: Buffer) =>
      storeBlob({ catalog, storage }, repository, bytes, { by: 'ann', at: now() });

    /** An image of so many layers, all of them the same. */
    async function addImage(repository: string, layers: number): Promise<Digest> {
      const diffIds = Array.from({ length: layers }, () => digestOf(layer));
      const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } };
      const part = { mediaType: mediaTypes.ociLayer, ...(await addBlob(repository, layer)) };
      const put = putOf(repository, {
        config: {
          mediaType: mediaTypes.ociConfig,
          ...(await addBlob(repository, Buffer.from(JSON.stringify(config)))),
        },
        layers: diffIds.map(() => part),
      });
      await catalog.putManifest(put);
      return put.digest;
    }

    async function imageOf(repository: string, digest: Digest) {
      const source = ownEvidence(catalog, storage, repository);
      return (await fetchImage(
        {
          manifest: () => source.manifest(digest),
          config: (_name, descriptor) => source.blob(descriptor, 1_000_000),
          statements: () => Promise.reject(new Error('it is not asked')),
        },
        { repository, digest },
      ))!;
    }

    /** Pushes a statement that the app is built on the base. */
    async function link(key: SigningKey, change: object = {}): Promise<void> {
      const predicate = makeLayerLink({
        image: await imageOf('prod/app', app),
        registry: 'wharfinger',
        team: 'payments',
        kind: 'extend',
        parent: { image: await imageOf('base', base), link: digestOf('a link'), seq: 0 },
        from: now(),
        until: new Date('2027-01-01T00:00:00Z'),
      });
      const { bytes, mediaType } = (await catalog.getManifest('prod/app', app))!;
      const subject = { mediaType, digest: app, size: bytes.length };
      const statement = { predicateType: predicateTypes.layerLink, predicate: { ...predicate, ...change } };
      const { blobs, manifest } = signStatement(subject, statement, key, now());
      for (const { bytes: blob } of blobs) await addBlob('prod/app', blob);
      await catalog.putManifest({
        repository: 'prod/app',
        ...manifest,
        manifest: parseManifest(manifest.bytes, manifest.mediaType),
        tags: [],
        missing: [],
        by: 'ann',
        at: now(),
      });
    }
    const remove = (digest: Digest) => catalog.deleteManifest('base', digest, { by: 'ann', at: now() });
    const inUse = { code: 'MANIFEST_IN_USE' };

    test('is kept, and so is what is stated about it', async () => {
      await link(keys.team);
      await expect(remove(base)).rejects.toMatchObject(inUse);
      await expect(remove(aboutBase)).rejects.toMatchObject(inUse);
      expect(await placesRestingOn(opened.db, { repository: 'base', digest: base })).toEqual([
        { repository: 'prod/app', digest: app },
      ]);
    });

    test('goes with the image that is built on it', async () => {
      await link(keys.team);
      await catalog.deleteManifest('prod/app', app, { by: 'ann', at: now() });
      expect(await remove(base)).toBe(true);
    });

    test.each([
      ['a stranger', keys.stranger],
      ['somebody who may not link', keys.ci],
    ])('is not kept for the word of %s: else who pushes could keep others from deleting', async (_, key) => {
      await link(key);
      expect(await remove(aboutBase)).toBe(true);
      expect(await remove(base)).toBe(true);
    });

    test('is not kept for a link that cannot be read, which is taken in all the same', async () => {
      await link(keys.team, { parent: { manifest: 'x' } });
      expect(await catalog.referrers('prod/app', app)).toHaveLength(1);
      expect(await remove(base)).toBe(true);
    });
  },
);
