import { evaluateRoutine } from './evaluate-routine.ts';
import type { Facts } from './facts.ts';
import type { Binding } from './routine.ts';
import { compareTexts } from './severity-order.ts';
import type { Effect, Outcome, Purpose, Reason, Verdict } from './verdict.ts';

const weight: Readonly<Record<Outcome, number>> = { allow: 0, warn: 1, hold: 2, deny: 3 };

/**
 * Judges what is known of an image by the routines bound to it, for one purpose at one time. Pure and deterministic:
 * the same input gives the same verdict, byte for byte. Never throws: what cannot be computed is undecided. Bindings
 * for other purposes do not count; where none counts, the image is allowed.
 *
 * @param facts not to be changed afterwards: their conversion is remembered
 */
export function judge(facts: Facts, bindings: readonly Binding[], purpose: Purpose, now: Date): Verdict {
  const reasons: Reason[] = [];
  const passed: string[] = [];
  let validUntil: string | undefined;
  for (const { routine, parameters, effect, undecided, purposes } of bindings) {
    if (!purposes.includes(purpose)) continue;
    const result = evaluateRoutine(routine, parameters, facts, now);
    if (result.validUntil !== undefined && (validUntil === undefined || result.validUntil < validUntil))
      validUntil = result.validUntil;
    if (result.state === 'passed') passed.push(routine.name);
    if (result.state !== 'failed' && result.state !== 'undecided') continue;
    const { state, message, details, more, remedy } = result;
    const counts: Effect = state === 'undecided' ? (undecided ?? effect) : effect;
    reasons.push({ routine: routine.name, effect: counts, state, message, details, more, remedy });
  }
  reasons.sort(compareReasons);
  return {
    digest: facts.image.digest,
    repository: facts.image.repository,
    purpose,
    outcome: reasons[0]?.effect ?? 'allow',
    decided: reasons.every((reason) => reason.state !== 'undecided'),
    reasons,
    passed: passed.sort(compareTexts),
    ...(validUntil === undefined ? {} : { validUntil }),
    at: now.toISOString(),
  };
}

/** Worst first; what is against the image before what is not known; then by name, and for two of one name by text. */
function compareReasons(a: Reason, b: Reason): number {
  return (
    weight[b.effect] - weight[a.effect] ||
    compareTexts(a.state, b.state) ||
    compareTexts(a.routine, b.routine) ||
    compareTexts(a.message, b.message)
  );
}
