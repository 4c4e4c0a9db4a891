import { isWharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import type { EvidenceSource, FetchedManifest } from './evidence.ts';
import { refuse } from './refusal.ts';

/** The largest manifest or signed document that is read, in bytes. */
export interface SizeLimit {
  readonly bytes: number;
}

/** A manifest that carries evidence, its digest checked. */
export interface Carrier {
  readonly digest: Digest;
  readonly manifest: Manifest;
}

/** What a tag points to; undefined: there is no such tag. Refused if its bytes are not what its digest says. */
export function checkFetched(fetched: FetchedManifest, limits: SizeLimit): Carrier {
  if (fetched.bytes.length > limits.bytes) tooLarge('the manifest', limits);
  if (digestOf(fetched.bytes, digestAlgorithm(fetched.digest)) !== fetched.digest) {
    refuse('the manifest does not have the digest that it is listed under');
  }
  try {
    return { digest: fetched.digest, manifest: parseManifest(fetched.bytes, fetched.mediaType) };
  } catch (error) {
    if (isWharfingerError(error, 'MANIFEST_INVALID')) return refuse(error.message, error);
    throw error;
  }
}

/** Fetches a manifest that a listing of referrers names, and checks that it is that one. */
export async function readReferrer(
  source: EvidenceSource,
  descriptor: Descriptor,
  limits: SizeLimit,
): Promise<Carrier> {
  if (descriptor.size > limits.bytes) tooLarge('the manifest', limits);
  const fetched = await orRefuse(source.manifest(descriptor.digest));
  if (fetched === undefined) return refuse('the manifest is listed, but it is not there');
  if (fetched.bytes.length !== descriptor.size) {
    refuse('the manifest does not have the size that it is listed with');
  }
  return checkFetched({ ...fetched, digest: descriptor.digest }, limits);
}

/** Fetches a small blob whole and checks its size and digest. */
export async function readBlob(
  source: EvidenceSource,
  descriptor: Descriptor,
  limits: SizeLimit,
): Promise<Uint8Array> {
  if (descriptor.size > limits.bytes) tooLarge('the signed document', limits);
  const bytes = await orRefuse(source.blob(descriptor, limits.bytes));
  if (bytes === undefined) return refuse('the signed document is not there');
  if (bytes.length !== descriptor.size) {
    refuse('the signed document does not have the size of its descriptor');
  }
  if (digestOf(bytes, digestAlgorithm(descriptor.digest)) !== descriptor.digest) {
    refuse('the signed document does not have the digest of its descriptor');
  }
  return bytes;
}

function tooLarge(what: string, limits: SizeLimit): never {
  return refuse(`${what} is larger than ${limits.bytes} bytes`);
}

/** A source that checks content itself reports wrong content as an error; it is no failure of the look-up. */
async function orRefuse<T>(looked: Promise<T>): Promise<T> {
  try {
    return await looked;
  } catch (error) {
    if (isWharfingerError(error, 'BLOB_DIGEST_MISMATCH') || isWharfingerError(error, 'SIZE_INVALID')) {
      return refuse(error.message, error);
    }
    throw error;
  }
}
