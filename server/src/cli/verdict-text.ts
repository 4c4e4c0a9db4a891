import type { Effect, Outcome, Reason, Verdict } from '@wharfinger/lib/routines/verdict';
import { displayable, type Style } from './display.ts';

const words: Readonly<Record<Outcome, string>> = {
  allow: 'allowed',
  warn: 'allowed, with warnings',
  hold: 'held',
  deny: 'denied',
};

/** The outcome in one or a few words, painted. */
export function outcomeText(verdict: Pick<Verdict, 'outcome' | 'decided'>, style: Style): string {
  const text = verdict.decided
    ? words[verdict.outcome]
    : `${words[verdict.outcome]} (not everything could be decided)`;
  return paintOutcome(verdict.outcome, style)(text);
}

/** How an outcome is painted. */
export function paintOutcome(outcome: Outcome, style: Style): (text: string) => string {
  if (outcome === 'allow') return style.green;
  return outcome === 'warn' ? style.yellow : style.red;
}

/** A verdict for people: the outcome, then each reason with its facts and what to do. */
export function verdictText(image: string, verdict: Verdict, style: Style): string {
  const lines = [
    `${style.bold(displayable(image))}: ${outcomeText(verdict, style)}`,
    `  ${displayable(verdict.digest)}`,
  ];
  for (const reason of verdict.reasons) lines.push('', ...reasonLines(reason, style));
  if (verdict.passed.length > 0) {
    lines.push('', `${style.dim('passed:')} ${displayable(verdict.passed.join(', '))}`);
  }
  if (verdict.validUntil !== undefined) {
    lines.push(`${style.dim('may change by time alone at')} ${displayable(verdict.validUntil)}`);
  }
  return lines.join('\n');
}

const effects: Readonly<Record<Effect, string>> = { warn: 'warning', hold: 'held', deny: 'denied' };

function reasonLines(reason: Reason, style: Style): string[] {
  const mark = paintOutcome(
    reason.effect,
    style,
  )(reason.state === 'undecided' ? `${effects[reason.effect]}, undecided` : effects[reason.effect]);
  return [
    `${mark}  ${displayable(reason.message)} ${style.dim(`(${displayable(reason.routine)})`)}`,
    ...reason.details.map((detail) => `  - ${displayable(detail)}`),
    ...(reason.more > 0 ? [`  - and ${reason.more} more`] : []),
    `  ${style.dim('to do:')} ${displayable(reason.remedy)}`,
  ];
}
