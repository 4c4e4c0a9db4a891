import { routineAndBinding } from '@wharfinger/lib/routines/explain';
import type {
  Effect,
  GrantNote,
  Outcome,
  Reason,
  Verdict,
  WaivedReason,
} from '@wharfinger/lib/routines/verdict';
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

/** A verdict for people: the outcome, each reason with its facts and what to do, and what is excused by whom. */
export function verdictText(image: string, verdict: Verdict, style: Style): string {
  const lines = [
    `${style.bold(displayable(image))}: ${outcomeText(verdict, style)}`,
    `  ${displayable(verdict.digest)}`,
  ];
  for (const reason of verdict.reasons) lines.push('', ...reasonLines(reason, style));
  for (const reason of verdict.waived ?? []) lines.push('', ...waivedLines(reason, style));
  for (const grant of verdict.grants ?? []) lines.push('', ...grantLines(grant, style));
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
    ...saidLines(mark, reason, style),
    ...easedLines(reason, style),
    `  ${style.dim('to do:')} ${displayable(reason.remedy)}`,
  ];
}

function saidLines(mark: string, reason: Reason, style: Style): string[] {
  const { message, details, more } = reason;
  return [
    `${mark}  ${displayable(message)} ${style.dim(`(${displayable(routineAndBinding(reason))})`)}`,
    ...details.map((detail) => `  - ${displayable(detail)}`),
    ...(more > 0 ? [`  - and ${more} more`] : []),
  ];
}

/** Why a reason only warns for now, and what it does afterwards. */
function easedLines({ eased }: Reason, style: Style): string[] {
  if (eased === undefined) return [];
  const why = eased.by === 'grace' ? 'in grace' : 'by a break-glass grant';
  const then = paintOutcome(eased.effect, style)(effects[eased.effect]);
  return [`  only warns, ${why} until ${displayable(eased.until)}; then ${then}`];
}

function waivedLines(reason: WaivedReason, style: Style): string[] {
  const { id, owner, reason: why, expires } = reason.waiver;
  return [
    ...saidLines(style.yellow('waived'), reason, style),
    displayable(`  by ${owner} until ${expires}: ${why} (waiver ${id})`),
  ];
}

function grantLines({ id, reason, requestedBy, approvedBy, until }: GrantNote, style: Style): string[] {
  return [
    `${style.yellow('break-glass')}  ${displayable(reason)}`,
    displayable(
      `  requested by ${requestedBy}, approved by ${approvedBy.join(', ')}, until ${until} (grant ${id})`,
    ),
  ];
}
