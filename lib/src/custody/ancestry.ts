import type { Digest } from '../oci/digest.ts';
import type { AcceptedLink, Refusal } from './choose-link.ts';
import type { CustodyImage, CustodyLayer } from './custody-image.ts';
import type { CustodyProblem, CustodyProblemCode, IgnoredStatement } from './problem.ts';
import type { Place } from './read-image.ts';
import type { EvidenceItem, StageReport } from './report.ts';

/** Who answers for a layer, by which link. */
export interface Owner {
  readonly team: string;
  readonly stage: string;
  readonly link: Digest;
}

/** A blob and the content that a config claims to be in it. */
export type LayerClaim = Pick<CustodyLayer, 'digest' | 'diffId'>;

/** What was found out about an image and everything below it. It is plain data, and never changed once it is made. */
export interface Ancestry {
  /** absent: it could not be read */
  readonly image?: CustodyImage;
  /** absent: no link counts */
  readonly accepted?: AcceptedLink;
  /** from the base on */
  readonly stages: readonly StageReport[];
  /** one for each layer */
  readonly owners: ReadonlyArray<Owner | undefined>;
  readonly problems: readonly CustodyProblem[];
  readonly ignored: readonly IgnoredStatement[];
  readonly remarks: readonly string[];
  readonly evidence: readonly EvidenceItem[];
  /** keys that made what counts */
  readonly keyIds: readonly string[];
  /** layers of the image and of everything below it: what their configs claim to be in which blob */
  readonly claims: readonly LayerClaim[];
  /** RFC 3339: when it was looked at, and from when on time may have changed it */
  readonly walkedAt: string;
  readonly validUntil?: string;
}

/** What is collected while an image is looked at. */
export interface Draft {
  readonly place: Place;
  readonly problems: CustodyProblem[];
  readonly ignored: IgnoredStatement[];
  readonly remarks: string[];
  readonly evidence: EvidenceItem[];
  readonly keyIds: string[];
  readonly claims: LayerClaim[];
  /** RFC 3339: times at which the outcome may change */
  readonly times: Array<string | undefined>;
}

export function startDraft(place: Place): Draft {
  return { place, problems: [], ignored: [], remarks: [], evidence: [], keyIds: [], claims: [], times: [] };
}

/** Adds what was found below. */
export function addBelow(draft: Draft, below: Ancestry): void {
  draft.problems.push(...below.problems);
  draft.ignored.push(...below.ignored);
  draft.remarks.push(...below.remarks);
  draft.evidence.push(...below.evidence);
  draft.keyIds.push(...below.keyIds);
  draft.claims.push(...below.claims);
  draft.times.push(below.validUntil);
}

export function addIgnored(draft: Draft, subject: Place, refusals: readonly Refusal[]): void {
  for (const { code, reason, evidence } of refusals) {
    draft.ignored.push({ repository: subject.repository, subject: subject.digest, evidence, code, reason });
  }
}

/** Where a problem is, besides its message. */
export interface ProblemPlace {
  readonly stage?: string | undefined;
  readonly team?: string | undefined;
  readonly layer?: number | undefined;
}

export function addProblem(
  draft: Draft,
  code: CustodyProblemCode,
  message: string,
  { stage, team, layer }: ProblemPlace,
): void {
  draft.problems.push({
    code,
    message,
    ...(stage === undefined ? {} : { stage }),
    ...(team === undefined ? {} : { team }),
    ...(layer === undefined ? {} : { layer }),
  });
}
