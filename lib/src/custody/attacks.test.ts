import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { TrustSet } from '../signing/evidence.ts';
import {
  addImage,
  appConfig,
  appLayers,
  approve,
  approveApp,
  attach,
  baseLayers,
  codesOf,
  layout,
  link,
  linkApp,
  linkNode,
  makeChain,
  nodeConfig,
  nodeLayers,
  period,
  revoked,
  takeIn,
  trustSet,
  walk,
  withPurposes,
  type Chain,
  type LayerSpec,
  type Steps,
} from './custody.fixtures.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import { makeLayerLink } from './make/make-link.ts';
import type { CustodyProblemCode } from './problem.ts';
import type { Place } from './read-image.ts';
import type { LayerLink } from './statements/layer-link.ts';
import type { ChainInput } from './walk-chain.ts';

type Change = Partial<ChainInput> & { readonly trust?: TrustSet };

interface Attack {
  /** the codes that it is refused by: all of them, and no other */
  readonly codes: readonly CustodyProblemCode[];
  /** what the message must name */
  readonly names?: readonly string[];
  readonly steps?: Steps;
  /** what is done to a chain that was made, and what is walked then */
  readonly after?: (chain: Chain) => Promise<Partial<Place> | void> | Partial<Place> | void;
  readonly walk?: Change | ((chain: Chain) => Change);
}

const [sys, updates, node, npm, app, settings] = appLayers;
const evil = { content: 'evil' };

/** A link that tells these layers to be the team's, on a parent that it may well tell right. */
function linkAnyway(change: (link: LayerLink) => object = (same) => same): Pick<Steps, 'app'> {
  return {
    app(world, image, parent) {
      const { image: below } = parent;
      const told = makeLayerLink({
        image,
        registry: layout.registry,
        team: 'payments/app',
        ...period,
        kind: 'origin',
      });
      const first = below.layers.length;
      const predicate = change({
        ...told,
        seq: parent.link.seq + 1,
        kind: 'extend',
        parent: {
          manifest: below.digest,
          repository: below.repository,
          layerCount: below.layers.length,
          chainId: below.chainIds.at(-1)!,
        },
        prev: parent.signed.payloadDigest,
        added: told.added.slice(first),
        configDelta: [
          { op: 'add', path: '/Entrypoint', value: ['/app'] },
          { op: 'add', path: '/WorkingDir', value: '/srv' },
        ],
      });
      return {
        image,
        link: predicate as LayerLink,
        signed: attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key'),
      };
    },
  };
}

const appOf = (layers: readonly LayerSpec[]) => ({ layers, config: appConfig });

function stageChanged(name: string, change: Partial<CustodyStage>): CustodyLayout {
  return {
    ...layout,
    stages: layout.stages.map((stage) => (stage.name === name ? { ...stage, ...change } : stage)),
  };
}

