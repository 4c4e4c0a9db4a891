import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { copyTo, secondApproval, squashed, linkAnyway } from '@wharfinger/lib/custody/attacks.fixtures';
import {
  addImage,
  addManifest,
  appConfig,
  approve,
  assemble,
  baseConfig,
  emptyWorld,
  keyOf,
  layout,
  link,
  linkApp,
  linkNode,
  makeChain,
  nodeConfig,
  registry,
  takeIn,
  trustSet,
  type Chain,
  type ImageSpec,
  type LayerSpec,
  type Steps,
} from '@wharfinger/lib/custody/custody.fixtures';
import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { Case, Family } from '../cases.ts';
import { pushWorld } from '../push.ts';

/** A layer that can be taken apart: a tar of one file. */
const layer = (name: string): LayerSpec => ({ content: tarOf({ name, body: name }).toString('latin1') });
const [sys, updates, node, npm, app, settings, evil] = [
  'sys',
  'updates',
  'node',
  'npm',
  'app',
  'settings',
  'evil',
].map(layer) as [LayerSpec, LayerSpec, LayerSpec, LayerSpec, LayerSpec, LayerSpec, LayerSpec];

const imageOf = (layers: readonly LayerSpec[], config: object): ImageSpec => ({
  layers,
  config: config as ImageSpec['config'] & object,
  history: layers.map(() => ({ created_by: 'COPY' })),
});
const appOf = (...layers: readonly LayerSpec[]) => imageOf(layers, appConfig);
const whole = [sys, updates, node, npm, app, settings] as const;

/** The layout of the custody tests, with a signer of the runtime team whose key is revoked. */
const withLostKey = {
  ...layout,
  stages: layout.stages.map((stage) =>
    stage.name === 'runtime'
      ? { ...stage, teams: stage.teams.map((team) => ({ ...team, signers: [...team.signers, 'lost-key'] })) }
      : stage,
  ),
};

interface Told {
  readonly steps?: Steps;
  /** what is done to the chain; what it gives is judged in place of the application */
  readonly after?: (chain: Chain) => Promise<Judged | void> | Judged | void;
  readonly outcome?: Case['outcome'];
}
interface Judged {
  readonly repository?: string;
  readonly digest: Digest;
}

const minute = 60_000;

/** Chains of custody over three repositories: complete, attacked, and of several platforms. */
const chains: Readonly<Record<string, Told>> = {
  complete: { outcome: 'warn' },
  'extra-layer': {
    after: ({ world, app: { image } }) => addImage(world, image.repository, appOf(...whole, evil)),
  },
  'untrusted-signer': {
    steps: { app: (world, image, parent) => link(world, image, 'payments/app', 'stranger-key', parent) },
  },
  'approval-short': {
    steps: {
      approveApp: (world, { image }) =>
        approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key'),
    },
  },
  'one-key-twice': {
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'alice' }, 'alice-key'),
  },
  'two-keys-of-one': {
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'alice' }, 'alice-old-key'),
  },
  'by-the-team': {
    steps: secondApproval({ stage: 'app', role: 'release', approver: 'bot-app' }, 'app-key'),
  },
  'base-swapped': { steps: { appImage: appOf(sys, evil, node, npm, app, settings), ...linkAnyway() } },
  'base-reordered': { steps: { appImage: appOf(updates, sys, node, npm, app, settings), ...linkAnyway() } },
  'base-dropped': {
    steps: {
      appImage: appOf(sys, updates, node, app, settings),
      ...linkAnyway((told) => ({ ...told, added: [] })),
    },
  },
  'blob-swapped': {
    steps: {
      appImage: appOf(sys, { ...evil, claims: updates.content }, node, npm, app, settings),
      ...linkAnyway(),
    },
  },
  'diff-id-lie': {
    steps: { appImage: appOf(sys, updates, node, npm, app, { ...evil, claims: settings.content }) },
  },
  'config-only': {
    after: ({ world, app: { image } }) =>
      addImage(world, image.repository, imageOf(whole, { ...appConfig, Entrypoint: ['/evil'] })),
  },
  'stage-skipped': {
    steps: {
      appImage: appOf(sys, updates, app),
      app: (world, image, _node, base) => linkApp(world, image, base, (told) => ({ ...told, seq: 1 })),
    },
  },
  'key-revoked': {
    steps: { node: (world, image, base) => link(world, image, 'platform/node', 'lost-key', base) },
  },
  'link-expired': {
    steps: {
      node: (world, image, base) =>
        linkNode(world, image, base, (told) => ({
          ...told,
          notAfter: `${new Date(Date.now() - minute).toISOString().slice(0, 19)}Z`,
        })),
    },
  },
  replayed: {
    after: ({ world, app: { image } }) =>
      copyTo(world, image.repository, `${image.repository}-copy`, image.digest),
  },
  equivocation: {
    after({ world, app: released, node: below }) {
      linkApp(world, released.image, below, (told) => ({
        ...told,
        materials: [{ uri: 'git+https://other' }],
      }));
    },
  },
  'squash-undeclared': {
    steps: { appImage: appOf(...['a', 'b', 'c', 'd'].map(layer), app), ...linkAnyway() },
  },
  'squash-declared': {
    steps: {
      appImage: appOf(layer('a'), app),
      app: (world, image, parent) => squashed(world, image, parent),
    },
  },
  'not-taken-in': { steps: { takeInNode: () => {} } },
  'base-not-approved': { steps: { approveBase: () => {} } },
  'base-compressed-anew': {
    steps: { appImage: appOf(sys, { ...updates, level: 1 }, node, npm, app, settings), ...linkAnyway() },
  },
  'not-linked': {
    steps: { app: (world, image, parent) => ({ ...link(world, image, 'x', 'other-key', parent) }) },
  },
  'taken-in-by-another': {
    steps: { takeInNode: (world, parent) => takeIn(world, parent, 'other-key') },
  },
  'index-not-assembled': {
    outcome: 'deny',
    after: (chain) => indexOf(chain, false),
  },
  'index-assembled': {
    outcome: 'allow',
    after: (chain) => indexOf(chain, true),
  },
  'index-with-another': {
    outcome: 'deny',
    async after(chain) {
      const { world, app: released } = chain;
      const { repository } = released.image;
      const another = await addImage(world, repository, { ...appOf(...whole, evil), architecture: 'arm64' });
      return indexOf(chain, true, another.digest);
    },
  },
};

