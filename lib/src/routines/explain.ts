import { defaultBindingId } from './default-bindings.ts';
import type { Reason, Verdict } from './verdict.ts';

/** What docker and podman show of an error before they cut it. */
const longestForClient = 1500;

/**
 * Why an image is not served, as sentences for the person who pulled it: shown by docker, podman and skopeo as they
 * are. Reasons that only warn are left out. Together at most `longest` characters; what does not fit is counted. What
 * several routines wait for is said once.
 */
export function explainBriefly(
  verdict: Pick<Verdict, 'reasons'>,
  longest = longestForClient,
): readonly string[] {
  const reasons = verdict.reasons.filter((reason) => reason.effect !== 'warn');
  const sentences = [...groupByMessage(reasons)].map(
    ([message, of]) =>
      `${message} (${of.map((reason) => reason.routine).join(', ')}); to do: ${of[0]!.remedy}.`,
  );
  const shown: string[] = [];
  let left = longest;
  for (const [index, sentence] of sentences.entries()) {
    const after = sentences.length - index - 1;
    const closing = after === 0 ? '' : andMore(after);
    if (sentence.length + closing.length > left) {
      // the first reason is the worst: it is shown in any case, as far as there is room
      if (index > 0) return [...shown, andMore(after + 1)];
      return [`${sentence.slice(0, left - closing.length - 1)}…`, ...(after === 0 ? [] : [closing])];
    }
    shown.push(sentence);
    left -= sentence.length;
  }
  return shown;
}

function andMore(count: number): string {
  return `…and ${count} more reason${count === 1 ? '' : 's'}; wharf verdict lists them.`;
}

/**
 * A verdict as text for a terminal: the outcome, each reason with its facts and what to do, what is excused and by whom, and
 * what passed.
 */
export function explainVerdict(verdict: Verdict): string {
  const lines = [
    `${verdict.repository}@${verdict.digest}`,
    `${verdict.outcome} for ${verdict.purpose}${verdict.decided ? '' : ', not everything could be decided'}`,
  ];
  for (const reason of verdict.reasons) {
    const undecided = reason.state === 'undecided' ? ', undecided' : '';
    lines.push('', `${reason.effect}: ${routineAndBinding(reason)}${undecided}`, ...wordsOf(reason));
    lines.push(...easedWords(reason), `  to do: ${reason.remedy}`);
  }
  for (const reason of verdict.waived ?? []) {
    const { id, owner, reason: why, expires } = reason.waiver;
    lines.push('', `waived: ${routineAndBinding(reason)}`, ...wordsOf(reason));
    lines.push(`  excused by ${owner} until ${expires}: ${why} (waiver ${id})`);
  }
  for (const { id, requestedBy, approvedBy, until, reason } of verdict.grants ?? [])
    lines.push(
      '',
      `break-glass: ${reason}`,
      `  requested by ${requestedBy}, approved by ${approvedBy.join(', ')}, until ${until} (grant ${id})`,
    );
  if (verdict.passed.length > 0) lines.push('', `passed: ${verdict.passed.join(', ')}`);
  if (verdict.validUntil !== undefined) lines.push('', `may change by time alone at ${verdict.validUntil}`);
  return `${lines.join('\n')}\n`;
}

/** Which routine it was, and which binding put it to work where that is not the default one. */
export function routineAndBinding({ routine, binding }: Reason): string {
  return binding === defaultBindingId(routine) ? routine : `${routine}, bound by ${binding}`;
}

function wordsOf({ message, details, more }: Reason): string[] {
  return [
    `  ${message}`,
    ...details.map((detail) => `  - ${detail}`),
    ...(more > 0 ? [`  - …and ${more} more`] : []),
  ];
}

/** Why a reason only warns for now. */
function easedWords({ eased }: Reason): string[] {
  if (eased === undefined) return [];
  const why = eased.by === 'grace' ? 'in grace' : 'permitted by a break-glass grant';
  return [`  only warns, ${why} until ${eased.until}; then: ${eased.effect}`];
}

function groupByMessage(reasons: readonly Reason[]): ReadonlyMap<string, readonly Reason[]> {
  const groups = new Map<string, Reason[]>();
  for (const reason of reasons) {
    const group = groups.get(reason.message);
    if (group) group.push(reason);
    else groups.set(reason.message, [reason]);
  }
  return groups;
}
