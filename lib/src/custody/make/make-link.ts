import { WharfingerError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { compareToParent } from '../compare-layers.ts';
import type { CustodyImage } from '../custody-image.ts';
import { patchBetween } from '../json-patch.ts';
import type { JsonValue } from '../json-value.ts';
import type { LinkKind } from '../layout.ts';
import type { LayerLink } from '../statements/layer-link.ts';
import { validFor, type Period } from './period.ts';

/** The image that was built on, and its link. */
export interface LinkedParent {
  readonly image: CustodyImage;
  /** payload digest of its link */
  readonly link: Digest;
  /** `seq` of its link */
  readonly seq: number;
}

export interface LinkRequest extends Period {
  readonly image: CustodyImage;
  /** absent: it was built on nothing */
  readonly parent?: LinkedParent;
  /** logical identity of the registry */
  readonly registry: string;
  readonly team: string;
  /** absent: origin without a parent; config-only where no layer was added; else extend */
  readonly kind?: LinkKind;
  readonly materials?: readonly JsonValue[];
  /** diffIDs that were computed from the bytes of blobs; absent: no layer may have been compressed anew */
  readonly measured?: ReadonlyMap<Digest, Digest>;
}

/**
 * Makes the predicate of a layer link from the images themselves, so that it says what is true of them.
 * @throws WharfingerError INPUT_INVALID: the image is not what such a link could be about
 */
export function makeLayerLink(request: LinkRequest): LayerLink {
  const { image, parent, registry, team } = request;
  const kind = request.kind ?? usualKind(image, parent?.image);
  const alone = kind === 'origin' || kind === 'import';
  if (alone !== (parent === undefined))
    refuse(`a link of kind ${kind} ${alone ? 'has no' : 'needs a'} parent`);
  const first = parent === undefined || kind === 'squash' ? 0 : parent.image.layers.length;
  if (parent !== undefined && kind !== 'squash')
    requireBeginning(image, parent.image, request.measured ?? new Map());
  if (kind === 'config-only' && image.layers.length > first)
    refuse('it adds layers, so that it is not config-only');
  if ((kind === 'extend' || kind === 'rebase') && image.layers.length === first)
    refuse('it adds no layer: it is config-only');
  return {
    scope: { registry, repository: image.repository, platform: image.platform },
    team,
    seq: parent === undefined ? 0 : parent.seq + 1,
    kind,
    parent:
      parent === undefined
        ? null
        : {
            manifest: parent.image.digest,
            repository: parent.image.repository,
            layerCount: parent.image.layers.length,
            chainId: parent.image.chainIds.at(-1)!,
          },
    prev: parent?.link ?? null,
    added: image.layers.slice(first).map(({ diffId, digest, size, mediaType, createdBy }, at) => ({
      index: first + at,
      diffId,
      digest,
      size,
      mediaType,
      ...(createdBy === undefined ? {} : { createdBy }),
    })),
    result: {
      config: image.configDigest,
      chainId: image.chainIds.at(-1)!,
      layerCount: image.layers.length,
      runtimeConfig: image.runtimeConfig,
    },
    configDelta: patchBetween(parent?.image.config ?? {}, image.config),
    ...(request.materials === undefined ? {} : { materials: request.materials }),
    ...validFor(request),
  };
}

function usualKind(image: CustodyImage, parent: CustodyImage | undefined): LinkKind {
  if (parent === undefined) return 'origin';
  return image.layers.length === parent.layers.length ? 'config-only' : 'extend';
}

function requireBeginning(
  image: CustodyImage,
  parent: CustodyImage,
  measured: ReadonlyMap<Digest, Digest>,
): void {
  const difference = compareToParent(image, parent, measured, () => {});
  if (difference === undefined) return;
  refuse(
    `layer ${difference.layer} ${difference.what}`,
    'build it on that parent, give the right parent, or say --kind squash if the layers were made anew on purpose',
  );
}

function refuse(what: string, remedy?: string): never {
  throw new WharfingerError('INPUT_INVALID', {
    what: `no layer link can be made: ${what}`,
    remedy: remedy ?? 'give the kind that fits the image and its parent',
  });
}
