import type { ParameterDeclaration, ParameterValue } from './routine.ts';

/** True if two values of one parameter are the same. */
export function isEqualValue(a: ParameterValue, b: ParameterValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** True if a value is as strict as another or stricter, the way that the parameter declares; false also where nobody can tell. */
export function isTighter(
  value: ParameterValue,
  than: ParameterValue,
  declaration: ParameterDeclaration,
): boolean {
  const { tightens } = declaration;
  if (tightens === 'more') return holdsAll(value, than);
  if (tightens === 'fewer') return holdsAll(than, value);
  const [a, b] = [placeOf(value, declaration), placeOf(than, declaration)];
  return tightens === 'up' ? a >= b : a <= b;
}

function holdsAll(list: ParameterValue, parts: ParameterValue): boolean {
  return Array.isArray(list) && Array.isArray(parts) && parts.every((part) => list.includes(part));
}

/** A value as a number that grows in the order of its type. NaN compares as neither. */
function placeOf(value: ParameterValue, declaration: ParameterDeclaration): number {
  if (declaration.type === 'string' && typeof value === 'string')
    return declaration.choices?.indexOf(value) ?? Number.NaN;
  return typeof value === 'object' ? Number.NaN : Number(value);
}

/**
 * Values that are stricter than one, to try whether they are: steps next to it, the ends of its range, and what comes of others.
 *
 * @param others values that the parameter has elsewhere
 */
export function tighterValues(
  value: ParameterValue,
  others: readonly ParameterValue[],
  declaration: ParameterDeclaration,
): ParameterValue[] {
  const candidates = candidatesFor(value, others, declaration).filter(
    (one) => isTighter(one, value, declaration) && !isEqualValue(one, value),
  );
  return [...new Map(candidates.map((one) => [JSON.stringify(one), one])).values()];
}

function candidatesFor(
  value: ParameterValue,
  others: readonly ParameterValue[],
  declaration: ParameterDeclaration,
): readonly ParameterValue[] {
  if (typeof value === 'boolean') return [true, false];
  if (typeof value === 'string') return declaration.type === 'string' ? (declaration.choices ?? []) : [];
  if (typeof value === 'number') {
    const { minimum, maximum } = { minimum: value - 1, maximum: value + 1, ...declaration };
    return [value - 1, value + 1, minimum, maximum, ...others];
  }
  const lists = others.filter((other): other is readonly string[] => Array.isArray(other));
  const unions = lists.map((other) => [...new Set([...value, ...other])]);
  return [...unions, [], ...value.slice(0, 10).map((left) => value.filter((one) => one !== left))];
}