/** An index of the application, and of one that nobody stated to belong to it. */
function indexOf({ world, app: { image } }: Chain, assembled: boolean, another?: Digest): Judged {
  const { repository, digest } = image;
  const entry = (one: Digest, architecture: string) => {
    const { mediaType, bytes } = world.manifests.get(`${repository}@${one}`)!;
    return { mediaType, digest: one, size: bytes.length, platform: { os: 'linux', architecture } };
  };
  const index = addManifest(world, repository, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [entry(digest, 'amd64'), ...(another ? [entry(another, 'arm64')] : [])],
  });
  if (assembled) assemble(world, repository, index.digest, [{ digest, platform: 'linux/amd64' }]);
  return { digest: index.digest };
}

/** A chain of three images, called by one name in the repositories of their stages, with its own world. */
export async function makeCustodyChain(
  name: string,
  { steps = {}, assembled = false }: { readonly steps?: Steps; readonly assembled?: boolean } = {},
): Promise<Chain & { readonly index?: Digest }> {
  const chain = await makeChain({
    baseImage: imageOf([sys, updates], baseConfig),
    nodeImage: imageOf([sys, updates, node, npm], nodeConfig),
    appImage: appOf(...whole),
    ...steps,
    world: emptyWorld(new Date()),
    names: { base: name, runtime: name, prod: name },
  });
  return { ...chain, ...(assembled && { index: indexOf(chain, true).digest }) };
}

/** Images whose chains of custody lead through three repositories. */
export async function custody(folder: string, told = chains): Promise<Family> {
  const file = join(folder, 'layout.yaml');
  writeFileSync(file, stringify(withLostKey));
  const cases = await Promise.all(
    Object.entries(told).map(async ([name, { steps = {}, after, outcome }]): Promise<Case> => {
      const chain = await makeCustodyChain(name, { steps });
      const { image } = chain.app;
      const judged = { repository: image.repository, digest: image.digest, ...(await after?.(chain)) };
      const { repository, digest } = judged;
      return {
        repository,
        digest,
        push: (session) => pushWorld(session, chain.world, { repository, digest }),
        ...(outcome && { outcome }),
      };
    }),
  );
  // nobody may release, so that no signature is asked for besides
  const signers = trustSet().signers.map((signer) =>
    signer.purposes?.includes('release') ? { ...signer, purposes: ['stamp'] } : signer,
  );
  const lost = {
    name: 'lost-key',
    pem: keyOf('lost-key').publicPem,
    principal: 'bot-lost',
    team: 'platform/node',
    purposes: ['stamp', 'intake'],
  };
  return {
    config: {
      namespaces: [
        { name: 'base', gate: 'warn' },
        { name: 'runtime', gate: 'warn' },
        { name: 'prod', gate: 'hold' },
      ],
      trust: ['base/**', 'runtime/**', 'prod/**'].map((repositories) => ({
        repositories,
        keys: [...signers, lost],
      })),
      custody: [{ repositories: 'prod/**', file }],
    },
    before: [
      [
        'bindings',
        {
          id: 'custody',
          collection: 'standard',
          routine: 'custody-complete',
          parameters: {},
          scope: { repositories: ['prod/*'] },
          purposes: ['pull', 'deploy'],
          effect: 'deny',
        },
      ],
      ['keys/revoke', { key: 'lost-key', reason: 'stolen laptop' }],
    ],
    after: [],
    cases,
  };
}

/** The identity of the registry that the statements are for. */
export const identity = registry;
