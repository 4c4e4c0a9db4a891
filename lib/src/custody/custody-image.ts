import { formatPlatform, type Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestOf, isDigest, type Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { refuse } from '../signing/refusal.ts';
import { objectOf, stringOf, type Fields } from '../signing/strict-fields.ts';
import { chainIds } from './chain-id.ts';
import type { JsonObject } from './json-value.ts';
import { custodyLimits } from './limits.ts';
import { runtimeConfigDigest } from './runtime-config.ts';

/** A layer as manifest and config describe it. */
export interface CustodyLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly createdBy?: string;
}

/** What the chain of custody is about: an image of one platform, its digests checked. */
export interface CustodyImage {
  readonly repository: string;
  readonly digest: Digest;
  readonly layers: readonly CustodyLayer[];
  /** one for each layer, lowest first */
  readonly chainIds: readonly Digest[];
  /** os/architecture[/variant], of the config */
  readonly platform: string;
  readonly configDigest: Digest;
  /** `config` of the config: how it runs */
  readonly config: JsonObject;
  readonly runtimeConfig: Digest;
  /** what is odd about it, and no reason to refuse it */
  readonly remarks: readonly string[];
}

/**
 * Puts together what manifest and config say of an image.
 * @param bytes the config document
 * @throws WharfingerError SIGNATURE_INVALID with the reason why no chain can be walked from it
 */
export function readCustodyImage(
  repository: string,
  digest: Digest,
  manifest: ImageManifest,
  bytes: Uint8Array,
): CustodyImage {
  const { config: described, layers } = manifest;
  requireBytes(described, bytes);
  const fields = objectOf(
    parseStrictJson(bytes, (what) => refuse(`its config cannot be read: ${what}`)),
    'its config',
  );
  const os = stringOf(fields['os'], 'os of its config');
  const architecture = stringOf(fields['architecture'], 'architecture of its config');
  const variant = fields['variant'] ?? '';
  const config = objectOf(fields['config'] ?? {}, 'config of its config') as JsonObject;
  const diffIds = diffIdsOf(fields['rootfs']);
  if (diffIds.length !== layers.length) {
    refuse(`it has ${layers.length} layers, but its config names ${diffIds.length}`);
  }
  if (layers.length === 0) refuse('it has no layers that anybody could answer for');
  if (layers.length > custodyLimits.layers) {
    refuse(`it has ${layers.length} layers, more than ${custodyLimits.layers}`);
  }
  const { steps, remark } = historyOf(fields['history'], layers.length);
  return {
    repository,
    digest,
    layers: layers.map((layer, index) => {
      const createdBy = steps[index];
      return {
        digest: layer.digest,
        diffId: diffIds[index]!,
        size: layer.size,
        mediaType: layer.mediaType,
        ...(createdBy === undefined ? {} : { createdBy }),
      };
    }),
    chainIds: chainIds(diffIds),
    platform: formatPlatform({ os, architecture, variant: stringOf(variant, 'variant of its config') }),
    configDigest: described.digest,
    config,
    runtimeConfig:
      runtimeConfigDigest({ os, architecture, config }) ??
      refuse('its config holds a number that no other reader need see alike'),
    remarks: remark === undefined ? [] : [remark],
  };
}

function requireBytes(described: Descriptor, bytes: Uint8Array): void {
  if (bytes.length !== described.size) refuse('its config does not have the size of its descriptor');
  if (digestOf(bytes, digestAlgorithm(described.digest)) !== described.digest) {
    refuse('its config does not have the digest of its descriptor');
  }
}

function diffIdsOf(value: unknown): readonly Digest[] {
  const ids = objectOf(value ?? {}, 'rootfs of its config')['diff_ids'] ?? [];
  if (!Array.isArray(ids) || !ids.every(isDigest))
    return refuse('rootfs.diff_ids of its config are no digests');
  return ids;
}

/** How each layer came about. History is optional, and nothing is decided by it. */
function historyOf(
  value: unknown,
  layers: number,
): { steps: ReadonlyArray<string | undefined>; remark?: string } {
  if (!Array.isArray(value) || value.length === 0) return { steps: [] };
  const made = value.filter((step): step is Fields => isFields(step) && step['empty_layer'] !== true);
  if (made.length !== layers) {
    return { steps: [], remark: `its history tells of ${made.length} layers, it has ${layers}` };
  }
  return {
    steps: made.map(({ created_by: step }) => (typeof step === 'string' && step !== '' ? step : undefined)),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
