export const purposes = ['pull', 'push', 'deploy', 'promote'] as const;

/** What a verdict is for. */
export type Purpose = (typeof purposes)[number];

export const effects = ['warn', 'hold', 'deny'] as const;

/** What becomes of an image that a routine does not pass. */
export type Effect = (typeof effects)[number];

/** allow < warn < hold < deny: a verdict is as bad as the worst of its reasons. */
export type Outcome = 'allow' | Effect;

/**
 * The outcome for (digest, repository, purpose). Pure: the same facts, bindings and time give the same verdict.
 */
export interface Verdict {
  readonly digest: string;
  readonly repository: string;
  readonly purpose: Purpose;
  readonly outcome: Outcome;
  /** false: at least one routine lacked a fact or failed to compute; that is never a pass */
  readonly decided: boolean;
  /** what did not pass, worst first; empty for `allow` */
  readonly reasons: readonly Reason[];
  /** names of the routines that passed, each once */
  readonly passed: readonly string[];
  /** what waivers excuse, and does not count; absent: nothing */
  readonly waived?: readonly WaivedReason[];
  /** break-glass permissions by which something counts as a warning; absent: none */
  readonly grants?: readonly GrantNote[];
  /** RFC 3339: the verdict may change by the mere passing of time then; absent: it does not */
  readonly validUntil?: string;
  /** RFC 3339: the time that it was made for */
  readonly at: string;
}

/** Why a routine did not pass, for the person who reads it on a terminal. */
export interface Reason {
  readonly routine: string;
  readonly effect: Effect;
  /** `failed` the facts are against it; `undecided` a fact is missing or the expression could not be evaluated */
  readonly state: 'failed' | 'undecided';
  /** one sentence */
  readonly message: string;
  /** the facts, one line each, at most 20; `more` counts the rest */
  readonly details: readonly string[];
  readonly more: number;
  /** what to do */
  readonly remedy: string;
  /** id of the binding that put the routine to work, `default/…` where the repository has it by its gate; an overlay can name it */
  readonly binding: string;
  /** why it only warns for now, and what it will do afterwards; absent: its effect is that of its binding */
  readonly eased?: Eased;
}

/** A stronger effect that does not count yet, or for a while. */
export interface Eased {
  readonly by: 'grace' | 'grant';
  readonly effect: Effect;
  /** RFC 3339 */
  readonly until: string;
}

/** What would count, but for a waiver. */
export interface WaivedReason extends Reason {
  readonly waiver: WaiverNote;
  /** absent: the routine is excused as a whole; else findings of these advisories only, which `details` lists */
  readonly advisories?: readonly string[];
}

/** A waiver, as verdicts tell of it. */
export interface WaiverNote {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  /** RFC 3339 */
  readonly expires: string;
}

/** A break-glass permission, as verdicts tell of it. */
export interface GrantNote {
  readonly id: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly approvedBy: readonly string[];
  /** RFC 3339 */
  readonly until: string;
}