const attacks: Readonly<Record<string, Attack>> = {
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
    codes: ['link-refused'],
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

  // links
  'a declared squash where the stage allows none': {
    codes: ['kind-not-allowed'],
    steps: {
      appImage: appOf([{ content: 'all in one' }]),
      app: (world, image, parent) => squashed(world, image, parent),
    },
  },
  'a rebase where the stage allows none': {
    codes: ['kind-not-allowed'],
    names: ['kind rebase'],
    steps: {
      app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, kind: 'rebase' })),
    },
  },
  'a link of no known form': {
    codes: ['link-invalid'],
    names: ['unknown field "extra"'],
    steps: {
      app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, extra: 1 })),
    },
  },
  'a number that no other reader need see alike': {
    codes: ['link-invalid'],
    names: ['whole number'],
    steps: {
      app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, seq: 2 ** 53 })),
    },
  },
  'a link that is not in force yet': {
    codes: ['link-not-yet'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({ ...told, notBefore: '2026-11-22T13:00:00Z' })),
    },
  },
  'a link of another registry': {
    codes: ['link-scope'],
    names: ['registry'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          scope: { ...told.scope, registry: 'registry.evil' },
        })),
    },
  },
  'a link for another platform': {
    codes: ['link-scope'],
    names: ['linux/arm64'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          scope: { ...told.scope, platform: 'linux/arm64' },
        })),
    },
  },
  'a team that signs for another stage': {
    codes: ['stage-skipped'],
    names: ['node-key of stage runtime', 'nobody of stage app'],
    steps: { app: (world, image, parent) => link(world, image, 'payments/app', 'node-key', parent) },
  },
  'somebody who is trusted, but of no team': {
    codes: ['link-signer'],
    names: ['other-key', 'payments/app'],
    steps: { app: (world, image, parent) => link(world, image, 'payments/app', 'other-key', parent) },
  },
  'a link in the name of another team': {
    codes: ['link-team'],
    names: ['in the name of team payments/web'],
    steps: { app: (world, image, parent) => link(world, image, 'payments/web', 'app-key', parent) },
  },
  'a key that is for releases and not for stamps': {
    codes: ['link-purpose'],
    walk: () => ({ trust: withPurposes('app-key', ['release', 'intake']) }),
  },
  'a number that does not continue the chain': {
    codes: ['seq-mismatch'],
    steps: { app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, seq: 7 })) },
  },
  'a link that continues another link of the parent': {
    codes: ['prev-mismatch'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({ ...told, prev: digestOf('other') })),
    },
  },
  'another config in the result': {
    codes: ['result-config'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          result: { ...told.result, config: digestOf('x') },
        })),
    },
  },
  'another chain ID in the result': {
    codes: ['result-chain'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          result: { ...told.result, chainId: digestOf('x') },
        })),
    },
  },
  'another number of layers in the result': {
    codes: ['result-layers'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({ ...told, result: { ...told.result, layerCount: 5 } })),
    },
  },
  'another runtime configuration in the result': {
    codes: ['result-runtime-config'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          result: { ...told.result, runtimeConfig: digestOf('x') },
        })),
    },
  },
  'a layer that the link does not list': {
    codes: ['added-layers'],
    names: ['layer 5', 'payments/app'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({ ...told, added: told.added.slice(0, 1) })),
    },
  },
  'a listed layer with the digest of another': {
    codes: ['added-layers'],
    names: ['layer 4'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          added: told.added.map((layer, at) =>
            at === 0 ? { ...layer, digest: told.added[1]!.digest } : layer,
          ),
        })),
    },
  },
  'a change of the configuration that the link does not tell': {
    codes: ['config-delta'],
    steps: {
      app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, configDelta: [] })),
    },
  },
  'a change of the configuration that the stage may not make': {
    codes: ['config-not-allowed'],
    names: ['User', 'payments/app'],
    steps: { appImage: { layers: appLayers, config: { ...appConfig, User: 'root' } } },
  },
  'more layers than the stage may add': {
    codes: ['too-many-layers'],
    names: ['layer', 'may add 2'],
    steps: {
      nodeImage: { layers: [...nodeLayers, evil], config: nodeConfig },
      appImage: { layers: [...nodeLayers, evil, app], config: appConfig },
    },
  },
  'a layer between those of the parent': {
    codes: ['added-layers', 'base-layer-inserted'],
    names: ['layer 2', 'put between'],
    steps: {
      appImage: appOf([sys, updates, evil, node, npm, app]),
      ...linkAnyway((told) => ({ ...told, added: [] })),
    },
  },
  'a parent of which another chain is told': {
    codes: ['parent-chain'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          parent: { ...told.parent!, chainId: digestOf('x') },
        })),
    },
  },
  'a parent of which another number of layers is told': {
    codes: ['parent-layers'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({ ...told, parent: { ...told.parent!, layerCount: 3 } })),
    },
  },
  'a parent that is not there': {
    codes: ['image-missing'],
    names: ['runtime/node'],
    after: ({ world, node: { image } }) => {
      world.manifests.delete(`runtime/node@${image.digest}`);
    },
  },
  'a parent for another machine': {
    codes: ['parent-platform'],
    steps: { appImage: { ...appOf(appLayers), architecture: 'arm64' } },
  },
  'an app that says it was made from nothing': {
    codes: ['config-not-allowed', 'kind-not-allowed', 'parent-required'],
    names: ['Cmd', 'payments/app', 'stage app builds on stage runtime'],
    steps: { app: (world, image) => link(world, image, 'payments/app', 'app-key') },
  },
  'a base that was built on something': {
    codes: ['kind-not-allowed', 'parent-not-allowed'],
    steps: {
      base(world, image) {
        const below = link(world, image, 'platform/base', 'base-key', undefined, (told) => ({
          ...told,
          notAfter: '2026-11-22T11:30:00Z',
        }));
        return link(world, image, 'platform/base', 'base-key', below);
      },
    },
  },
  'an image in a repository that is not of its stage': {
    codes: ['repository-not-of-stage', 'link-scope'],
    after: ({ world, app: { image } }) => copyTo(world, 'prod/api', 'playground/api', image.digest),
  },
  'a chain that is longer than its layout allows': {
    codes: ['too-deep'],
    walk: { layout: { ...layout, maxDepth: 2 } },
  },
  'a link that names its own image as the parent': {
    codes: ['circular', 'nothing-added'],
    names: ['lead back to itself'],
    steps: {
      app: (world, image, parent) =>
        linkApp(world, image, parent, (told) => ({
          ...told,
          parent: {
            manifest: image.digest,
            repository: 'prod/api',
            layerCount: image.layers.length,
            chainId: image.chainIds.at(-1)!,
          },
          added: [],
        })),
    },
    walk: { layout: stageChanged('app', { parentStages: ['runtime', 'app'] }) },
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

  // intakes
  'a base that nobody took in': {
    codes: ['intake-missing'],
    names: ['platform/node', 'base/debian'],
    steps: { takeInBase: () => {} },
  },
  'an intake by another team': {
    codes: ['intake-signer'],
    steps: { takeInNode: (world, parent) => takeIn(world, parent, 'node-key') },
  },
  'an intake by a key that nobody trusts': {
    codes: ['intake-refused'],
    steps: { takeInNode: (world, parent) => takeIn(world, parent, 'stranger-key') },
  },
  'an intake that did not pass': {
    codes: ['intake-failed'],
    steps: {
      takeInNode: (world, parent) =>
        takeIn(world, parent, 'app-key', (told) => ({ ...told, verificationResult: 'FAILED' })),
    },
  },
  'an intake that rests on another link': {
    codes: ['intake-other-link'],
    names: ['platform/node'],
    steps: {
      takeInNode: (world, parent) =>
        takeIn(world, parent, 'app-key', (told) => ({ ...told, inputAttestations: [] })),
    },
  },
  'an intake of another registry': {
    codes: ['intake-scope'],
    steps: {
      takeInNode: (world, parent) =>
        takeIn(world, parent, 'app-key', (told) => ({
          ...told,
          resourceUri: `oci://registry.evil/runtime/node@${parent.image.digest}`,
        })),
    },
  },
  'an intake after the fact': {
    codes: ['intake-late'],
    names: ['after team payments/app had built on it'],
    steps: {
      takeInNode: (world, parent) =>
        takeIn(world, parent, 'app-key', (told) => ({ ...told, timeVerified: '2026-11-22T11:59:00Z' })),
    },
  },
  'an intake by a policy that is not allowed': {
    codes: ['intake-policy'],
    walk: { layout: stageChanged('app', { intakePolicies: [digestOf('another policy')] }) },
  },
  'an intake of no known form': {
    codes: ['intake-invalid'],
    steps: {
      takeInNode: (world, parent) =>
        takeIn(world, parent, 'app-key', () => ({ verificationResult: 'PASSED' })),
    },
  },
  'an intake by a key that is not for intakes': {
    codes: ['intake-purpose'],
    walk: () => ({ trust: withPurposes('app-key', ['stamp']) }),
  },

  // approvals
  'one person who approves with two keys': {
    codes: ['approvals-not-distinct'],
    steps: {
      approveApp(world, { image }) {
        approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
        approve(world, image, { stage: 'app', role: 'release', approver: 'alice' }, 'alice-old-key');
      },
    },
  },
  'an approval of another stage': {
    codes: ['approval-stage'],
    names: ['for stage base, not for app'],
    steps: secondApproval({ stage: 'base', role: 'release', approver: 'bob' }, 'bob-key'),
  },
  'an approval that is replayed from another repository': {
    codes: ['approval-scope'],
    names: ['prod/other'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      scope: { registry: layout.registry, repository: 'prod/other', platform: 'linux/amd64' },
    })),
  },
  'an approval in a role that somebody does not have': {
    codes: ['approval-role'],
    names: ['as security'],
    steps: secondApproval({ stage: 'app', role: 'security', approver: 'bob' }, 'bob-key'),
  },
  'an approval in the name of somebody else': {
    codes: ['approval-approver'],
    names: ['in the name of bob'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'carol-key'),
  },
  'an approval by somebody whose approvals do not count': {
    codes: ['approval-signer'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'eve' }, 'other-key'),
  },
  'an approval by a key of releases': {
    codes: ['approval-purpose'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'dave' }, 'release-key'),
  },
  'a team that approves its own work': {
    codes: ['approval-by-team'],
    names: ['payments/app'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bot-app' }, 'app-key'),
  },
  'an approval that has expired': {
    codes: ['approval-expired'],
    names: ['bob', 'has expired'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      notAfter: '2026-11-22T11:30:00Z',
    })),
  },
  'an approval that is not in force yet': {
    codes: ['approval-not-yet'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      notBefore: '2026-11-22T13:00:00Z',
    })),
  },
  'an approval that decides otherwise': {
    codes: ['approval-invalid'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      decision: 'reject',
    })),
  },
  'an approval of what failed a routine': {
    codes: ['approval-invalid'],
    names: ['nobody approves what failed'],
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
      ...said,
      routines: [{ digest: digestOf('routine'), result: 'failed' }],
    })),
  },
  'an approval by a revoked key': {
    codes: ['approvals-refused'],
    names: ['revoked'],
    walk: () => ({ trust: trustSet({ revocations: [revoked('bob-key')] }) }),
  },
  'approvals of which none is in a role that is needed': {
    codes: ['approvals-roles'],
    names: ['1 as release'],
    steps: {
      approveApp(world, { image }) {
        approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
        approve(world, image, { stage: 'app', role: 'security', approver: 'carol' }, 'carol-key');
      },
    },
    walk: {
      layout: stageChanged('app', {
        approvals: { ...layout.stages[2]!.approvals, neededByRole: { security: 1, release: 1 } },
      }),
    },
  },
  'approvals that an older image had': {
    codes: ['approvals-short'],
    names: ['it has 0'],
    steps: {
      approveApp() {},
    },
    async after({ world }) {
      const old = await addImage(world, 'prod/api', appOf([...nodeLayers, { content: 'old app' }]));
      approveApp(world, { image: old, link: undefined as never, signed: undefined as never });
      // what approves the old image is listed under the new one as well
      const released = [...world.attached.keys()].find(
        (key) => key.startsWith('prod/api') && !key.endsWith(old.digest),
      )!;
      const moved = world.attached.get(`prod/api ${old.digest}`)!;
      world.attached.set(released, [...world.attached.get(released)!, ...moved]);
    },
  },
};

