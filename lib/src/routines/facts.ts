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
  }>;
  readonly problems: ReadonlyArray<{
    readonly code: string;
    readonly message: string;
    readonly path?: string;
    /** index of the layer, from 0; absent where the whole image is meant */
    readonly layer?: number;
    readonly hides: boolean;
  }>;
}

/** What the advisories say anything about. */
export interface AdvisoryFacts {
  /** ecosystems of packages of the image that no advisory known here is about, in order: nothing was looked for there */
  readonly uncovered: readonly string[];
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
}

export interface SignatureFacts {
  /** signatures over this very digest that verify with a key trusted for this repository */
  readonly valid: ReadonlyArray<{
    readonly format: string;
    /** name of the key */
    readonly key: string;
    readonly evidence: string;
  }>;
  /** names of the keys that made them: each key once, however many signatures or names it has */
  readonly signers: readonly string[];
  /** those that do not count, and why */
  readonly refused: ReadonlyArray<{
    readonly format: string;
    readonly evidence: string;
    readonly reason: string;
  }>;
  /** names of the keys trusted for this repository */
  readonly trustedKeys: readonly string[];
}
