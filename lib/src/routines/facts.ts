import type { ProbeFact, ScannerFact } from './facts/checks.ts';
import type { InventoryFacts } from './facts/contents.ts';
import type { AttestationFacts, CustodyFacts, SignatureFacts } from './facts/evidence.ts';
import type { AdvisoryFacts, FindingFact } from './facts/findings.ts';

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
