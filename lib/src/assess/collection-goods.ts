import { Readable } from 'node:stream';
import { pushBlob } from '../client/blobs.ts';
import { headManifest, pushManifest } from '../client/manifests.ts';
import type { RegistrySession } from '../client/registry-session.ts';
import { WharfingerError } from '../errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { EvidenceSource } from '../oci/evidence-source.ts';
import { parseManifest } from '../oci/manifest.ts';
import { fileOfPacked, readPacked, type PackedCollection } from '../routines/goods.ts';
import type { Collection } from '../routines/routine.ts';
import type { Signer, TrustedKey } from '../signing/evidence.ts';
import { trustOfKeys } from '../signing/trusted-signers.ts';
import { verifyEvidence } from '../signing/verify-evidence.ts';

/** Where a collection is pushed to. */
export interface CollectionTarget {
  readonly session: RegistrySession;
  readonly repository: string;
}

/**
 * Pushes a packed collection under its version as the tag. A version that is there already stays what it is.
 *
 * @returns whether it was new there
 * @throws WharfingerError COLLECTION_EXISTS: the version is there with other content; REMOTE_FAILED
 */
export async function pushCollection(
  { session, repository }: CollectionTarget,
  packed: PackedCollection,
): Promise<{ readonly isNew: boolean }> {
  const { name, version, manifest } = packed;
  const there = await headManifest(session, repository, version);
  if (there?.digest === manifest.digest) return { isNew: false };
  if (there !== undefined)
    throw new WharfingerError('COLLECTION_EXISTS', {
      what: `${session.registry}/${repository}:${version} is ${there.digest}, and ${name} ${version} here is ${manifest.digest}`,
    });
  for (const { descriptor, bytes } of packed.blobs)
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  await pushManifest(session, repository, version, manifest);
  return { isNew: true };
}

/** Whose signatures a collection, or other goods, must have before anything of it is read. */
export interface CollectionTrust {
  readonly keys: readonly TrustedKey[];
  /** how many different principals with different keys must have signed; 0: nobody needs to */
  readonly needed: number;
}

/** A collection that was pulled. */
export interface PulledCollection {
  readonly collection: Collection;
  /** of the manifest: what to pin it by */
  readonly digest: Digest;
  readonly signedBy: readonly Signer[];
}

/**
 * Pulls a collection: its signatures are verified before anything else of it is read, then its digest, its form and its tests. One that
 * is asked for by a version must be of that version, so that no old one is served for a new one.
 *
 * @param reference tag or digest
 * @throws WharfingerError MANIFEST_UNKNOWN; SIGNATURE_INVALID: too few have signed it; ROUTINE_INVALID; what the source throws
 */
export async function pullCollection(
  source: EvidenceSource,
  reference: string,
  trust: CollectionTrust,
  now: Date,
): Promise<PulledCollection> {
  const fetched = await source.manifest(reference);
  if (fetched === undefined)
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `there is no ${reference}` });
  const { digest, bytes, mediaType } = fetched;
  const signedBy = await demandSigners(source, { digest, mediaType, size: bytes.length }, trust, now);
  const manifest = parseManifest(bytes, mediaType);
  const file = fileOfPacked(manifest);
  const text = await source.blob(file, file.size);
  if (text === undefined)
    throw new WharfingerError('BLOB_UNKNOWN', {
      what: `the file of the collection is missing: ${file.digest}`,
    });
  const collection = readPacked(manifest, text);
  if (!isDigest(reference) && reference !== collection.version && /^\d/.test(reference))
    throw new WharfingerError('ROUTINE_INVALID', {
      what: `${reference} was asked for, and the collection is ${collection.name} ${collection.version}`,
      remedy: 'the registry is damaged or does not tell the truth',
    });
  return { collection, digest, signedBy };
}

/**
 * Who has signed a manifest, each principal once.
 * @throws WharfingerError SIGNATURE_INVALID: too few; what the source throws
 */
export async function demandSigners(
  source: EvidenceSource,
  subject: { readonly digest: Digest; readonly mediaType: string; readonly size: number },
  { keys, needed }: CollectionTrust,
  now: Date,
): Promise<readonly Signer[]> {
  if (keys.length === 0 && needed === 0) return [];
  const { valid, refused } = await verifyEvidence(subject, source, trustOfKeys(keys), now);
  // one signature per key, and one per principal
  const byKey = [...Map.groupBy(valid, ({ keyId }) => keyId).values()].map((same) => same[0]!);
  const signers = [...Map.groupBy(byKey, ({ principal }) => principal).values()].map((same) => same[0]!);
  if (signers.length >= needed) return signers;
  const who =
    signers.length === 0 ? 'none of the keys' : signers.map(({ principal }) => principal).join(', ');
  const reasons = [...new Set(refused.map(({ reason }) => reason))].slice(0, 5);
  throw new WharfingerError('SIGNATURE_INVALID', {
    what: [`signed by ${who}, and ${needed} must have signed`, ...reasons].join('; '),
    remedy: 'have it signed (wharf routine sign), or give the keys of those who did',
  });
}
