import { isCelList, isCelMap, type CelMap, type CelResult, type CelValue } from '@bufbuild/cel';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import { spend, unitsUsed } from './expression-cost.ts';
import type { Variables } from './expression-plan.ts';

/** Names that a part of an expression asked for, in order, with their values. */
interface Asked {
  readonly names: readonly string[];
  readonly values: readonly CelValue[];
  /** variables that have the same values: most elements of a list ask for the same, so that this is found out once */
  sameIn: Variables | undefined;
  /** what was given where this was asked: few different ones for very many elements */
  readonly given: Remembered[];
}

/** What a part of an expression gave for one element of a list, what it asked for on the way, and its price without that. */
interface Remembered {
  readonly asked: Asked;
  readonly value: CelResult;
  readonly units: number;
}

const memory = Symbol('what expressions gave for it');

/** Of one list of what was asked, as few different ones are looked for. */
const mostGiven = 16;

/** Parts have a place each in the memories of elements; when too many had one they all begin anew. */
const mostPlaces = 512;
let places = 0;
let round = 1;

/** What parts gave for one element, by their places. */
interface Memory {
  round: number;
  given: Array<Remembered | undefined>;
}

/** A part of an expression that remembers. */
export class RememberingPart {
  /** what it gave for texts, which have no memory of their own */
  readonly texts = new Map<string, Remembered>();
  /** what it asked for lately */
  readonly asked: Asked[] = [];
  #place = 0;
  #round = 0;

  /** its place in the memories of elements of this round */
  get place(): number {
    if (this.#round !== round) {
      if (places === mostPlaces) {
        places = 0;
        round += 1;
      }
      this.#place = places;
      this.#round = round;
      places += 1;
    }
    return this.#place;
  }
}

/** Conditions ask for one thing or another; few lists of what they asked for are in use at a time. */
const mostLists = 8;

/** Of a text no more is remembered than of this many, and of this many characters. */
const most = 4096;
const longestText = 256;

type Element = CelMap & { readonly [memory]?: Memory };

/** Makes a map one of which expressions remember what they gave for it: for what many images have in common, such as a finding. */
export function shared(map: CelMap): CelMap {
  return Object.assign(map, { [memory]: { round: 0, given: [] } });
}

/** Notes what a part of an expression asks for. */
export interface Asking {
  readonly names: string[];
  readonly values: CelResult[];
  /** what it cost to compute these */
  units: number;
}

/** Of what an expression is evaluated in, that which is needed to remember. */
interface AskingFrame {
  readonly variables: Variables;
  asking?: Asking | undefined;
}

/** The value of a name, noted where something listens. */
export function ask(name: string, asking: Asking | undefined, compute: () => CelResult): CelResult {
  if (!asking) return compute();
  const before = unitsUsed();
  const value = compute();
  asking.units += unitsUsed() - before;
  if (!asking.names.includes(name)) {
    asking.names.push(name);
    asking.values.push(value);
  }
  return value;
}

/**
 * Remembers what a part of an expression gives for elements that are `shared`, and for short texts: it is used again where all that
 * it asked for besides the element is the same. An evaluation is deterministic, so that it would ask for the same, in the same order,
 * and give the same; and the same is paid for it, so that no budget ends sooner or later.
 */
export function remembering<F extends AskingFrame>(
  run: (frame: F) => CelResult,
  part: RememberingPart,
  frame: F,
  element: CelResult | undefined,
): CelResult {
  let last: Remembered | undefined;
  if (typeof element === 'string') {
    if (element.length > longestText) return run(frame);
    last = part.texts.get(element);
  } else {
    const known = (element as Element | undefined)?.[memory];
    if (known === undefined) return run(frame);
    const { place } = part;
    last = known.round === round ? known.given[place] : undefined;
  }
  if (last !== undefined && isAskedAgain(last.asked, frame.variables)) {
    spend(last.units);
    return last.value;
  }
  const asking: Asking = { names: [], values: [], units: 0 };
  const before = unitsUsed();
  frame.asking = asking;
  const value = run(frame);
  frame.asking = undefined;
  const units = unitsUsed() - before - asking.units;
  const isSmall = typeof value === 'boolean' || isReflectMessage(value);
  if (!isSmall || !asking.values.every(isComparable)) return value;
  const asked = listOf(part, asking.names, asking.values as CelValue[], frame.variables);
  keep(part, element as string | Element, givenBy(asked, value, units));
  return value;
}

/** True if all of it would be answered as it was. */
function isAskedAgain(asked: Asked, variables: Variables): boolean {
  if (asked.sameIn === variables) return true;
  const { names, values } = asked;
  for (let at = 0; at < names.length; at += 1) if (!isSame(variables[names[at]!], values[at]!)) return false;
  asked.sameIn = variables;
  return true;
}

/** One list for all elements for which the same was asked and answered. */
function listOf(
  { asked }: RememberingPart,
  names: readonly string[],
  values: readonly CelValue[],
  variables: Variables,
): Asked {
  const known = asked.find(
    (one) =>
      one.names.length === names.length &&
      one.names.every((name, at) => name === names[at] && isSame(values[at], one.values[at]!)),
  );
  if (known) {
    known.sameIn = variables;
    return known;
  }
  const list: Asked = { names, values, sameIn: variables, given: [] };
  asked.unshift(list);
  if (asked.length > mostLists) asked.pop();
  return list;
}

/** One object for what was given often. */
function givenBy(asked: Asked, value: CelResult, units: number): Remembered {
  const known = asked.given.find((one) => one.value === value && one.units === units);
  if (known) return known;
  const made = { asked, value, units };
  if (typeof value === 'boolean' && asked.given.length < mostGiven) asked.given.push(made);
  return made;
}

function keep(part: RememberingPart, element: string | Element, remembered: Remembered): void {
  if (typeof element !== 'string') {
    const known = element[memory]!;
    const { place } = part;
    if (known.round !== round) {
      known.round = round;
      known.given = [];
    }
    while (known.given.length < place) known.given.push(undefined);
    known.given[place] = remembered;
    return;
  }
  if (part.texts.size >= most) part.texts.clear();
  part.texts.set(element, remembered);
}

/** Lists longer than this are not compared. */
const longestList = 16;

function isComparable(value: CelResult): boolean {
  return isSame(value, value);
}

/** True for what is surely the same; false does not tell that it is not. */
function isSame(a: CelResult | undefined, b: CelResult): boolean {
  if (typeof b !== 'object' || b === null || isCelMap(b) || isReflectMessage(b)) return a === b;
  if (!isCelList(a) || !isCelList(b) || a.size !== b.size || a.size > longestList) return false;
  for (let at = 0; at < a.size; at += 1) {
    const one = a.get(at);
    if (typeof one !== 'string' || one !== b.get(at)) return false;
  }
  return true;
}
