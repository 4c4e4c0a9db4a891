import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** A manifest as a source handed it out. */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * Where signatures and attestations of an image are looked for: our own catalog, another registry, a layout on disk.
 * A look-up that fails throws; "none" is an answer, a failure never is one.
 */
export interface EvidenceSource {
  /** The manifest that a tag points to now, or that has this digest; undefined: there is none. */
  manifest(reference: string): Promise<FetchedManifest | undefined>;
  /** Everything whose subject is this digest: referrers API, and the fallback tag where that is what there is. */
  referrers(subject: Digest): Promise<readonly Descriptor[]>;
  /** A small blob, whole; undefined: there is none. Throws where it is larger than `limit` bytes. */
  blob(descriptor: Descriptor, limit: number): Promise<Uint8Array | undefined>;
}
