import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * Where signatures and attestations of an image are looked for: our own catalog, another registry, a layout on disk.
 * A look-up that fails throws; "none" is an answer, a failure never is one.
 */
export interface EvidenceSource {
  /** The manifest that a tag points to now, or that has this digest; undefined: there is none. */
  manifest(
    reference: string,
  ): Promise<{ readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array } | undefined>;
  /** Everything whose subject is this digest: referrers API, and the fallback tag where that is what there is. */
  referrers(subject: Digest): Promise<readonly Descriptor[]>;
  /** A small blob, whole; undefined: there is none. Throws where it is larger than `limit` bytes. */
  blob(descriptor: Descriptor, limit: number): Promise<Uint8Array | undefined>;
}

/** A key that counts, for the repositories that its policy names. */
export interface TrustedKey {
  /** how people call it; shown in verdicts */
  readonly name: string;
  /** PEM, SubjectPublicKeyInfo */
  readonly pem: string;
}

/** What was found when signatures of one digest were verified. */
export interface SignatureReport {
  readonly valid: readonly ValidSignature[];
  /** what looked like a signature and does not count, and why */
  readonly refused: readonly RefusedSignature[];
}

export interface ValidSignature {
  readonly format: SignatureFormat;
  /** name of the trusted key */
  readonly key: string;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
}

export interface RefusedSignature {
  readonly format: SignatureFormat | 'unknown';
  readonly evidence: Digest;
  readonly reason: string;
}

/** cosign 2's simple signing under a `.sig` tag or as a referrer; cosign 3's Sigstore bundle as a referrer. */
export type SignatureFormat = 'cosign-v2' | 'cosign-v3';
