import type { Digest } from '../oci/digest.ts';
import type { Facts } from '../routines/facts.ts';
import { judge, type Evaluator } from '../routines/judge.ts';
import type { Purpose, Verdict } from '../routines/verdict.ts';
import type { Hold, Judgement } from './judgement-document.ts';
import { earliest, type Rules } from './rules-for.ts';

/** What is judged, and until when it is known to be so. */
export interface KnownFacts {
  readonly facts: Facts;
  /** RFC 3339: time alone may change the evidence then; absent: it does not */
  readonly validUntil?: string;
}

/**
 * Judges facts by the rules of a judgement. Pure: server, library and archive all come to their verdicts by it, so that
 * one input gives one verdict, byte for byte. It holds no longer than its evidence and its rules do.
 */
export function judgeFacts(known: KnownFacts, rules: Rules, purpose: Purpose, now: Date): Verdict {
  return underList(judgeApartFromList(known, rules, purpose, now), rules);
}

/**
 * The same, as if the revocation list in force did not end: for who keeps the verdict, and asks each time whether a list is in
 * force. A list that is renewed with the same entries then costs no judging.
 * @param evaluate for who remembers results of routines (`rememberingEvaluator`)
 */
export function judgeApartFromList(
  known: KnownFacts,
  rules: Rules,
  purpose: Purpose,
  now: Date,
  evaluate?: Evaluator,
): Verdict {
  const until = earliest(known.validUntil, rules.validUntil);
  return judge(known.facts, rules.bindings, purpose, now, rules.exceptions, until, evaluate);
}

/**
 * Such a verdict as the document that `judgeFacts` makes for its time: it holds no longer than the list of these rules.
 * @param rules with the same entries in their list as those that it was judged by
 */
export function underList(verdict: Verdict, { listUntil }: Pick<Rules, 'listUntil'>): Verdict {
  if (listUntil === undefined) return verdict;
  const { at, ...rest } = verdict;
  const validUntil = new Date(earliest(verdict.validUntil, listUntil)!).toISOString();
  return { ...rest, validUntil, at };
}

/** The hold that stands on an image, the oldest where there are several. */
export function holdOn(judgement: Judgement, repository: string, digest: Digest): Hold | undefined {
  return judgement.holds.find((hold) => hold.repository === repository && hold.digest === digest);
}
