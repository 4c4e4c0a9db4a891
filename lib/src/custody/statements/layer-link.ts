import type { Digest } from '../../oci/digest.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, onlyKeys, stringOf } from '../../signing/strict-fields.ts';
import { canonicalText, type JsonValue } from '../json-value.ts';
import type { PatchStep } from '../json-patch.ts';
import { linkKinds, type LinkKind } from '../layout.ts';
import { custodyLimits } from '../limits.ts';
import {
  absent,
  countOf,
  digestField,
  listOf,
  optionalText,
  predicateFields,
  textOf,
  validityOf,
  type Validity,
} from './fields.ts';
import { readScope, type StatementScope } from './scope.ts';

/** A layer that a team added. */
export interface AddedLayer {
  /** in the image, from 0 */
  readonly index: number;
  /** of the uncompressed bytes: survives another compression */
  readonly diffId: Digest;
  /** of the bytes as they are transferred */
  readonly digest: Digest;
  /** bytes as transferred */
  readonly size: number;
  readonly mediaType: string;
  readonly createdBy?: string;
}

/** The image that a team built on. */
export interface ParentImage {
  readonly manifest: Digest;
  readonly repository: string;
  readonly layerCount: number;
  readonly chainId: Digest;
}

/**
 * Predicate of a layer link: a team says which layers and which changes of the configuration it put on top of which image.
 * Its subject is the manifest of the image of one platform.
 */
export interface LayerLink extends Validity {
  readonly scope: StatementScope;
  readonly team: string;
  /** how many links there are below */
  readonly seq: number;
  readonly kind: LinkKind;
  /** null for origin and import alone */
  readonly parent: ParentImage | null;
  /** digest of the signed payload of the parent's link; null where there is no parent */
  readonly prev: Digest | null;
  readonly added: readonly AddedLayer[];
  readonly result: {
    readonly config: Digest;
    readonly chainId: Digest;
    readonly layerCount: number;
    /** see runtimeConfigDigest */
    readonly runtimeConfig: Digest;
  };
  /** from the parent's runtime configuration, `config` of the image configuration, to this one's (RFC 6902) */
  readonly configDelta: readonly PatchStep[];
  /** whatever else went in: in-toto resource descriptors. Nothing is decided by them */
  readonly materials?: readonly JsonValue[];
}

/**
 * Reads the predicate of a layer link, strictly: it has no other fields than these.
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function readLayerLink(predicate: unknown): LayerLink {
  const fields = predicateFields(predicate, 'layer link');
  onlyKeys(
    fields,
    [
      'scope',
      'team',
      'seq',
      'kind',
      'parent',
      'prev',
      'added',
      'result',
      'configDelta',
      'materials',
      'notBefore',
      'notAfter',
    ],
    'the layer link',
  );
  const parent = absent(fields['parent']) ? null : readParent(fields['parent']);
  const prev = absent(fields['prev']) ? null : digestField(fields['prev'], 'prev');
  const kind =
    linkKinds.find((known) => known === fields['kind']) ?? refuse('kind is not one of a layer link');
  const alone = kind === 'origin' || kind === 'import';
  if (alone !== (parent === null)) refuse(`a link of kind ${kind} ${alone ? 'has no' : 'needs a'} parent`);
  if (alone !== (prev === null)) refuse(`a link of kind ${kind} ${alone ? 'has no' : 'needs a'} prev`);
  const link: LayerLink = {
    scope: readScope(fields['scope']),
    team: textOf(fields['team'], 'team'),
    seq: countOf(fields['seq'], 'seq'),
    kind,
    parent,
    prev,
    added: listOf(fields['added'], 'added', custodyLimits.layers, readAdded),
    result: readResult(fields['result']),
    configDelta: listOf(fields['configDelta'], 'configDelta', custodyLimits.items, readStep),
    ...(absent(fields['materials'])
      ? {}
      : {
          materials: listOf(
            fields['materials'],
            'materials',
            custodyLimits.items,
            (item) => item as JsonValue,
          ),
        }),
    ...validityOf(fields),
  };
  // links are told apart by this form
  if (canonicalText(link as unknown as JsonValue) === undefined) {
    refuse('the layer link holds a number that no other reader need see alike');
  }
  return link;
}

function readParent(value: unknown): ParentImage {
  const fields = objectOf(value, 'parent');
  onlyKeys(fields, ['manifest', 'repository', 'layerCount', 'chainId'], 'parent');
  return {
    manifest: digestField(fields['manifest'], 'parent.manifest'),
    repository: textOf(fields['repository'], 'parent.repository'),
    layerCount: countOf(fields['layerCount'], 'parent.layerCount'),
    chainId: digestField(fields['chainId'], 'parent.chainId'),
  };
}

function readAdded(value: unknown, where: string): AddedLayer {
  const fields = objectOf(value, where);
  onlyKeys(fields, ['index', 'diffId', 'digest', 'size', 'mediaType', 'createdBy'], where);
  const createdBy = fields['createdBy'] === '' ? undefined : fields['createdBy'];
  return {
    index: countOf(fields['index'], `${where}.index`),
    diffId: digestField(fields['diffId'], `${where}.diffId`),
    digest: digestField(fields['digest'], `${where}.digest`),
    size: countOf(fields['size'], `${where}.size`),
    mediaType: textOf(fields['mediaType'], `${where}.mediaType`),
    ...(absent(createdBy) ? {} : { createdBy: stringOf(createdBy, `${where}.createdBy`) }),
  };
}

function readResult(value: unknown): LayerLink['result'] {
  const fields = objectOf(value, 'result');
  onlyKeys(fields, ['config', 'chainId', 'layerCount', 'runtimeConfig'], 'result');
  return {
    config: digestField(fields['config'], 'result.config'),
    chainId: digestField(fields['chainId'], 'result.chainId'),
    layerCount: countOf(fields['layerCount'], 'result.layerCount'),
    runtimeConfig: digestField(fields['runtimeConfig'], 'result.runtimeConfig'),
  };
}

function readStep(value: unknown, where: string): PatchStep {
  const fields = objectOf(value, where);
  const path = stringOf(fields['path'], `${where}.path`);
  const { op } = fields;
  if (op === 'remove') {
    onlyKeys(fields, ['op', 'path'], where);
    return { op, path };
  }
  if (op !== 'add' && op !== 'replace') {
    return refuse(
      `${where}.op is ${optionalText(op, `${where}.op`) ?? 'missing'}, not add, replace or remove`,
    );
  }
  onlyKeys(fields, ['op', 'path', 'value'], where);
  if (fields['value'] === undefined) refuse(`${where} has no value`);
  return { op, path, value: fields['value'] as JsonValue };
}
