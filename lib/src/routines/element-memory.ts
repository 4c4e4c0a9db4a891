import { isCelList, isCelMap, type CelMap, type CelResult, type CelValue } from '@bufbuild/cel';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import { spend, unitsUsed } from './expression-cost.ts';
import type { Variables } from './expression-plan.ts';

/** What a part of an expression gave for one element of a list, what it asked for on the way, in order, and its price without that. */
interface Remembered {
  readonly asked: ReadonlyArray<readonly [name: string, value: CelValue]>;
  readonly value: CelResult;
  readonly units: number;
}

const memory = Symbol('what expressions gave for it');

/** A part of an expression that remembers. */
export interface RememberingPart {
  /** it asks for a time, which is another one for each verdict: to remember would be in vain */
  asksForTime?: true;
}

type Element = CelMap & { readonly [memory]?: Map<RememberingPart, Remembered> };

/** Makes a map one of which expressions remember what they gave for it: for what many images have in common, such as a finding. */
export function shared(map: CelMap): CelMap {
  return Object.assign(map, { [memory]: new Map() });
}

/** Notes what a part of an expression asks for. */
export interface Asking {
  readonly asked: Array<readonly [name: string, value: CelResult]>;
  /** what it cost to compute these */
  units: number;
}

/** The value of a name, noted where something listens. */
export function ask(name: string, asking: Asking | undefined, compute: () => CelResult): CelResult {
  if (!asking) return compute();
  const before = unitsUsed();
  const value = compute();
  asking.units += unitsUsed() - before;
  if (!asking.asked.some(([known]) => known === name)) asking.asked.push([name, value]);
  return value;
}

/**
 * Remembers what a part of an expression gives for elements that are `shared`: it is used again where all that it asked for besides
 * the element is the same. An evaluation is deterministic, so that it would ask for the same, in the same order, and give the same;
 * and the same is paid for it, so that no budget ends sooner or later.
 */
export function remembering(
  evaluate: (asking: Asking | undefined) => CelResult,
  part: RememberingPart,
  element: CelResult | undefined,
  variables: Variables,
): CelResult {
  const known = !part.asksForTime && isCelMap(element) ? (element as Element)[memory] : undefined;
  if (!known) return evaluate(undefined);
  const last = known.get(part);
  if (last?.asked.every(([name, value]) => isSame(variables[name], value))) {
    spend(last.units);
    return last.value;
  }
  const asking: Asking = { asked: [], units: 0 };
  const before = unitsUsed();
  const value = evaluate(asking);
  const units = unitsUsed() - before - asking.units;
  if (asking.asked.some(([, one]) => isReflectMessage(one))) part.asksForTime = true;
  const isSmall = typeof value === 'boolean' || isReflectMessage(value);
  if (isSmall && asking.asked.every(isComparable)) known.set(part, { asked: asking.asked, value, units });
  return value;
}

/** Lists longer than this are not compared. */
const longestList = 16;

function isComparable(asked: readonly [string, CelResult]): asked is readonly [string, CelValue] {
  return isSame(asked[1], asked[1]);
}

/** True for what is surely the same; false does not tell that it is not. */
function isSame(a: CelResult | undefined, b: CelResult): boolean {
  if (typeof b !== 'object' || b === null || isCelMap(b)) return a === b;
  if (!isCelList(a) || !isCelList(b) || a.size !== b.size || a.size > longestList) return false;
  for (let at = 0; at < a.size; at += 1) {
    const one = a.get(at);
    if (typeof one !== 'string' || one !== b.get(at)) return false;
  }
  return true;
}
