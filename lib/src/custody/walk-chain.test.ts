import { expect, test } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import { WharfingerError } from '../errors.ts';
import type { Ancestry } from './ancestry.ts';
import type { CustodyMemo } from './chain-source.ts';
import {
  addImage,
  appConfig,
  appLayers,
  approve,
  approveApp,
  attach,
  baseConfig,
  baseLayers,
  chainIdOf,
  codesOf,
  hour,
  keyOf,
  layout,
  linkApp,
  linkNode,
  makeChain,
  nodeLayers,
  now,
  period,
  registry,
  sourceOf,
  takeIn,
  trustSet,
  walk,
  type Chain,
} from './custody.fixtures.ts';
import type { CustodyStage } from './layout.ts';
import { makeLayerLink } from './make/make-link.ts';
import { makeChainSummary, makeIntake } from './make/make-summary.ts';
import { ancestorsOf } from './report.ts';
import { readVerificationSummary } from './statements/verification-summary.ts';
import { verifiedChain } from './verified-source.ts';

function withStage(name: string, change: Partial<CustodyStage>) {
  return {
    ...layout,
    stages: layout.stages.map((stage) => (stage.name === name ? { ...stage, ...change } : stage)),
  };
}

/** Links the app as its team does, of a kind that says what was done. */
function linkAs(kind: 'rebase' | 'squash', { world, node }: Chain, image: Chain['app']['image']) {
  const predicate = makeLayerLink({
    image,
    registry,
    team: 'payments/app',
    kind,
    parent: { image: node.image, link: node.signed.payloadDigest, seq: node.link.seq },
    ...period,
  });
  const signed = attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key');
  approveApp(world, { image, link: predicate, signed });
}

test('a stage may change nothing but the configuration', async () => {
  const { world, app } = await makeChain({ appImage: { layers: nodeLayers, config: appConfig } });
  const report = await walk(world, app.image);
  expect(report.problems).toEqual([]);
  expect(report.stages.at(-1)).toMatchObject({
    kind: 'config-only',
    firstLayer: 4,
    layers: 0,
    changed: ['Entrypoint', 'WorkingDir'],
  });
  expect(report.layers.map(({ team }) => team)).not.toContain('payments/app');
});

test('a declared squash is attributed to who made it, and its parent is walked all the same', async () => {
  const chain = await makeChain();
  const image = await addImage(chain.world, 'prod/api', {
    layers: [{ content: 'all in one' }],
    config: appConfig,
  });
  linkAs('squash', chain, image);
  const allowed = withStage('app', { kinds: ['squash'] });
  const report = await walk(chain.world, image, { layout: allowed });
  expect(report.problems).toEqual([]);
  expect(report.layers).toMatchObject([{ index: 0, team: 'payments/app' }]);
  expect(report.stages.map(({ stage }) => stage)).toEqual(['base', 'runtime', 'app']);
  const later = await walk(chain.world, image, { layout: allowed, trust: trustSet({}, ['base-key']) });
  expect(codesOf(later)).toEqual(['link-refused']);
});

test('a declared rebase needs approvals of its own', async () => {
  const chain = await makeChain();
  const image = await addImage(chain.world, 'prod/api', {
    layers: [...nodeLayers, { content: 'app' }, { content: 'app settings 2' }],
    config: appConfig,
  });
  linkAs('rebase', chain, image);
  const allowed = withStage('app', { kinds: ['extend', 'rebase'] });
  expect((await walk(chain.world, image, { layout: allowed })).complete).toBe(true);
});

