import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource, SignatureFormat, Signer, TrustedSigner, TrustSet } from './evidence.ts';
import type { KeyAlgorithm, PublicKey } from './keys.ts';
import type { SigstoreVerifier } from './sigstore-verifier.ts';

/** How much is looked at for one image. */
export interface EvidenceLimits {
  /** manifests that could carry evidence, and signed documents in them */
  readonly count: number;
  /** bytes of one manifest or signed document */
  readonly bytes: number;
  /** bytes of all manifests, and of all signed documents */
  readonly total: number;
  /** attempts to find out who signed what does not say it */
  readonly checks: number;
}

/** The image whose evidence is verified; its type and size where they are known. */
export interface EvidenceSubject {
  readonly digest: Digest;
  readonly mediaType?: string;
  readonly size?: number;
}

/** A key of the policy, parsed, with all records that name it: one key may have several names. */
export interface KnownKey extends PublicKey {
  readonly records: readonly TrustedSigner[];
}

/** What verifiers of every format are given. */
export interface VerifyContext {
  readonly image: EvidenceSubject;
  readonly source: EvidenceSource;
  readonly trust: TrustSet;
  /** the keys of the trust set */
  readonly keys: readonly KnownKey[];
  readonly now: Date;
  readonly limits: EvidenceLimits;
  /** certificates, logs and timestamps of Sigstore's kind */
  readonly sigstore: SigstoreVerifier;
  /** To be called where `now` decided: the outcome may be another at that time, if that is yet to come. */
  changesAt(time: Date): void;
  /**
   * To be called before so many keys are tried on something that does not name its own.
   * @throws WharfingerError SIGNATURE_INVALID where that goes beyond the limit
   */
  spendChecks(count: number): void;
}

/** How a signed document is wrapped. */
export type PieceKind = 'simple-signing' | 'envelope' | 'bundle' | 'notation';

/** One signed document: a layer of a manifest that carries evidence. */
export interface Piece {
  readonly kind: PieceKind;
  readonly format: SignatureFormat;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
  /** of that manifest */
  readonly annotations: Readonly<Record<string, string>>;
  readonly layer: Descriptor;
}

/** Whose signature it is, as cryptography has it. Whether it counts is for `admitSigner` to say. */
export interface FoundSigner {
  /** the records of the policy that name the signer; at least one */
  readonly records: readonly TrustedSigner[];
  /** SHA-256 of the SubjectPublicKeyInfo, hex; of a certificate, that of its key */
  readonly keyId: string;
  readonly algorithm?: KeyAlgorithm;
  /** key ids of the certificates that vouch for this one: revoked with any of them */
  readonly vouchedBy?: readonly string[];
  /** the earliest time at which a log or timestamp authority that is trusted has seen the signature */
  readonly signedAt?: Date;
  readonly identity?: Signer['identity'];
  readonly warnings?: Signer['warnings'];
}

/** What a signed document says, its signature verified. */
export interface VerifiedPiece {
  readonly signer: FoundSigner;
  /** the image that it is about */
  readonly subject: Digest;
  /** absent: nothing but that this is the image */
  readonly statement?: {
    readonly predicateType: string;
    readonly predicate: unknown;
    /** of the signed payload */
    readonly payloadDigest: Digest;
  };
}

/**
 * Verifies a signed document of one kind.
 * @throws WharfingerError SIGNATURE_INVALID (by `refuse`) with the reason why it does not count; whatever the source throws
 */
export type PieceVerifier = (piece: Piece, context: VerifyContext) => Promise<VerifiedPiece>;
