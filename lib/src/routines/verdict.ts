/** What a verdict is for. */
export type Purpose = 'pull' | 'push' | 'deploy' | 'promote';

/** What becomes of an image that a routine does not pass. */
export type Effect = 'warn' | 'hold' | 'deny';

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
  /** names of the routines that passed */
  readonly passed: readonly string[];
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
}
