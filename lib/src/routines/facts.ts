/**
 * What is established about an image, as plain data. This room takes facts and does not care who made them; a routine
 * reads them under the names of the fields below. A fact that is not known yet is absent, never an empty list.
 */
export interface Facts {
  readonly image: ImageFacts;
  /** absent: not inspected yet */
  readonly inventory?: InventoryFacts;
  /** absent: not matched yet */
  readonly findings?: readonly FindingFact[];
  /** absent: not matched yet */
  readonly advisories?: AdvisoryFacts;
  /** absent: signatures were not looked for, or the look-up failed */
  readonly signatures?: SignatureFacts;
  /** absent: attestations were not looked for, or the look-up failed */
  readonly attestations?: AttestationFacts;
  /** absent: no custody layout is in force for the repository, or the chain was not walked yet */
  readonly custody?: CustodyFacts;
  /** by name, those that are bound to the repository and were run; absent: none of them was */
  readonly probes?: Readonly<Record<string, ProbeFact>>;
  /** by name, those that are bound to the repository; absent: none is, or it is judged away from the registry that asks them */
  readonly scanners?: Readonly<Record<string, ScannerFact>>;
  /** absent: it is judged outside of a registry, by rules that say nothing of its repository */
  readonly repository?: RepositoryFacts;
  /** absent: nobody holds it by hand */
  readonly held?: { readonly by: string; readonly at: string; readonly reason: string };
}

/**
 * What the bytes can be, whatever their media types claim:
 * `image` at least one layer is a file system; `index` points to other manifests; `signature`, `attestation`, `sbom`
 * JSON documents of those formats; `chart` a Helm chart; `artifact` anything else.
 */
export const subjectKinds = [
  'image',
  'index',
  'signature',
  'attestation',
  'sbom',
  'chart',
  'artifact',
] as const;

export type SubjectKind = (typeof subjectKinds)[number];

export interface ImageFacts {
  readonly digest: string;
  readonly repository: string;
  /** absent: layers were not looked into yet */
  readonly kind?: SubjectKind;
  readonly mediaType: string;
  /** manifest, config and layers together, bytes as transferred */
  readonly size: number;
  /** digests of parts that are not in the repository */
  readonly missing: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** absent for what has no image config */
  readonly config?: ConfigFacts;
  /** base image as its builder named it: a hint, not evidence */
  readonly base: { readonly name?: string; readonly digest?: string };
  readonly layers: ReadonlyArray<{
    readonly digest: string;
    readonly size: number;
    readonly createdBy?: string;
  }>;
  readonly platform?: string;
}

