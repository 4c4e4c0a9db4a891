import { putOf } from '@wharfinger/lib/catalog/catalog.fixtures';
import {
  appConfig,
  appLayers,
  addImage,
  approveApp,
  layout,
  linkApp,
  makeChain,
  now,
  sourceOf,
  trustSet,
  revoked,
  type Chain,
} from '@wharfinger/lib/custody/custody.fixtures';
import { verifiedChain } from '@wharfinger/lib/custody/verified-source';
import { walkChain } from '@wharfinger/lib/custody/walk-chain';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { noteChanges } from '../stores/image-changes.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { createChainMemory, type ChainMemory } from './chain-memory.ts';

describe.each(testDatabases)('ancestors that are remembered, on $name', (kind) => {
  let opened: TestDatabase;
  let chain: Chain;
  let memory: ChainMemory;
  /** repositories whose evidence was verified */
  let verified: string[];

  beforeEach(async () => {
    opened = await kind.open();
    chain = await makeChain();
    const catalog = createSqlCatalog(opened.db);
    for (const { image } of [chain.base, chain.node, chain.app]) {
      const { bytes } = chain.world.manifests.get(`${image.repository}@${image.digest}`)!;
      const fields = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
      const missing = [image.configDigest, ...image.layers.map(({ digest }) => digest)];
      await catalog.putManifest(putOf(image.repository, fields, { missing }));
    }
    memory = createChainMemory(opened.db);
    verified = [];
  });
  afterEach(() => opened.close());

  async function walk(
    place: { readonly repository: string; readonly digest: Digest },
    { trust = trustSet(), at = now, by = memory }: { trust?: TrustSet; at?: Date; by?: ChainMemory } = {},
  ) {
    verified = [];
    const plain = verifiedChain((repository) => sourceOf(chain.world, repository), trust, at);
    const { memo, through } = by.open(place, trust, at);
    return walkChain({
      repository: place.repository,
      digest: place.digest,
      layout,
      now: at,
      memo,
      source: through({
        ...plain,
        statements(repository, digest) {
          verified.push(repository);
          return plain.statements(repository, digest);
        },
      }),
    });
  }

  async function another(mark: string) {
    const { world, node } = chain;
    const layers = [...appLayers.slice(0, 4), { content: mark }];
    const image = await addImage(world, 'prod/api', { layers, config: appConfig });
    approveApp(world, linkApp(world, image, node));
    return image;
  }

  test('are walked once, however many images are built on them', async () => {
    const before = await walk(chain.app.image, { by: createChainMemory(opened.db, 16) });
    expect(verified).toEqual(['prod/api', 'runtime/node', 'base/debian']);
    expect(await walk(chain.app.image)).toEqual(before);
    for (let count = 0; count < 50; count += 1) {
      expect((await walk(await another(`app ${count}`))).complete).toBe(true);
      expect(verified).toEqual(['prod/api']);
    }
    expect(await walk(chain.app.image)).toEqual(before);
    expect(verified).toEqual(['prod/api']);
  });

  test('are walked again when their evidence is another', async () => {
    await walk(chain.app.image);
    await noteChanges(opened.db, [chain.base.image], 'evidence');
    await walk(chain.app.image);
    expect(verified).toEqual(['prod/api', 'base/debian']);
    await noteChanges(opened.db, [chain.base.image], 'facts');
    await walk(chain.app.image);
    expect(verified).toEqual(['prod/api']);
  });

  test('are not believed by another trust, nor when a key was revoked', async () => {
    await walk(chain.app.image);
    const revocations = [revoked('base-key')];
    const after = await walk(chain.app.image, { trust: trustSet({ revocations }) });
    expect(after.problems.map(({ code }) => code)).toContain('link-revoked');
    expect(verified).toEqual(['prod/api', 'runtime/node', 'base/debian']);
  });

  test('are not believed when one is gone, nor at a time at which they were not looked at', async () => {
    await walk(chain.app.image);
    await opened.db.deleteFrom('manifests').where('digest', '=', chain.base.image.digest).execute();
    await walk(chain.app.image);
    expect(verified).toContain('base/debian');
    await walk(chain.app.image, { at: new Date(now.getTime() - 60_000) });
    expect(verified).toEqual(['prod/api', 'runtime/node', 'base/debian']);
  });

  test('with something against them are looked at again each time', async () => {
    const trust = trustSet({}, ['base-key']);
    const first = await walk(chain.app.image, { trust });
    expect(first.complete).toBe(false);
    expect(await walk(chain.app.image, { trust })).toEqual(first);
  });

  test('change nothing when evidence changes while it is read', async () => {
    const { world, base } = chain;
    const { memo, through } = memory.open(chain.app.image, trustSet(), now);
    const plain = verifiedChain((repository) => sourceOf(world, repository), trustSet(), now);
    const source = through({
      ...plain,
      async statements(repository, digest) {
        const found = await plain.statements(repository, digest);
        if (repository === base.image.repository) await noteChanges(opened.db, [base.image], 'evidence');
        return found;
      },
    });
    const { repository, digest } = chain.app.image;
    await walkChain({ repository, digest, layout, now, memo, source });
    await walk(chain.app.image);
    expect(verified).toContain('base/debian');
  });
});
