import type { Digest } from '../oci/digest.ts';

/** Everything that can be wrong with a chain of custody; docs/guide/custody.md explains them. */
const custodyProblemCodes = [
  // images
  'image-missing',
  'image-unreadable',
  'diff-id-lie',
  'repository-not-of-stage',
  'too-deep',
  'circular',
  'statements-too-many',
  // links
  'link-missing',
  'link-refused',
  'link-revoked',
  'link-invalid',
  'link-scope',
  'link-signer',
  'link-team',
  'link-purpose',
  'link-not-yet',
  'link-expired',
  'stage-skipped',
  'equivocation',
  'kind-not-allowed',
  'seq-mismatch',
  'prev-mismatch',
  // what links say of their image
  'result-config',
  'result-chain',
  'result-layers',
  'result-runtime-config',
  'added-layers',
  'nothing-added',
  'config-only-adds-layers',
  'too-many-layers',
  'config-delta',
  'config-not-allowed',
  // links and their parents
  'parent-required',
  'parent-not-allowed',
  'parent-chain',
  'parent-layers',
  'parent-platform',
  'base-layer-swapped',
  'base-layers-reordered',
  'base-layer-dropped',
  'base-layer-inserted',
  'base-blob-swapped',
  'squash-undeclared',
  // intakes
  'intake-missing',
  'intake-refused',
  'intake-revoked',
  'intake-invalid',
  'intake-signer',
  'intake-purpose',
  'intake-scope',
  'intake-other-link',
  'intake-failed',
  'intake-policy',
  'intake-late',
  // approvals
  'approvals-short',
  'approvals-refused',
  'approvals-revoked',
  'approvals-not-distinct',
  'approvals-roles',
  'approval-invalid',
  'approval-scope',
  'approval-stage',
  'approval-signer',
  'approval-purpose',
  'approval-approver',
  'approval-role',
  'approval-by-team',
  'approval-not-yet',
  'approval-expired',
  // indexes
  'assembly-missing',
  'assembly-refused',
  'assembly-revoked',
  'assembly-invalid',
  'assembly-scope',
  'assembly-signer',
  'assembly-purpose',
  'assembly-not-yet',
  'assembly-expired',
  'assembly-equivocation',
  'assembly-child-unlisted',
  'assembly-child-missing',
  'assembly-platform',
  'assembly-not-an-attestation',
  'index-nested',
] as const;

export type CustodyProblemCode = (typeof custodyProblemCodes)[number];

/** Something that is against an image. */
export interface CustodyProblem {
  readonly code: CustodyProblemCode;
  /** names layer, team and reason */
  readonly message: string;
  readonly stage?: string;
  readonly team?: string;
  /** index of the layer, from 0; absent where the whole image is meant */
  readonly layer?: number;
}

/** A statement that does not count. */
export interface IgnoredStatement {
  readonly repository: string;
  readonly subject: Digest;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
  readonly code: CustodyProblemCode;
  readonly reason: string;
}

/** Enough of a digest for a message. */
export function shorten(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}

/** `layer 3`, `layers 3 to 5`: those from `first` up to, without, `end`. */
export function layerRange(first: number, end: number): string {
  return end - first <= 1 ? `layer ${first}` : `layers ${first} to ${end - 1}`;
}

/** Reasons in one sentence; of many, the first ones. */
export function joinReasons(reasons: readonly string[], shown = 3): string {
  const unique = [...new Set(reasons)];
  const rest = unique.length - shown;
  return [...unique.slice(0, shown), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
