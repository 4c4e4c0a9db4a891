import { expect, test } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { TrustSet } from '../signing/evidence.ts';
import {
  appConfig,
  appLayers,
  approve,
  attach,
  codesOf,
  layout,
  makeChain,
  periodOf,
  walk,
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

export type Change = Partial<ChainInput> & { readonly trust?: TrustSet };

export interface Attack {
  /** the codes that it is refused by: all of them, and no other */
  readonly codes: readonly CustodyProblemCode[];
  /** what the message must name */
  readonly names?: readonly string[];
  readonly steps?: Steps;
  /** what is done to a chain that was made, and what is walked then */
  readonly after?: (chain: Chain) => Promise<Partial<Place> | void> | Partial<Place> | void;
  readonly walk?: Change | ((chain: Chain) => Change);
}

export const [sys, updates, node, npm, app, settings] = appLayers;
export const evil = { content: 'evil' };

/** A link that tells these layers to be the team's, on a parent that it may well tell right. */
export function linkAnyway(change: (link: LayerLink) => object = (same) => same): Pick<Steps, 'app'> {
  return {
    app(world, image, parent) {
      const { image: below } = parent;
      const told = makeLayerLink({
        image,
        registry: layout.registry,
        team: 'payments/app',
        ...periodOf(world),
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

export const appOf = (layers: readonly LayerSpec[]) => ({ layers, config: appConfig });

export function stageChanged(name: string, change: Partial<CustodyStage>): CustodyLayout {
  return {
    ...layout,
    stages: layout.stages.map((stage) => (stage.name === name ? { ...stage, ...change } : stage)),
  };
}

export function secondApproval(
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

export function squashed(world: Chain['world'], image: Chain['app']['image'], parent: Chain['node']) {
  const predicate = makeLayerLink({
    image,
    registry: layout.registry,
    team: 'payments/app',
    kind: 'squash',
    parent: { image: parent.image, link: parent.signed.payloadDigest, seq: parent.link.seq },
    ...periodOf(world),
  });
  return {
    image,
    link: predicate,
    signed: attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key'),
  };
}

/** Copies an image with all that refers to it, as registries do. */
export function copyTo(world: Chain['world'], from: string, to: string, digest: Digest): Place {
  world.manifests.set(`${to}@${digest}`, world.manifests.get(`${from}@${digest}`)!);
  const attached = world.attached.get(`${from} ${digest}`)!;
  world.attached.set(`${to} ${digest}`, attached);
  for (const { digest: carrier } of attached) {
    world.manifests.set(`${to}@${carrier}`, world.manifests.get(`${from}@${carrier}`)!);
  }
  return { repository: to, digest };
}

/** Makes the chain of each attack, walks it, and expects exactly its codes and words. */
export function expectRefused(attacks: Readonly<Record<string, Attack>>): void {
  test.for(Object.entries(attacks))('%s', async ([, attack]) => {
    const { codes, names = [], steps = {}, after, walk: change = {} } = attack;
    const chain = await makeChain(steps);
    const { image } = chain.app;
    const place = { repository: image.repository, digest: image.digest, ...(await after?.(chain)) };
    const options = typeof change === 'function' ? change(chain) : change;
    const report = await walk(chain.world, { repository: place.repository, digest: place.digest }, options);
    expect(codesOf(report)).toEqual([...codes].sort());
    expect(report.complete).toBe(false);
    const messages = report.problems.map(({ message }) => message).join('\n');
    for (const name of names) expect(messages).toContain(name);
  });
}
