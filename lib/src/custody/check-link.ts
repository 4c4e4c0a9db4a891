import { applyPatch, changedFields } from './json-patch.ts';
import { sameJson, type JsonObject } from './json-value.ts';
import type { CustodyImage } from './custody-image.ts';
import type { CustodyStage } from './layout.ts';
import { layerRange, shorten, type CustodyProblemCode } from './problem.ts';
import type { AddedLayer, LayerLink } from './statements/layer-link.ts';

/** Says what is wrong; `layer` where one is meant. */
export type Say = (code: CustodyProblemCode, what: string, layer?: number) => void;

/** Checks what a link says of its own image against the bytes. */
export function checkResult(link: LayerLink, image: CustodyImage, say: Say): void {
  const { result } = link;
  const top = image.chainIds.at(-1);
  if (result.config !== image.configDigest) {
    say(
      'result-config',
      `the link is for the config ${shorten(result.config)}, the image has ${shorten(image.configDigest)}`,
    );
  }
  if (result.layerCount !== image.layers.length) {
    say('result-layers', `the link is for ${result.layerCount} layers, the image has ${image.layers.length}`);
  }
  if (result.chainId !== top) {
    say('result-chain', 'the link is for other layers, or another order of them (chain ID)');
  }
  if (result.runtimeConfig !== image.runtimeConfig) {
    say('result-runtime-config', 'the link is for another runtime configuration');
  }
}

/**
 * Checks that a link lists exactly the layers of the image from `first` on, in order, and as many as the stage may add.
 * @param first number of layers that are the parent's
 */
export function checkAdded(
  link: LayerLink,
  image: CustodyImage,
  first: number,
  stage: CustodyStage,
  say: Say,
): void {
  const own = image.layers.slice(first);
  const wrong = own.findIndex((layer, at) => {
    const added = link.added[at];
    return added === undefined || added.index !== first + at || !describes(added, layer);
  });
  if (wrong >= 0) {
    const layer = first + wrong;
    say(
      'added-layers',
      `layer ${layer} (${shorten(own[wrong]!.digest)}) is not what the link says was added there`,
      layer,
    );
  } else if (link.added.length > own.length) {
    say(
      'added-layers',
      `the link lists ${link.added.length} added layers, the image has ${own.length} above its parent's`,
    );
  }
  if (link.kind === 'config-only' && own.length > 0) {
    say(
      'config-only-adds-layers',
      `${layerRange(first, image.layers.length)} cannot come from a link of kind config-only`,
      first,
    );
  }
  if ((link.kind === 'extend' || link.kind === 'rebase') && own.length === 0) {
    say('nothing-added', `a link of kind ${link.kind} adds no layer`);
  }
  if (stage.maxNewLayers !== undefined && own.length > stage.maxNewLayers) {
    say(
      'too-many-layers',
      `${own.length} layers were added, stage ${stage.name} may add ${stage.maxNewLayers}`,
      first + stage.maxNewLayers,
    );
  }
}

function describes(added: AddedLayer, layer: CustodyImage['layers'][number]): boolean {
  return (
    added.diffId === layer.diffId &&
    added.digest === layer.digest &&
    added.size === layer.size &&
    added.mediaType === layer.mediaType
  );
}

/** Field in which Docker's classic builder notes what it built on; nothing that runs an image reads it. */
const builderNote = 'Image';

/**
 * Checks the change of the runtime configuration: that the link tells it, and that the stage may make it.
 * @param before the parent's; empty where there is none
 * @returns names of the fields that were changed
 */
export function checkConfig(
  link: LayerLink,
  image: CustodyImage,
  before: JsonObject,
  stage: CustodyStage,
  say: Say,
): string[] {
  if (!sameJson(applyPatch(before, link.configDelta), image.config)) {
    say(
      'config-delta',
      'the change of the configuration that the link tells does not lead to that of the image',
    );
  }
  const changed = changedFields(before, image.config);
  const { mayChange } = stage;
  const allowed = (name: string) =>
    mayChange === undefined || mayChange.includes(name) || name === builderNote;
  const forbidden = changed.filter((name) => !allowed(name));
  if (forbidden.length > 0) {
    say(
      'config-not-allowed',
      `it changes ${forbidden.slice(0, 10).join(', ')} of the configuration, which stage ${stage.name} may not`,
    );
  }
  return changed;
}
