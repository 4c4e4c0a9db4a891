/** Who made a signature that verifies. */
export interface SignerFact {
  /** name of the signer in the policy */
  readonly key: string;
  /** SHA-256 of the public key, hex */
  readonly keyId: string;
  /** whose the key is */
  readonly principal: string;
  readonly team?: string;
  /** RFC 3339, by a trusted log or timestamp; absent: nobody can tell */
  readonly signedAt?: string;
  /** of keyless signatures: the subject of the certificate, and who vouched for it */
  readonly identity?: string;
  readonly issuer?: string;
  /** digest of the manifest that carries the signature */
  readonly evidence: string;
}

export interface SignatureFacts {
  /** signatures over this very digest that verify with a key trusted for this repository */
  readonly valid: ReadonlyArray<SignerFact & { readonly format: string }>;
  /** names of the keys that made them: each key once, however many signatures or names it has */
  readonly signers: readonly string[];
  /** whose they are: each principal once, however many keys are his */
  readonly principals: readonly string[];
  /** those that do not count, and why */
  readonly refused: ReadonlyArray<{
    readonly format: string;
    readonly evidence: string;
    readonly reason: string;
  }>;
  /** names of those whose signatures count for this repository; who may only attest or stamp is none of them */
  readonly trustedKeys: readonly string[];
}

/** Statements about this very digest that verify with a signer trusted for this repository and for such statements. */
export interface AttestationFacts {
  /** all of them, those below included */
  readonly valid: ReadonlyArray<SignerFact & { readonly predicateType: string }>;
  /** those that do not count, and why */
  readonly refused: ReadonlyArray<{ readonly evidence: string; readonly reason: string }>;
  readonly provenance: ReadonlyArray<SignerFact & ProvenanceFact>;
  readonly sboms: ReadonlyArray<SignerFact & { readonly format: string; readonly components: number }>;
  readonly vex: ReadonlyArray<SignerFact & VexFact>;
  /** approvals that are in force now, for this registry and repository */
  readonly approvals: ReadonlyArray<SignerFact & ApprovalFact>;
}

/** SLSA provenance, v0.2 or v1. */
export interface ProvenanceFact {
  /** URI of the builder */
  readonly builder: string;
  readonly buildType: string;
  /** URI and digest (`sha1:…`) of the source; absent: it does not name one */
  readonly source?: string;
  readonly sourceDigest?: string;
  /** what went into the build */
  readonly materials: ReadonlyArray<{ readonly uri: string; readonly digest?: string }>;
}

/** One statement about one vulnerability (OpenVEX, CycloneDX VEX). */
export interface VexFact {
  readonly vulnerability: string;
  readonly aliases: readonly string[];
  /** not_affected, affected, fixed or under_investigation */
  readonly status: string;
  readonly justification?: string;
  /** purls of the products or subcomponents meant; empty: the whole image */
  readonly products: readonly string[];
}

/** Somebody approves the image for a stage. */
export interface ApprovalFact {
  readonly stage: string;
  /** in which role; the policy says who may have it */
  readonly role: string;
  readonly ticket?: string;
  /** RFC 3339 */
  readonly notAfter: string;
}

/** What the walk of the chain of custody found (custody/walk-chain.ts). */
export interface CustodyFacts {
  /** name of the layout that it was walked by */
  readonly layout: string;
  /** every layer is attributed, every approval there, nothing is against it */
  readonly complete: boolean;
  /** from the base to the final image */
  readonly stages: ReadonlyArray<{
    readonly name: string;
    readonly team: string;
    readonly key: string;
    readonly principal: string;
    readonly manifest: string;
    readonly repository: string;
    /** digest of the signed link */
    readonly link: string;
    readonly kind: string;
    /** index of its first layer, from 0, and how many there are */
    readonly firstLayer: number;
    readonly layers: number;
    readonly approvedBy: readonly string[];
    /** RFC 3339: the first of its statements expires then */
    readonly notAfter?: string;
  }>;
  /** who answers for each layer */
  readonly layers: ReadonlyArray<{
    readonly index: number;
    readonly digest: string;
    /** absent: nobody */
    readonly team?: string;
  }>;
  readonly problems: ReadonlyArray<{
    readonly code: string;
    /** names layer, team and reason */
    readonly message: string;
    readonly stage?: string;
    readonly team?: string;
    /** index of the layer, from 0; absent where the whole image is meant */
    readonly layer?: number;
  }>;
}