test('a layer that was compressed anew is taken only where both blobs were measured', async () => {
  const [first, second, ...rest] = appLayers;
  const { world, app, node } = await makeChain({
    appImage: { layers: [first, { ...second, level: 1 }, ...rest], config: appConfig },
    app(at, image, parent) {
      const like = makeLayerLink({ image, registry, team: 'payments/app', kind: 'origin', ...period });
      const predicate = {
        ...like,
        seq: 2,
        kind: 'extend' as const,
        parent: {
          manifest: parent.image.digest,
          repository: 'runtime/node',
          layerCount: 4,
          chainId: parent.image.chainIds.at(-1)!,
        },
        prev: parent.signed.payloadDigest,
        added: like.added.slice(4),
        configDelta: [
          { op: 'add' as const, path: '/Entrypoint', value: ['/app'] },
          { op: 'add' as const, path: '/WorkingDir', value: '/srv' },
        ],
      };
      return {
        image,
        link: predicate,
        signed: attach(at, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key'),
      };
    },
  });
  expect(app.image.layers[1]!.digest).not.toBe(node.image.layers[1]!.digest);
  const report = await walk(world, app.image, { measured: world.measured });
  expect(report.problems).toEqual([]);
  expect(report.remarks).toEqual([expect.stringContaining('layer 1 was compressed anew')]);
  expect(codesOf(await walk(world, app.image))).toEqual(['base-blob-swapped']);
});

test('a link may be renewed without linking anew what was built on it', async () => {
  const chain = await makeChain();
  const { world, node, base, app } = chain;
  const late = new Date(now.getTime() + 48 * hour);
  const renewed = { notBefore: '2026-11-23T00:00:00Z', notAfter: '2026-11-25T00:00:00Z' };
  const prolong = (said: object) => ({ ...said, ...renewed });
  linkApp(world, app.image, node, prolong);
  linkNode(world, node.image, base, prolong);
  approve(world, app.image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key', prolong);
  approve(world, app.image, { stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', prolong);
  expect(codesOf(await walk(world, app.image, { now: late }))).toEqual(['link-expired']);
  const again = makeLayerLink({ image: base.image, registry, team: 'platform/base', ...period });
  attach(
    world,
    base.image,
    { predicateType: predicateTypes.layerLink, predicate: prolong(again) },
    'base-key',
  );
  approve(world, base.image, { stage: 'base', role: 'security', approver: 'carol' }, 'carol-key', prolong);
  const report = await walk(world, app.image, { now: late });
  expect(report.problems).toEqual([]);
  expect(report.validUntil).toBe('2026-11-25T00:00:00.000Z');
});

test('while a link and its renewal are both in force, they are one', async () => {
  const { world, app, node } = await makeChain();
  linkApp(world, app.image, node, (said) => ({ ...said, notAfter: '2026-12-22T00:00:00Z' }));
  const report = await walk(world, app.image);
  expect(report.problems).toEqual([]);
});

test('the report does not depend on the order in which a registry lists evidence', async () => {
  const { world, app } = await makeChain();
  const before = await walk(world, app.image);
  for (const [key, listed] of world.attached) world.attached.set(key, listed.toReversed());
  expect(await walk(world, app.image)).toEqual(before);
});

test('what other teams say of a shared base is no matter', async () => {
  const { world, base, app } = await makeChain();
  for (let other = 0; other < 70; other += 1) {
    takeIn(world, base, 'other-key', (said) => ({ ...said, verifier: { id: `team ${other}` } }));
  }
  expect((await walk(world, app.image)).complete).toBe(true);
});

test('more statements than anybody makes about one image are refused', async () => {
  const { world, app } = await makeChain();
  for (let ticket = 0; ticket < 70; ticket += 1) {
    approve(world, app.image, { stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      ticket: `${ticket}`,
    }));
  }
  expect(codesOf(await walk(world, app.image))).toEqual(['statements-too-many']);
});

test('a look-up that fails is an error, never "none found"', async () => {
  const { world, app } = await makeChain();
  const source = verifiedChain(
    (repository) => ({
      ...sourceOf(world, repository),
      referrers: async (subject) => {
        if (repository === 'base/debian') throw new WharfingerError('REMOTE_FAILED', { what: 'no answer' });
        return sourceOf(world, repository).referrers(subject);
      },
    }),
    trustSet(),
    now,
  );
  await expect(walk(world, app.image, { source })).rejects.toThrow('no answer');
});

test('an unattributed layer is named with what it lies on', async () => {
  const { world, app } = await makeChain();
  const image = await addImage(world, 'prod/api', {
    layers: [...appLayers, { content: 'evil' }],
    config: appConfig,
  });
  const source = verifiedChain((repository) => sourceOf(world, repository), trustSet(), now);
  const known = new Map<Digest, { repository: string; digest: Digest }>([
    [
      chainIdOf(appLayers.map(({ content }) => content)),
      { repository: 'prod/api', digest: app.image.digest },
    ],
  ]);
  const report = await walk(world, image, {
    source: { ...source, imageByChainId: async (id) => known.get(id) },
  });
  expect(report.problems).toEqual([
    {
      code: 'link-missing',
      message: expect.stringMatching(
        /layer 6 \(sha256:[0-9a-f]{12}\) unattributed: .*what lies below is prod\/api@.* of platform\/base and platform\/node and payments\/app/,
      ),
      stage: 'app',
      layer: 6,
    },
  ]);
  expect(report.layers.map(({ team }) => team)).toEqual([
    'platform/base',
    'platform/base',
    'platform/node',
    'platform/node',
    'payments/app',
    'payments/app',
    undefined,
  ]);
});

test('an image of an earlier stage is walked as one of that stage', async () => {
  const { world, node } = await makeChain();
  expect((await walk(world, node.image, { stage: 'runtime' })).complete).toBe(true);
  await expect(walk(world, node.image, { stage: 'nonsense' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});

test('a history that tells of other layers is remarked upon and no more', async () => {
  const { world, app } = await makeChain({
    appImage: { layers: appLayers, config: appConfig, history: [{ created_by: 'one' }] },
  });
  const report = await walk(world, app.image);
  expect(report.complete).toBe(true);
  expect(report.remarks).toEqual([expect.stringContaining('its history tells of 1 layers, it has 6')]);
});

test('all that a chain rests on is named, so that it can be kept', async () => {
  const { world, base, node, app } = await makeChain();
  const report = await walk(world, app.image);
  const ancestors = ancestorsOf(report);
  const kept = new Set(ancestors.map(({ digest }) => digest));
  const keys = ['base-key', 'node-key', 'app-key', 'alice-key', 'bob-key'].map((name) => keyOf(name).id);
  expect(report.keyIds).toEqual(keys.sort());
  for (const { image, signed } of [base, node, app]) {
    expect(kept).toContain(signed.manifest.digest);
    expect(kept).toContain(image.configDigest);
  }
  expect(kept).toContain(base.image.digest);
  expect(kept).not.toContain(app.image.digest);
  expect(ancestors.filter(({ what }) => what === 'approval')).toHaveLength(3);
  expect(ancestors.filter(({ what }) => what === 'intake')).toHaveLength(2);
  // with nothing but these, and the image itself, the chain is walked again
  const thin = {
    ...world,
    attached: new Map(
      [...world.attached].map(([key, listed]) => [key, listed.filter(({ digest }) => kept.has(digest))]),
    ),
  };
  expect((await walk(thin, app.image)).complete).toBe(true);
});

test('what was found out about ancestors is used again until its time is over, or its generation', async () => {
  const { world, app } = await makeChain();
  const store = new Map<string, Ancestry>();
  const memo = (generation: string): CustodyMemo<Ancestry> => ({
    generation,
    get: (key) => store.get(key),
    set: (key, value) => void store.set(key, value),
  });
  const asked: string[] = [];
  const plain = verifiedChain((repository) => sourceOf(world, repository), trustSet(), now);
  const source = {
    ...plain,
    statements: (repository: string, digest: Digest) => {
      asked.push(repository);
      return plain.statements(repository, digest);
    },
  };
  const first = await walk(world, app.image, { source, memo: memo('1') });
  expect(asked).toEqual(['prod/api', 'runtime/node', 'base/debian']);
  asked.length = 0;
  expect(await walk(world, app.image, { source, memo: memo('1') })).toEqual(first);
  expect(asked).toEqual(['prod/api', 'runtime/node']);
  asked.length = 0;
  await walk(world, app.image, { source, memo: memo('2') });
  expect(asked).toContain('base/debian');
  const late = new Date(now.getTime() + 25 * hour);
  expect((await walk(world, app.image, { now: late, memo: memo('1') })).complete).toBe(false);
  const early = new Date(now.getTime() - 2 * hour);
  expect((await walk(world, app.image, { now: early, memo: memo('1') })).complete).toBe(false);
});

test('summaries are made of complete chains alone, and rest on their statements', async () => {
  const { world, app, node } = await makeChain();
  const report = await walk(world, app.image);
  const summary = readVerificationSummary(
    makeChainSummary({ report, registry, verifier: 'https://registry.acme', now }),
  );
  expect(summary).toMatchObject({
    passed: true,
    levels: ['WHARFINGER_CHAIN_COMPLETE'],
    resourceUri: `oci://registry.acme/prod/api@${app.image.digest}`,
    policy: { digest: report.layoutDigest },
  });
  expect(summary.inputs).toContain(node.signed.payloadDigest);
  expect(summary.inputs).toHaveLength(8);
  const short = await walk(world, app.image, { trust: trustSet({}, ['bob-key']) });
  expect(() => makeIntake({ report: short, registry, verifier: 'x', now })).toThrow(
    expect.objectContaining({ code: 'CUSTODY_INCOMPLETE' }),
  );
});

test('two chains may end in one image where a stage has several that it builds on', async () => {
  const { world, base } = await makeChain();
  const image = await addImage(world, 'prod/tool', {
    layers: [...baseLayers, { content: 'tool' }],
    config: { ...baseConfig, Entrypoint: ['/tool'] },
  });
  takeIn(world, base, 'app-key');
  const linked = linkApp(world, image, base);
  approveApp(world, linked);
  const either = withStage('app', { parentStages: ['runtime', 'base'] });
  expect((await walk(world, image, { layout: either })).complete).toBe(true);
  expect(codesOf(await walk(world, image))).toEqual(['stage-skipped']);
});