function secondApproval(
  said: { stage: string; role: string; approver: string },
  key: string,
  change?: (said: object) => object,
): Steps {
  return {
    approveApp(world, { image }) {
      approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
      approve(world, image, said, key, change);
    },
  };
}

function squashed(world: Chain['world'], image: Chain['app']['image'], parent: Chain['node']) {
  const predicate = makeLayerLink({
    image,
    registry: layout.registry,
    team: 'payments/app',
    kind: 'squash',
    parent: { image: parent.image, link: parent.signed.payloadDigest, seq: parent.link.seq },
    ...period,
  });
  return {
    image,
    link: predicate,
    signed: attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key'),
  };
}

/** Copies an image with all that refers to it, as registries do. */
function copyTo(world: Chain['world'], from: string, to: string, digest: Digest): Place {
  world.manifests.set(`${to}@${digest}`, world.manifests.get(`${from}@${digest}`)!);
  const attached = world.attached.get(`${from} ${digest}`)!;
  world.attached.set(`${to} ${digest}`, attached);
  for (const { digest: carrier } of attached) {
    world.manifests.set(`${to}@${carrier}`, world.manifests.get(`${from}@${carrier}`)!);
  }
  return { repository: to, digest };
}

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
  test.for(Object.entries(attacks))(
    '%s',
    async ([, { codes, names = [], steps = {}, after, walk: change = {} }]) => {
      const chain = await makeChain(steps);
      const place = {
        repository: chain.app.image.repository,
        digest: chain.app.image.digest,
        ...(await after?.(chain)),
      };
      const options = typeof change === 'function' ? change(chain) : change;
      const report = await walk(chain.world, { repository: place.repository, digest: place.digest }, options);
      expect(codesOf(report)).toEqual([...codes].sort());
      expect(report.complete).toBe(false);
      const messages = report.problems.map(({ message }) => message).join('\n');
      for (const name of names) expect(messages).toContain(name);
    },
  );
});
