import type { CelMap, CelValue } from '@bufbuild/cel';

/** Numbers of the elements of a list; -1: has none. */
export interface Numbers {
  readonly round: number;
  readonly of: Int32Array;
}

/** What remembers something by the numbers of elements, for the round in which it began to. */
export interface NumberedMemory {
  forget(): void;
}

/** Where an element stands: -1 for its number until it was met a second time, for most are never met again. */
interface Place {
  round: number;
  number: number;
}

const place = Symbol('its number');

type Element = CelMap & { readonly [place]?: Place };

/** Elements that have a number in one round, memories that know something of them, and values that these keep. */
const mostNumbers = 32_768;
const mostMemories = 256;
const mostValues = 262_144;

/** Numbers hold for one round. When there are too many of anything, all are given anew: so that memory is bounded whatever is judged. */
export const rounds = { current: 1 };
let given = 0;
let values = 0;
const memories = new Set<NumberedMemory>();

/** Makes a map one that has a number: what many images have in common, such as a finding. */
export function shared(map: CelMap): CelMap {
  return Object.assign(map, { [place]: { round: 0, number: -1 } });
}

/** The numbers of the elements of a list; undefined where one of them is not `shared`, or where there are none. */
export function numbersOf(elements: readonly CelValue[]): Numbers | undefined {
  if (elements.length === 0 || elements.length > mostNumbers) return undefined;
  const numbers = new Int32Array(elements.length);
  for (let at = 0; at < elements.length; at += 1) {
    const element = elements[at];
    const known = typeof element === 'object' && element !== null ? (element as Element)[place] : undefined;
    if (known === undefined) return undefined;
    if (known.round !== rounds.current) {
      known.round = rounds.current;
      known.number = -1;
    } else if (known.number === -1) {
      if (given === mostNumbers) {
        beginRound();
        return undefined;
      }
      known.number = given;
      given += 1;
    }
    numbers[at] = known.number;
  }
  return { round: rounds.current, of: numbers };
}

/** Says that a memory keeps something by the numbers of this round. It is told to forget it when the round ends. */
export function enter(memory: NumberedMemory): void {
  if (memories.size === mostMemories) beginRound();
  memories.add(memory);
}

/** Says that a value is kept which takes room of its own. */
export function countValue(): void {
  values += 1;
  if (values === mostValues) beginRound();
}

function beginRound(): void {
  rounds.current += 1;
  [given, values] = [0, 0];
  for (const memory of memories) memory.forget();
  memories.clear();
}
