import type { Verdict } from '@wharfinger/lib/routines/verdict';

/** What the exit code of `wharf` says; fixed, so that scripts can rely on it. */
export const exitCodes = {
  /** done, or allowed; a verdict that only warns is allowed */
  done: 0,
  failed: 1,
  usage: 2,
  /** held or denied */
  refused: 3,
  /** a fact was missing or a check could not be made; never a pass */
  undecided: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code for a verdict: what blocks for certain outweighs what could not be decided. */
export function exitCodeOf(verdict: Pick<Verdict, 'outcome' | 'reasons'>): ExitCode {
  if (verdict.outcome === 'allow' || verdict.outcome === 'warn') return exitCodes.done;
  const certain = verdict.reasons.some((reason) => reason.effect !== 'warn' && reason.state === 'failed');
  return certain ? exitCodes.refused : exitCodes.undecided;
}

/** The exit code for several: failed before refused before undecided before done. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  const order = [exitCodes.usage, exitCodes.failed, exitCodes.refused, exitCodes.undecided];
  return order.find((code) => codes.includes(code)) ?? exitCodes.done;
}
