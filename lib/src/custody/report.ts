import type { Digest } from '../oci/digest.ts';
import type { LinkKind } from './layout.ts';
import type { CustodyProblem, IgnoredStatement } from './problem.ts';

/** What the walk of a chain of custody found. The same for the same evidence, whatever order it came in. */
export interface CustodyReport {
  readonly kind: 'image' | 'index';
  readonly repository: string;
  readonly digest: Digest;
  /** os/architecture[/variant]; absent: an index, or it could not be read */
  readonly platform?: string;
  /** name of the layout that it was walked by */
  readonly layout: string;
  readonly layoutDigest: Digest;
  /** every layer is attributed, every approval is there, nothing is against it */
  readonly complete: boolean;
  /** from the base to the final image; as far as links lead */
  readonly stages: readonly StageReport[];
  readonly layers: readonly LayerOwner[];
  readonly problems: readonly CustodyProblem[];
  /** statements that do not count, and why; with a complete chain these are no reason for anything */
  readonly ignored: readonly IgnoredStatement[];
  /** what is odd, and no reason to refuse it */
  readonly remarks: readonly string[];
  /** what the report rests on */
  readonly evidence: readonly EvidenceItem[];
  /** keys that made what counts (SHA-256, hex): it is another report once one of them is revoked. Those of children are theirs */
  readonly keyIds: readonly string[];
  /** RFC 3339: time alone may change the report then; absent: it does not */
  readonly validUntil?: string;
  /** of an index: its images, each walked by itself */
  readonly children: readonly CustodyReport[];
}

/** One link of the chain: what a team did. */
export interface StageReport {
  readonly stage: string;
  readonly team: string;
  /** name of the signer in the policy, and SHA-256 of the key, hex */
  readonly key: string;
  readonly keyId: string;
  readonly principal: string;
  readonly repository: string;
  readonly manifest: Digest;
  /** digest of the signed payload of the link, and of the manifest that carries it */
  readonly link: Digest;
  readonly evidence: Digest;
  readonly kind: LinkKind;
  /** how many links there are below */
  readonly seq: number;
  /** index of its first layer, from 0, and how many there are */
  readonly firstLayer: number;
  readonly layers: number;
  /** fields of the runtime configuration that it changed */
  readonly changed: readonly string[];
  readonly approvals: readonly CountedApproval[];
  /** absent: the stage takes nothing in, or did not verify it */
  readonly intake?: CountedIntake;
  /** RFC 3339: the first of its statements expires then */
  readonly notAfter: string;
}

export interface CountedApproval {
  readonly role: string;
  readonly principal: string;
  readonly key: string;
  readonly keyId: string;
  readonly ticket?: string;
  /** RFC 3339 */
  readonly notAfter: string;
  /** digest of the signed payload, and of the manifest that carries it */
  readonly statement: Digest;
  readonly evidence: Digest;
}

export interface CountedIntake {
  readonly principal: string;
  readonly key: string;
  readonly keyId: string;
  /** RFC 3339 */
  readonly timeVerified: string;
  /** digest of the policy that it was verified by */
  readonly policy: Digest;
  readonly statement: Digest;
  readonly evidence: Digest;
}

/** Who answers for a layer. */
export interface LayerOwner {
  readonly index: number;
  readonly digest: Digest;
  /** bytes as transferred */
  readonly size: number;
  readonly createdBy?: string;
  /** absent: nobody */
  readonly team?: string;
  readonly stage?: string;
  /** digest of the signed payload of the link that says so */
  readonly link?: Digest;
}

/** Something that a report rests on: it must be kept as long as the image is. */
export interface EvidenceItem {
  readonly repository: string;
  readonly digest: Digest;
  /**
   * `layer`: one that was measured, since the image has the same content in other bytes; `absent`: an image that is not there, or
   * not whole, so that the chain ends before it
   */
  readonly what: 'manifest' | 'absent' | 'config' | 'layer' | 'link' | 'approval' | 'intake' | 'assembly';
}

/**
 * Everything below an image that its chain rests on: manifests and configs of all ancestors, and the manifests that carry the
 * statements about them and about the image itself. Who keeps the image must keep these.
 */
export function ancestorsOf(report: CustodyReport): EvidenceItem[] {
  const all = [...report.evidence, ...report.children.flatMap(({ evidence }) => evidence)];
  const own = new Set([report.digest, ...report.children.map(({ digest }) => digest)]);
  return uniqueEvidence(
    all.filter(({ digest, what }) => (what !== 'manifest' && what !== 'absent') || !own.has(digest)),
  );
}

/** Each item once, in a fixed order. */
export function uniqueEvidence(items: readonly EvidenceItem[]): EvidenceItem[] {
  const keyed = new Map(items.map((item) => [`${item.repository}@${item.digest} ${item.what}`, item]));
  return [...keyed].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, item]) => item);
}
