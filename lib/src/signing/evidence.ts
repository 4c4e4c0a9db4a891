import type { Digest } from '../oci/digest.ts';

export type { EvidenceSource, FetchedManifest } from '../oci/evidence-source.ts';

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
  /** SHA-256 of its SubjectPublicKeyInfo, hex: who counts signers counts these, for one key may have two names */
  readonly keyId: string;
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
