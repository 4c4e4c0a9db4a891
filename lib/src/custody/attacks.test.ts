import { describe, expect, test } from 'vitest';
import {
  app,
  appOf,
  copyTo,
  evil,
  expectRefused,
  linkAnyway,
  node,
  npm,
  settings,
  sys,
  updates,
} from './attacks.fixtures.ts';
import {
  addImage,
  appConfig,
  appLayers,
  approve,
  baseLayers,
  link,
  linkApp,
  linkNode,
  makeChain,
  revoked,
  trustSet,
  walk,
} from './custody.fixtures.ts';

describe('a chain of three teams', () => {
  test('is complete, and says who answers for each layer', async () => {
    const { world, app: released } = await makeChain();
    const report = await walk(world, released.image);
    expect(report.problems).toEqual([]);
    expect(report.complete).toBe(true);
    expect(report.layers.map(({ team }) => team)).toEqual([
      'platform/base',
      'platform/base',
      'platform/node',
      'platform/node',
      'payments/app',
      'payments/app',
    ]);
    expect(
      report.stages.map(({ stage, approvals, intake }) => [
        stage,
        approvals.map(({ principal }) => principal).sort(),
        intake?.principal,
      ]),
    ).toEqual([
      ['base', ['alice'], undefined],
      ['runtime', [], 'bot-node'],
      ['app', ['alice', 'bob'], 'bot-app'],
    ]);
    expect(report.validUntil).toBe('2026-11-23T12:00:00.000Z');
  });
});

describe('is refused, for its own reason:', () => {
  expectRefused({
    // the fifteen
    'an extra layer on top of the released image': {
      codes: ['link-missing'],
      names: ['layers 0 to 6', 'payments/app', 'no team of stage app has linked it'],
      after: async ({ world }) => addImage(world, 'prod/api', appOf([...appLayers, evil])),
    },
    'a signer whom nobody trusts': {
      codes: ['link-refused'],
      names: ['payments/app', 'no trusted key'],
      steps: { app: (world, image, parent) => link(world, image, 'payments/app', 'stranger-key', parent) },
    },
    'one approval short': {
      codes: ['approvals-short'],
      names: ['payments/app', 'needs 2 approvals', 'it has 1, by alice'],
      steps: {
        approveApp: (world, { image }) =>
          approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key'),
      },
    },
    'one key that approves twice': {
      codes: ['approvals-not-distinct'],
      names: ['2 count, but they are all by alice'],
      steps: {
        approveApp(world, { image }) {
          approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
          approve(world, image, { stage: 'app', role: 'release', approver: 'alice' }, 'alice-key');
        },
      },
    },
    'a base layer swapped under genuine signatures of the team above': {
      codes: ['base-layer-swapped'],
      names: ['layer 1', 'of team platform/base', 'payments/app', 'replaced'],
      steps: { appImage: appOf([sys, evil, node, npm, app, settings]), ...linkAnyway() },
    },
    'base layers reordered': {
      codes: ['base-layers-reordered'],
      names: ['layer 0', 'platform/base', 'another order'],
      steps: { appImage: appOf([updates, sys, node, npm, app, settings]), ...linkAnyway() },
    },
    'a base layer dropped': {
      codes: ['added-layers', 'base-layer-dropped'],
      names: ['layer 3', 'platform/node', 'left out'],
      steps: {
        appImage: appOf([sys, updates, node, app, settings]),
        ...linkAnyway((told) => ({ ...told, added: [] })),
      },
    },
    'a blob swapped behind its diffID': {
      codes: ['base-blob-swapped'],
      names: ['layer 1', 'claims the content', 'nobody has measured'],
      steps: {
        appImage: appOf([sys, { content: 'evil', claims: updates.content }, node, npm, app, settings]),
        ...linkAnyway(),
      },
    },
    'nothing but the configuration changed': {
      codes: ['link-missing'],
      after: async ({ world }) =>
        addImage(world, 'prod/api', { layers: appLayers, config: { ...appConfig, Entrypoint: ['/evil'] } }),
    },
    'a stage skipped': {
      codes: ['stage-skipped'],
      names: ['base/debian', 'stage base', 'not of stage runtime'],
      steps: {
        appImage: appOf([...baseLayers, app]),
        app: (world, image, _node, base) => linkApp(world, image, base, (told) => ({ ...told, seq: 1 })),
      },
    },
    'a revoked key': {
      codes: ['link-revoked'],
      names: ['platform/node', 'revoked', 'stolen laptop'],
      walk: () => ({ trust: trustSet({ revocations: [revoked('node-key')] }) }),
    },
    'a link that has expired': {
      codes: ['link-expired'],
      names: ['platform/node', 'expired at 2026-11-22T11:30:00Z'],
      steps: {
        node: (world, image, base) =>
          linkNode(world, image, base, (told) => ({ ...told, notAfter: '2026-11-22T11:30:00Z' })),
      },
    },
    'a replay in another repository': {
      codes: ['link-scope'],
      names: ['prod/api', 'not for prod/other'],
      after: ({ world, app: { image } }) => copyTo(world, 'prod/api', 'prod/other', image.digest),
    },
    'two links of one image that contradict each other': {
      codes: ['equivocation'],
      names: ['contradict', 'app-key'],
      after: ({ world, app: released, node: below }) => {
        linkApp(world, released.image, below, (told) => ({
          ...told,
          materials: [{ uri: 'git+https://other' }],
        }));
      },
    },
    'a squash that does not say that it is one': {
      codes: ['squash-undeclared'],
      names: ['layer 0', 'no layer of the parent is left'],
      steps: {
        appImage: appOf([{ content: 'a' }, { content: 'b' }, { content: 'c' }, { content: 'd' }, app]),
        ...linkAnyway(),
      },
    },

    // bytes
    'a manifest of other bytes under its digest': {
      codes: ['image-unreadable'],
      names: ['does not have its digest'],
      after: ({ world, node: { image } }) => {
        const key = `runtime/node@${image.digest}`;
        const stored = world.manifests.get(key)!;
        world.manifests.set(key, { ...stored, bytes: Buffer.concat([stored.bytes, Buffer.from(' ')]) });
      },
    },
    'a config of other bytes under its digest': {
      codes: ['image-unreadable'],
      names: ['config'],
      after: ({ world, node: { image } }) => {
        const bytes = world.blobs.get(image.configDigest)!;
        world.blobs.set(image.configDigest, Buffer.from(Buffer.from(bytes).toString().replace('npm', 'nmp')));
      },
    },
    'a config that lies about what is in a layer, where that was measured': {
      codes: ['diff-id-lie'],
      names: ['layer 5', 'holds'],
      steps: {
        appImage: appOf([sys, updates, node, npm, app, { content: 'evil', claims: settings.content }]),
      },
      walk: ({ world }) => ({ measured: world.measured }),
    },
    "the parent's blob under another diffID": {
      codes: ['diff-id-lie'],
      names: ['layer 1', 'claims another content'],
      steps: {
        appImage: appOf([sys, { content: updates.content, claims: 'evil' }, node, npm, app, settings]),
        ...linkAnyway(),
      },
    },
  });
});
