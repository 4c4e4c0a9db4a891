import { isCelList, isCelMap, type CelResult, type CelValue } from '@bufbuild/cel';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import { countValue, enter, rounds, type NumberedMemory } from './element-numbers.ts';
import { spend, unitsUsed } from './expression-cost.ts';
import type { Variables } from './expression-plan.ts';

/** Names that a part of an expression asked for, in order, with their values. */
interface Asked {
  readonly names: readonly string[];
  readonly values: readonly CelValue[];
  /** variables that have the same values: most elements of a list ask for the same, so that this is found out once */
  sameIn: Variables | undefined;
  /** of the part, when these were asked for last */
  usedAt: number;
}

/** What a part of an expression gave for a text, what it asked for on the way, and its price without that. */
interface Remembered {
  readonly asked: Asked;
  readonly value: CelResult;
  readonly units: number;
}

/** Conditions ask for one thing or another; so many lists of what they asked for are in use at a time. */
const mostLists = 16;

/** Of texts no more is remembered than of this many. */
const mostTexts = 4096;

/** Characters of a text that is remembered, or of which something is. */
const longestText = 256;

/** A part of an expression that remembers what it gave for elements by their numbers, and for short texts. */
export class RememberingPart implements NumberedMemory {
  readonly texts = new Map<string, Remembered>();
  asked: Asked[] = [];
  /** counts the lists of what was asked that were compared */
  time = 0;
  /** of the numbers by which it knows elements */
  round = 0;
  /** 0: nothing is known of the element, else one more than 4 × the place in `asked` + 0 for false, 1 for true, 2 for one of `others` */
  codes = new Uint8Array(0);
  units = new Float32Array(0);
  others: CelResult[] = [];

  forget(): void {
    this.codes = new Uint8Array(0);
    this.units = new Float32Array(0);
    this.others = [];
  }
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
 * What a part of an expression gives for an element, which is in its slot. It is remembered by the number of the element, and used
 * again where all that it asked for besides the element is the same. An evaluation is deterministic, so that it would ask for the
 * same, in the same order, and give the same; and the same is paid for it, so that no budget ends sooner or later.
 *
 * @param number not -1
 * @param round in which it is the number of the element
 */
export function rememberedByNumber<F extends AskingFrame>(
  run: (frame: F) => CelResult,
  part: RememberingPart,
  frame: F,
  number: number,
  round: number,
): CelResult {
  if (part.round === round) {
    const code = number < part.codes.length ? part.codes[number]! - 1 : -1;
    const asked = code < 0 ? undefined : part.asked[code >> 2];
    // what is asked for may be computed now, and other numbers be given for it
    if (asked && isAskedAgain(part, asked, frame.variables) && round === rounds.current) {
      spend(part.units[number]!);
      return (code & 3) === 2 ? part.others[number]! : (code & 3) === 1;
    }
  }
  const { value, units, asking } = listened(run, frame);
  if (round === rounds.current && isExact(units) && isKept(value) && asking.values.every(isComparable))
    keep(part, { number, round }, value, units, listOf(part, asking, frame.variables));
  return value;
}

/** The same for a text, which has no number. */
export function rememberedByText<F extends AskingFrame>(
  run: (frame: F) => CelResult,
  part: RememberingPart,
  frame: F,
  text: string,
): CelResult {
  if (text.length > longestText) return run(frame);
  const last = part.texts.get(text);
  if (last !== undefined && isAskedAgain(part, last.asked, frame.variables)) {
    spend(last.units);
    return last.value;
  }
  const { value, units, asking } = listened(run, frame);
  if (!isKept(value) || !asking.values.every(isComparable)) return value;
  if (part.texts.size >= mostTexts) part.texts.clear();
  const asked = part.asked[listOf(part, asking, frame.variables)]!;
  part.texts.set(text, { asked, value, units });
  return value;
}

/** Runs a part, and notes what it asks for and what it costs without that. */
function listened<F extends AskingFrame>(
  run: (frame: F) => CelResult,
  frame: F,
): { readonly value: CelResult; readonly units: number; readonly asking: Asking } {
  const asking: Asking = { names: [], values: [], units: 0 };
  const before = unitsUsed();
  frame.asking = asking;
  const value = run(frame);
  frame.asking = undefined;
  return { value, units: unitsUsed() - before - asking.units, asking };
}

/** Prices are kept in four bytes: of those that have not enough in them nothing is remembered. */
function isExact(units: number): boolean {
  return Math.fround(units) === units;
}

/** What is small. */
function isKept(value: CelResult): boolean {
  if (typeof value === 'string') return value.length <= longestText;
  return typeof value === 'boolean' || isReflectMessage(value);
}

/** True if all of it would be answered as it was. */
function isAskedAgain(part: RememberingPart, asked: Asked, variables: Variables): boolean {
  if (asked.sameIn === variables) return true;
  const { names, values } = asked;
  for (let at = 0; at < names.length; at += 1) if (!isSame(variables[names[at]!], values[at]!)) return false;
  asked.sameIn = variables;
  asked.usedAt = part.time += 1;
  return true;
}

/** Where one list stands for all elements for which the same was asked and answered. */
function listOf(part: RememberingPart, { names, values }: Asking, variables: Variables): number {
  const { asked } = part;
  const usedAt = (part.time += 1);
  let at = asked.findIndex(
    (one) =>
      one.names.length === names.length &&
      one.names.every((name, index) => name === names[index] && isSame(values[index], one.values[index]!)),
  );
  if (at !== -1) {
    asked[at]!.sameIn = variables;
    asked[at]!.usedAt = usedAt;
    return at;
  }
  if (asked.length < mostLists) at = asked.length;
  else {
    at = asked.reduce((first, one, index) => (one.usedAt < asked[first]!.usedAt ? index : first), 0);
    for (let number = 0; number < part.codes.length; number += 1)
      if ((part.codes[number]! - 1) >> 2 === at) part.codes[number] = 0;
  }
  asked[at] = { names, values: values as CelValue[], sameIn: variables, usedAt };
  return at;
}

function keep(
  part: RememberingPart,
  { number, round }: { readonly number: number; readonly round: number },
  value: CelResult,
  units: number,
  list: number,
): void {
  if (typeof value !== 'boolean') countValue();
  if (part.round !== round) {
    part.forget();
    enter(part);
  }
  // there was no room, and the number means another element now
  if (rounds.current !== round) return;
  part.round = round;
  if (part.codes.length <= number) {
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(number + 1)));
    const [codes, all] = [new Uint8Array(size), new Float32Array(size)];
    codes.set(part.codes);
    all.set(part.units);
    [part.codes, part.units] = [codes, all];
  }
  if (typeof value !== 'boolean') part.others[number] = value;
  part.codes[number] = 1 + 4 * list + (typeof value !== 'boolean' ? 2 : value ? 1 : 0);
  part.units[number] = units;
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
