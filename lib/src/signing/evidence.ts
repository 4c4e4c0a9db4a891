import type { Digest } from '../oci/digest.ts';
import type { KeyAlgorithm } from './keys.ts';

export type { EvidenceSource, FetchedManifest } from '../oci/evidence-source.ts';

/**
 * What somebody's signature may be for. Who releases does not stamp with the same key: cosign takes any statement for a
 * signature, so that a stamp of a release key would release.
 *
 * `release` signatures of images, channels; `attest` provenance, SBOM, VEX and the like; `stamp` layer links, approvals,
 * assemblies; `intake` verification summaries; `probe` what probes found
 */
export type SignerPurpose = 'release' | 'attest' | 'stamp' | 'intake' | 'probe';

export const signerPurposes: readonly SignerPurpose[] = ['release', 'attest', 'stamp', 'intake', 'probe'];

/** What a signer is for where the policy does not say. */
export const usualPurposes: readonly SignerPurpose[] = ['release', 'attest'];

/** What policy says of somebody whose signatures count. */
interface SignerRecord {
  /** how people call it; shown in verdicts; unique in its policy */
  readonly name: string;
  /** person, team or robot whose it is: who counts k of n counts these too. Absent: the name */
  readonly principal?: string;
  readonly team?: string;
  /** absent: release and attest; none at all: known by name, and what it signs counts for nothing */
  readonly purposes?: readonly SignerPurpose[];
  /** RFC 3339: nothing signed before counts; where no trusted time tells when it was signed, now decides */
  readonly validFrom?: string;
  /** RFC 3339: nothing signed at or after this time counts */
  readonly validTo?: string;
}

/** A key that counts. */
export interface TrustedKey extends SignerRecord {
  /** PEM, SubjectPublicKeyInfo */
  readonly pem: string;
  /** pins the kind of key; absent: whatever the key is */
  readonly algorithm?: KeyAlgorithm;
}

/** Somebody whom a certificate authority of Sigstore's kind (Fulcio) vouches for. */
export interface TrustedIdentity extends SignerRecord {
  readonly keyless: {
    /** of the identity token: https://token.actions.githubusercontent.com */
    readonly issuer: TextMatch;
    /** subject alternative name of the certificate: an e-mail address or URI */
    readonly subject: TextMatch;
    /** name of the trusted root, in the trust set */
    readonly root: string;
  };
}

/** Somebody whom a certificate of the Notary Project's kind names. */
export interface TrustedCertificates extends SignerRecord {
  readonly notation: {
    /** names in the trust set: `ca:acme`, `signingAuthority:acme`, `tsa:acme` */
    readonly trustStores: readonly string[];
    /** `x509.subject: C=…, O=…`, or `*` alone, as in trustpolicy.json */
    readonly trustedIdentities: readonly string[];
    /** as in trustpolicy.json, but that nobody counts whom no trust store knows; absent: strict */
    readonly level?: 'strict' | 'permissive' | 'audit';
    /** as in trustpolicy.json: what single checks do, other than the level has it */
    readonly override?: {
      readonly authenticTimestamp?: 'enforce' | 'log';
      readonly expiry?: 'enforce' | 'log';
      readonly revocation?: 'enforce' | 'log' | 'skip';
    };
    /** as in trustpolicy.json: when a timestamp is asked for, where a trust store of type tsa is named; absent: always */
    readonly verifyTimestamp?: 'always' | 'afterCertExpiry';
  };
}

export type TrustedSigner = TrustedKey | TrustedIdentity | TrustedCertificates;

/** True if what somebody signs counts as that. */
export function isTrustedFor({ purposes = usualPurposes }: TrustedSigner, purpose: SignerPurpose): boolean {
  return purposes.includes(purpose);
}

/** Compared exactly, or by a regular expression (RE2) that must match the whole text. */
export type TextMatch = { readonly exact: string } | { readonly pattern: string };

/** Everything that decides whether a signature of an image of one repository counts. */
export interface TrustSet {
  readonly signers: readonly TrustedSigner[];
  /** formats that count; there is no falling back from one to another */
  readonly formats: readonly SignatureFormat[];
  /** Sigstore trusted roots by name: trusted_root.json, as text */
  readonly sigstoreRoots: Readonly<Record<string, string>>;
  /** Notation trust stores by `type:name`: PEM certificates */
  readonly trustStores: Readonly<Record<string, string>>;
  /** certificate revocation lists: PEM `X509 CRL` */
  readonly certificateRevocations: readonly string[];
  /** signers that do not count any more */
  readonly revocations: readonly Revocation[];
}

/** Takes the trust from a key, certificate or identity. */
export interface Revocation {
  /** key id (SHA-256 of the SubjectPublicKeyInfo, hex) of a key or of a certificate's key */
  readonly keyId: string;
  /** RFC 3339: what is known, by a trusted time, to be signed before still counts; absent: nothing does */
  readonly compromisedSince?: string;
  /** RFC 3339: when it was revoked */
  readonly revokedAt: string;
  readonly reason: string;
}

/** What was found when signatures of one digest were verified. */
export interface SignatureReport {
  readonly valid: readonly ValidSignature[];
  /** what looked like a signature and does not count, and why */
  readonly refused: readonly RefusedSignature[];
}

/** What was found when all evidence of one digest was verified. */
export interface EvidenceReport extends SignatureReport {
  /** attestations that verify, by signers of whatever purpose; who reads one looks at the purposes */
  readonly statements: readonly VerifiedStatement[];
  /** attestations that do not count, and why */
  readonly refusedStatements: readonly RefusedSignature[];
  /** RFC 3339: time alone may change the report then; absent: it does not */
  readonly validUntil?: string;
}

/** Who made a signature that verifies. */
export interface Signer {
  /** name in the policy */
  readonly key: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex: who counts signers counts these, for one key may have two names */
  readonly keyId: string;
  readonly principal: string;
  readonly team?: string;
  readonly purposes: readonly SignerPurpose[];
  /** RFC 3339: when it was signed, where a log or a timestamp authority that is trusted says so */
  readonly signedAt?: string;
  /** of signatures by certificate: whom it names, and who vouches for that */
  readonly identity?: { readonly issuer: string; readonly subject: string };
  /** what failed, and by the level of its trust policy is only to be told */
  readonly warnings?: readonly string[];
}

export interface ValidSignature extends Signer {
  readonly format: SignatureFormat;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
}

export interface RefusedSignature {
  readonly format: SignatureFormat | 'unknown';
  readonly evidence: Digest;
  readonly reason: string;
  /** a key that the policy names signed it, and it was revoked; absent: something else is against it */
  readonly code?: 'revoked';
  /** of a statement that a key of the policy did sign; absent: nobody can tell what it really is */
  readonly predicateType?: string;
}

/** An attestation whose signature verifies. */
export interface VerifiedStatement {
  readonly signer: Signer;
  readonly format: SignatureFormat;
  readonly subject: Digest;
  readonly predicateType: string;
  readonly predicate: unknown;
  /** of the signed payload, byte for byte: what other statements cite it by */
  readonly payloadDigest: Digest;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
}

/**
 * cosign 2's simple signing under a `.sig` tag (attestations: `.att`) or as a referrer; cosign 3's Sigstore bundle as a
 * referrer; the Notary Project's signature as a referrer.
 */
export type SignatureFormat = 'cosign-v2' | 'cosign-v3' | 'notation';

export const signatureFormats: readonly SignatureFormat[] = ['cosign-v2', 'cosign-v3', 'notation'];
