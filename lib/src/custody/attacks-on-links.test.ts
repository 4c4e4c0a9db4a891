import { describe } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import {
  app,
  appOf,
  copyTo,
  evil,
  expectRefused,
  linkAnyway,
  node,
  npm,
  squashed,
  stageChanged,
  sys,
  updates,
} from './attacks.fixtures.ts';
import {
  appConfig,
  appLayers,
  layout,
  link,
  linkApp,
  nodeConfig,
  nodeLayers,
  withPurposes,
} from './custody.fixtures.ts';

describe('a link is refused, for its own reason:', () => {
  expectRefused({
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
      steps: {
        app: (world, image, parent) => linkApp(world, image, parent, (told) => ({ ...told, seq: 7 })),
      },
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
        app: (world, image, parent) =>
          linkApp(world, image, parent, (told) => ({ ...told, configDelta: [] })),
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
  });
});