export interface ConfigFacts {
  /** RFC 3339 */
  readonly created?: string;
  /** as in the config; empty means root */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  /** paths that it declares as volumes, in order */
  readonly volumes: readonly string[];
  /** `8080/tcp`, as the config writes them, in order */
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface InventoryFacts {
  readonly complete: boolean;
  readonly distribution?: { readonly id: string; readonly version?: string; readonly ecosystem?: string };
  readonly packages: ReadonlyArray<{
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly layer: number;
    readonly licence?: string;
    /** an SPDX expression; absent: its licence is not known, or not all of it */
    readonly spdx?: string;
  }>;
  /** under what they are, each licence once */
  readonly licences: readonly LicenceFact[];
  readonly problems: ReadonlyArray<{
    readonly code: string;
    readonly message: string;
    readonly path?: string;
    /** index of the layer, from 0; absent where the whole image is meant */
    readonly layer?: number;
    readonly hides: boolean;
  }>;
  /** absent: it has no file system */
  readonly contamination?: ContaminationFacts;
  /** absent: it has no file system, or its files were too many to be followed */
  readonly executables?: ExecutablesFacts;
  /** absent: it has no file system */
  readonly secrets?: SecretsFacts;
  /** absent: it has no file system */
  readonly baked?: BakedFacts;
  /** absent: it has no file system */
  readonly accounts?: AccountsFacts;
}

/** Who can log in wherever the image runs, by what lies in it. */
export interface AccountsFacts {
  /** false: there is something that could not be read */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind, whether they are listed or not */
  readonly counts: {
    /** accounts that let in without a password */
    readonly passwordless: number;
    /** accounts whose password hash is in the image */
    readonly password: number;
    /** accounts besides root with all of its rights */
    readonly administrator: number;
    /** accounts that let in by a key of SSH */
    readonly key: number;
  };
  /** the first of each kind */
  readonly found: ReadonlyArray<{
    /** passwordless, password, administrator or key */
    readonly kind: string;
    readonly account: string;
    /** the file that says so */
    readonly path: string;
    /** index of the layer since which it is so, from 0 */
    readonly layer: number;
    readonly detail?: string;
  }>;
}

/** What an image holds besides code. */
export interface BakedFacts {
  /** false: its files could not all be looked at */
  readonly complete: boolean;
  /** how many places there are of each kind, whether they are listed or not */
  readonly counts: {
    readonly data: number;
    readonly configuration: number;
    readonly cache: number;
    readonly history: number;
  };
  /** the first of each kind */
  readonly places: ReadonlyArray<{
    /** which sort it is, such as sqlite-database */
    readonly id: string;
    /** data, configuration, cache or history */
    readonly kind: string;
    readonly what: string;
    readonly remedy: string;
    /** a file, or a folder with a slash at its end */
    readonly path: string;
    /** index of the layer of its first file, from 0 */
    readonly layer: number;
    readonly files: number;
    readonly bytes: number;
  }>;
}

/** Secrets in the layers and the configuration of an image, none of which is told. */
export interface SecretsFacts {
  /** false: there is something that was not looked at */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are, at least, whether they are listed or not */
  readonly counts: {
    readonly possible: number;
    readonly low: number;
    readonly medium: number;
    readonly high: number;
    readonly critical: number;
  };
  /** the first ones, the worst before the others */
  readonly found: ReadonlyArray<{
    /** what kind it is, such as aws-secret-access-key */
    readonly rule: string;
    /** possible, low, medium, high or critical */
    readonly severity: string;
    /** file, environment, label, history or command */
    readonly where: string;
    /** of the file; else the name of the variable or label, or the step of the history */
    readonly path: string;
    /** index of the layer that holds it, from 0; absent: the configuration does */
    readonly layer?: number;
    /** a later layer took the file away, which helps nothing */
    readonly deleted?: boolean;
    readonly line?: number;
    /** by what it was recognised, never the secret */
    readonly excerpt: string;
    /** the same for the same secret; absent for passwords */
    readonly fingerprint?: string;
  }>;
}

/** Under what packages of an image are. */
export interface LicenceFact {
  /** an SPDX expression; absent: it is not known, or not all of it */
  readonly spdx?: string;
  /** what it was told from: record, copyright, text or nothing */
  readonly from: string;
  /** what of it is not known, in the words of its record */
  readonly unknown: readonly string[];
  /** the ways to keep to it, of which one is enough */
  readonly choices: ReadonlyArray<{
    /** which hold together: SPDX identifiers, `… WITH …` for those with an exception, and what is unknown in its own words */
    readonly licences: readonly string[];
    /** the same without their exceptions */
    readonly without: readonly string[];
    /**
     * of which kinds they are, each once: public-domain, permissive, weak-copyleft, strong-copyleft, network-copyleft,
     * source-available, non-commercial, proprietary or unknown
     */
    readonly categories: readonly string[];
    /**
     * what they ask: notice, advertising, source, source-of-files, source-when-served, same-licence, patents, no-commercial-use,
     * no-changes, no-competing-service, agreement
     */
    readonly obligations: readonly string[];
  }>;
  /** the distribution brought them */
  readonly system: boolean;
  /** `type name version` of those under it */
  readonly packages: readonly string[];
}

/** How the files of an image differ from what its packages recorded when they were installed. */
export interface ContaminationFacts {
  /** false: something could not be compared */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind, whether they are listed or not */
  readonly counts: {
    readonly modified: number;
    readonly configuration: number;
    readonly accounts: number;
    readonly missing: number;
    readonly missingDocumentation: number;
    readonly recordRewritten: number;
    readonly unowned: number;
    readonly addedExecutable: number;
    readonly changedExecutable: number;
    readonly setuid: number;
    readonly capability: number;
    readonly unchecked: number;
  };
  /** the first of each kind */
  readonly files: ReadonlyArray<{
    /** modified, configuration, missing, missing-documentation, record-rewritten, unowned, added-executable, changed-executable, setuid, capability or unchecked */
    readonly kind: string;
    readonly path: string;
    /** index of the layer that did it, from 0 */
    readonly layer: number;
    /** name of the package that has it; absent: none */
    readonly package?: string;
    readonly recorded?: string;
    readonly found?: string;
    readonly detail?: string;
  }>;
  /** types of its packages that record nothing of their files */
  readonly unrecorded: readonly string[];
}

/** The programs and libraries of an image. */
export interface ExecutablesFacts {
  readonly all: number;
  /** those that no package of the distribution brought as they are */
  readonly foreign: number;
  /** the first of the foreign ones */
  readonly files: ReadonlyArray<{
    readonly path: string;
    readonly layer: number;
    /** program, library or object */
    readonly type: string;
    readonly machine: string;
    readonly buildId?: string;
    /** absent: it is linked statically, or is no program */
    readonly interpreter?: string;
    /** absent: the names could not be read */
    readonly needed?: readonly string[];
    readonly rpath?: string;
    readonly runpath?: string;
    /** absent: nobody can tell, as in those below */
    readonly symbols?: boolean;
    readonly pie?: boolean;
    /** none, partial or full */
    readonly relro: string;
    readonly nx: boolean;
    readonly stackProtector?: boolean;
    readonly fortified?: boolean;
    /** go or rust */
    readonly language?: string;
    /** upx, or unknown */
    readonly packer?: string;
    readonly broken?: boolean;
  }>;
}

/** What the advisories say anything about. */
export interface AdvisoryFacts {
  /** ecosystems of packages of the image that no advisory known here is about, in order: nothing was looked for there */
  readonly uncovered: readonly string[];
  /**
   * how old what is known is: for each ecosystem of the image, and for `KEV` and `EPSS` where they are known, in order; what is
   * missing was never fetched
   */
  readonly ages: ReadonlyArray<{
    readonly of: string;
    /** RFC 3339: when it was last fetched whole, or found to be unchanged */
    readonly fetched: string;
    /** RFC 3339: the time of its newest record; absent: none bears one */
    readonly newest?: string;
  }>;
}

/** An advisory that matches a package of the image. */
export interface FindingFact {
  readonly advisory: string;
  readonly aliases: readonly string[];
  readonly package: string;
  readonly version: string;
  readonly ecosystem: string;
  readonly purl: string;
  /** none, low, medium, high, critical, or unscored */
  readonly severity: string;
  readonly score?: number;
  /** absent: no fix is known */
  readonly fixedIn?: string;
  /** why it could not be told whether this version is affected; absent: it is */
  readonly undecided?: string;
  readonly summary: string;
  readonly malicious: boolean;
  /** RFC 3339: published, else when this server or command first imported the record; grace runs from here */
  readonly since: string;
  /** index of the layer that brought the package */
  readonly layer: number;
  /** the team that answers for that layer, where the chain of custody says so */
  readonly team?: string;
  /** it is known to be exploited: since when a catalogue (KEV) says so, and by when it is to be mended; absent: none does */
  readonly exploited?: { readonly added: string; readonly due?: string };
  /** how likely it is to be exploited within 30 days, and among how many (EPSS), both rounded down to steps; absent: unknown */
  readonly epss?: { readonly score: number; readonly percentile: number };
  /** what a trusted VEX statement says of it; absent: none speaks of it */
  readonly vex?: {
    readonly status: string;
    readonly justification?: string;
    /** name of the signer, or who brought the document in: `user/ann`, `feed/vendor` */
    readonly by: string;
    /** of a document that was brought in, as it says */
    readonly author?: string;
    /** who says better, and what: it does not count */
    readonly against?: readonly string[];
  };
  /** the waiver that excuses it from the routine that asks; absent: it counts */
  readonly waiver?: {
    readonly id: string;
    readonly owner: string;
    readonly reason: string;
    /** RFC 3339 */
    readonly expires: string;
  };
}

/** What the registry says of the repository of an image. */
export interface RepositoryFacts {
  readonly name: string;
  readonly namespace: string;
  readonly department?: string;
  /** private, internal or public */
  readonly class: string;
  /** development, test or production */
  readonly stage: string;
  readonly externalFacing: boolean;
  readonly official: boolean;
}

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

/** What a probe found in the image, as somebody trusted for it states. */
export interface ProbeFact {
  /** digest of the probe: the one that is bound */
  readonly digest: string;
  readonly version: string;
  /** name of the signer who ran it */
  readonly by: string;
  /** RFC 3339: when it was run */
  readonly at: string;
  /** true: it came to its end, and what it wrote is what it declares */
  readonly complete: boolean;
  /** why it is not complete */
  readonly problem?: string;
  /** what it found, by its own schema; `findings` is a list in any case. Absent: it is not complete */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** What a scanner that the registry asks says of the image: the word of a service outside, unsigned. */
export interface ScannerFact {
  /** none: there is no answer yet; failed: it was asked and no report ever came; reported: what the last report says stands below */
  readonly state: string;
  /** why no report came */
  readonly problem?: string;
  /** as it calls itself in its report */
  readonly scanner?: { readonly name: string; readonly vendor: string; readonly version: string };
  /** RFC 3339: when it was asked for the report */
  readonly asked?: string;
  /** RFC 3339: when what it knows was renewed, as it said before it scanned; absent: it does not say */
  readonly data?: string;
  /** how many there are of each severity */
  readonly counts?: {
    readonly unscored: number;
    readonly none: number;
    readonly low: number;
    readonly medium: number;
    readonly high: number;
    readonly critical: number;
  };
  /** the worst before the others */
  readonly findings?: ReadonlyArray<{
    /** such as CVE-2026-0001 */
    readonly id: string;
    readonly package: string;
    readonly version: string;
    /** absent: it names no version with a fix */
    readonly fixedIn?: string;
    /** none, low, medium, high, critical, or unscored */
    readonly severity: string;
    /** CVSS 3, else 2; absent: it names none */
    readonly score?: number;
    readonly cwes: readonly string[];
  }>;
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
