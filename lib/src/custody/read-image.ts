import { isWharfingerError } from '../errors.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { refuse } from '../signing/refusal.ts';
import type { ChainSource } from './chain-source.ts';
import { readCustodyImage, type CustodyImage } from './custody-image.ts';
import { custodyLimits } from './limits.ts';

/** Where an image lies. */
export interface Place {
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Fetches a manifest by its digest and parses it strictly.
 * @returns undefined: there is none
 * @throws WharfingerError SIGNATURE_INVALID with the reason why it cannot be read; whatever the source throws where the look-up fails
 */
export async function fetchManifest(
  source: ChainSource,
  { repository, digest }: Place,
): Promise<Manifest | undefined> {
  const fetched = await orRefuse(source.manifest(repository, digest));
  if (fetched === undefined) return undefined;
  const { bytes, mediaType } = fetched;
  if (bytes.length > custodyLimits.bytes) refuse(`its manifest is larger than ${custodyLimits.bytes} bytes`);
  if (digestOf(bytes, digestAlgorithm(digest)) !== digest) refuse('its manifest does not have its digest');
  return orRefuse(async () => parseManifest(bytes, mediaType));
}

/**
 * Reads an image of one platform with its config.
 * @returns undefined: it is not there
 * @throws WharfingerError as `fetchManifest`; for an index too
 */
export async function fetchImage(source: ChainSource, place: Place): Promise<CustodyImage | undefined> {
  const manifest = await fetchManifest(source, place);
  if (manifest === undefined) return undefined;
  if (manifest.kind === 'index') return refuse('it is an index, not the image of one platform');
  if (manifest.config.size > custodyLimits.bytes)
    refuse(`its config is larger than ${custodyLimits.bytes} bytes`);
  const bytes = await orRefuse(source.config(place.repository, manifest.config));
  if (bytes === undefined) return refuse('its config is not there');
  return readCustodyImage(place.repository, place.digest, manifest, bytes);
}

/** Wrong content is a finding, whoever noticed it; everything else that goes wrong is a look-up that failed. */
async function orRefuse<T>(looked: Promise<T> | (() => Promise<T>)): Promise<T> {
  try {
    return await (typeof looked === 'function' ? looked() : looked);
  } catch (error) {
    for (const code of ['MANIFEST_INVALID', 'BLOB_DIGEST_MISMATCH', 'SIZE_INVALID'] as const) {
      if (isWharfingerError(error, code)) return refuse(error.message, error);
    }
    throw error;
  }
}
