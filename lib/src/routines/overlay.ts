import { completeParameters, mistakesInParameters } from './parameter.ts';
import { isEqualValue, isTighter } from './tightening.ts';
import type { BindingRecord } from './records.ts';
import type { Routine } from './routine.ts';
import { parseTime } from './time.ts';
import { effects, type Effect } from './verdict.ts';

/**
 * What makes an overlay looser than the binding that it overlays, each for itself; empty if nothing does. The other direction, and
 * whatever cannot be compared, is loosening: a parameter whose routine does not say which way is stricter may not change.
 *
 * @param routine of both
 */
export function looseningIn(overlay: BindingRecord, parent: BindingRecord, routine: Routine): string[] {
  if (overlay.collection !== parent.collection || overlay.routine !== parent.routine)
    return [
      `it is for ${overlay.collection}/${overlay.routine}, and ${parent.id} for ${parent.collection}/${parent.routine}`,
    ];
  return [
    ...effectLoosened('effect', overlay.effect, parent.effect),
    ...undecidedLoosened(overlay, parent),
    ...graceLoosened(overlay, parent),
    // else an overlay of this one could loosen what its parent does not let be loosened
    ...(overlay.delegable === true && parent.delegable !== true ? [`delegable: ${parent.id} is not`] : []),
    ...parametersLoosened(overlay, parent, routine),
  ];
}

function effectLoosened(name: string, effect: Effect, than: Effect): string[] {
  return effects.indexOf(effect) < effects.indexOf(than) ? [`${name}: ${effect} is weaker than ${than}`] : [];
}

/** Where neither says what happens to what is undecided, the effect said it already. */
function undecidedLoosened(overlay: BindingRecord, parent: BindingRecord): string[] {
  if (overlay.undecided === undefined && parent.undecided === undefined) return [];
  return effectLoosened('undecided', overlay.undecided ?? overlay.effect, parent.undecided ?? parent.effect);
}

function graceLoosened({ graceUntil }: BindingRecord, parent: BindingRecord): string[] {
  if (graceUntil === undefined) return [];
  const [until, most] = [parseTime(graceUntil), parseTime(parent.graceUntil ?? '')];
  if (most === undefined) return [`graceUntil: ${parent.id} has no grace`];
  return until !== undefined && until <= most ? [] : [`graceUntil: ends after ${parent.graceUntil}`];
}

function parametersLoosened(
  { parameters }: BindingRecord,
  parent: BindingRecord,
  { parameters: declared }: Routine,
): string[] {
  // values that do not fit their declaration cannot be compared, and are told as what they are
  if (mistakesInParameters(parameters, declared).length > 0) return [];
  if (mistakesInParameters(parent.parameters, declared).length > 0) return [];
  const values = completeParameters(parameters, declared);
  const parents = completeParameters(parent.parameters, declared);
  return Object.entries(declared).flatMap(([name, declaration]) => {
    const [value, than] = [values[name]!, parents[name]!];
    if (isEqualValue(value, than)) return [];
    if (declaration.tightens === undefined)
      return [`parameters.${name}: the routine does not say which way is stricter, so it cannot be changed`];
    return isTighter(value, than, declaration)
      ? []
      : [`parameters.${name}: ${JSON.stringify(value)} is looser than ${JSON.stringify(than)}`];
  });
}
