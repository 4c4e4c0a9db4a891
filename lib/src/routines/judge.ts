import { evaluateRoutine, type RoutineResult } from './evaluate-routine.ts';
import { exceptionsInForce, excuseAdvisories, type ExceptionsInForce } from './exceptions.ts';
import type { Facts } from './facts.ts';
import { printable } from './printable.ts';
import type { Exceptions } from './records.ts';
import type { Binding } from './routine.ts';
import { compareTexts } from './severity-order.ts';
import { parseTime } from './time.ts';
import type { Effect, Outcome, Purpose, Reason, Verdict, WaivedReason } from './verdict.ts';

/** Says what the routine of a binding says of facts. */
export type Evaluator = (binding: Binding, facts: Facts, now: Date) => RoutineResult;

const evaluateAnew: Evaluator = ({ routine, parameters }, facts, now) =>
  evaluateRoutine(routine, parameters, facts, now);

const weight: Readonly<Record<Outcome, number>> = { allow: 0, warn: 1, hold: 2, deny: 3 };

/**
 * Judges what is known of an image by the routines bound to it, for one purpose at one time. Pure and deterministic:
 * the same input gives the same verdict, byte for byte, in whatever order bindings and exceptions come. Never throws: what cannot
 * be computed is undecided. Bindings for other purposes do not count; where none counts, the image is allowed.
 *
 * Waivers take reasons out of what counts, and put them where the verdict shows what is excused. A break-glass grant makes what would hold
 * or deny warn. Exceptions that are not in force now, or are about other images, change nothing but the time until which
 * the verdict holds.
 *
 * @param facts not to be changed afterwards: their conversion is remembered
 * @param rulesUntil RFC 3339: when the bindings may be others (`effectiveBindings`)
 * @param evaluate for who remembers results: must say what `evaluateRoutine` says
 */
export function judge(
  facts: Facts,
  bindings: readonly Binding[],
  purpose: Purpose,
  now: Date,
  exceptions: Exceptions = { waivers: [], grants: [] },
  rulesUntil?: string,
  evaluate: Evaluator = evaluateAnew,
): Verdict {
  const excused = exceptionsInForce(exceptions, facts, purpose, now);
  const ends = [...excused.changes, parseTime(rulesUntil ?? '') ?? 0];
  const reasons: Reason[] = [];
  const waived: WaivedReason[] = [];
  const passed = new Set<string>();
  for (const binding of bindings) {
    if (!binding.purposes.includes(purpose)) continue;
    const { name } = binding.routine;
    const { seen, waived: some } = excuseAdvisories(facts, binding, excused.waivers);
    waived.push(...some);
    const result = resultOf(binding, seen, now, evaluate);
    for (const until of [result.validUntil, binding.graceUntil])
      if (until !== undefined) ends.push(parseTime(until) ?? 0);
    if (result.state === 'passed') passed.add(name);
    if (result.state !== 'failed' && result.state !== 'undecided') continue;
    const waiver = excused.waivers.find((one) => one.routine === name && one.advisories === undefined);
    const reason = reasonOf(binding, result, now);
    if (waiver) waived.push({ ...reason, waiver: waiver.note });
    else reasons.push(underGrant(reason, excused));
  }
  reasons.sort(compareReasons);
  const next = Math.min(...ends.filter((time) => time > now.getTime()));
  const whole = waived.filter(({ advisories }) => advisories === undefined);
  const failed = new Set([...reasons, ...whole].map(({ routine }) => routine));
  return {
    digest: facts.image.digest,
    repository: facts.image.repository,
    purpose,
    outcome: reasons[0]?.effect ?? 'allow',
    decided: reasons.every((reason) => reason.state !== 'undecided'),
    reasons,
    passed: [...passed].filter((name) => !failed.has(name)).sort(compareTexts),
    ...(waived.length > 0 && { waived: waived.sort(compareReasons) }),
    ...(reasons.some(({ eased }) => eased?.by === 'grant') && { grants: excused.grants }),
    ...(Number.isFinite(next) && { validUntil: new Date(next).toISOString() }),
    at: now.toISOString(),
  };
}

function resultOf(binding: Binding, facts: Facts, now: Date, evaluate: Evaluator): RoutineResult {
  const { mistake } = binding;
  if (mistake === undefined) return evaluate(binding, facts, now);
  return {
    state: 'undecided',
    message: printable(`the binding cannot be carried out: ${mistake}`, 400),
    details: [],
    more: 0,
    remedy: 'correct the binding, or add the collection that it names',
  };
}

/** A reason with the effect that it has now, before any grant. */
function reasonOf(
  { id, routine, effect, undecided, graceUntil }: Binding,
  result: Extract<RoutineResult, { state: 'failed' | 'undecided' }>,
  now: Date,
): Reason {
  const { state, message, details, more, remedy } = result;
  const counts: Effect = state === 'undecided' ? (undecided ?? effect) : effect;
  const inGrace = counts !== 'warn' && now.getTime() < (parseTime(graceUntil ?? '') ?? 0);
  return {
    routine: routine.name,
    effect: inGrace ? 'warn' : counts,
    state,
    message,
    details,
    more,
    remedy,
    binding: id,
    ...(inGrace && { eased: { by: 'grace', effect: counts, until: graceUntil! } }),
  };
}

/** What a grant makes of a reason: it stays, and warns. */
function underGrant(reason: Reason, { grants }: ExceptionsInForce): Reason {
  if (reason.effect === 'warn' || grants.length === 0) return reason;
  const until = grants.reduce(
    (latest, grant) => (parseTime(grant.until)! > parseTime(latest)! ? grant.until : latest),
    grants[0]!.until,
  );
  return { ...reason, effect: 'warn', eased: { by: 'grant', effect: reason.effect, until } };
}

/**
 * Worst first; what is against the image before what is not known; then by name, and for two of one name by all that they
 * say, so that no order of bindings shows.
 */
function compareReasons(a: Reason, b: Reason): number {
  return (
    weight[b.effect] - weight[a.effect] ||
    compareTexts(a.state, b.state) ||
    compareTexts(a.routine, b.routine) ||
    compareTexts(a.message, b.message) ||
    compareTexts(JSON.stringify(a), JSON.stringify(b))
  );
}
