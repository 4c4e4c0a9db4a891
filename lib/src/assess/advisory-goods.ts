import { Readable } from 'node:stream';
import { fileOfSet, type FeedKind, type PackedSet } from '../advisories/packed-set.ts';
import { pushBlob } from '../client/blobs.ts';
import type { ContentSource } from '../client/content-source.ts';
import { pushManifest } from '../client/manifests.ts';
import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { Signer } from '../signing/evidence.ts';
import { demandSigners, type CollectionTarget, type CollectionTrust } from './collection-goods.ts';

/**
 * Pushes a packed set of advisories under a tag, which moves from the set before.
 * @param open the file that was packed, anew at each call
 * @throws WharfingerError REMOTE_FAILED
 */
export async function pushSet(
  { session, repository }: CollectionTarget,
  tag: string,
  { manifest, config, layer }: PackedSet,
  open: () => AsyncIterable<Uint8Array>,
): Promise<void> {
  await pushBlob(session, repository, config.descriptor, () => Readable.from([config.bytes]));
  await pushBlob(session, repository, layer, open);
  await pushManifest(session, repository, tag, manifest);
}

/** A set of advisories that lies in a registry, and may be read. */
export interface FoundSet {
  /** of the manifest */
  readonly digest: Digest;
  readonly kind: FeedKind;
  readonly layer: Descriptor;
  readonly signedBy: readonly Signer[];
  /** the file, checked against its digest while it flows */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/**
 * Finds a packed set of advisories. Its signatures are verified before anything else of it is read.
 *
 * @param reference tag or digest
 * @throws WharfingerError MANIFEST_UNKNOWN; SIGNATURE_INVALID: too few have signed it; ADVISORIES_UNREADABLE: it is none; what
 *   the source throws
 */
export async function findSet(
  source: ContentSource,
  reference: string,
  trust: CollectionTrust,
  now: Date,
): Promise<FoundSet> {
  const fetched = await source.manifest(reference);
  if (fetched === undefined)
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${source.name} has no ${reference}` });
  const { digest, bytes, mediaType } = fetched;
  const signedBy = await demandSigners(source, { digest, mediaType, size: bytes.length }, trust, now);
  const { kind, layer } = fileOfSet(parseManifest(bytes, mediaType));
  return { digest, kind, layer, signedBy, open: () => source.open(layer) };
}
