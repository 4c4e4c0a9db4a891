import { hash } from 'node:crypto';
import { evaluateRoutine, settledResult, type RoutineResult } from './evaluate-routine.ts';
import { isKnown, type FactParts } from './fact-parts.ts';
import type { Facts } from './facts.ts';
import type { Evaluator } from './judge.ts';
import { readsOf, rootOf, type RoutineReads } from './routine-reads.ts';
import type { Binding, Routine } from './routine.ts';
import { parseTime } from './time.ts';

/** A result, and for which time it was made. */
export interface Remembered {
  readonly result: RoutineResult;
  /** milliseconds since 1970 */
  readonly at: number;
}

/** Where results are kept between verdicts. */
export interface ResultMemory {
  find(key: string): Remembered | undefined;
  keep(key: string, remembered: Remembered): void;
}

/** What a remembering evaluator did for one verdict. */
export interface EvaluationLog {
  evaluated: number;
  reused: number;
  /** true: a routine asked for the inventory, which is not at hand: what it said counts for nothing */
  lacksInventory: boolean;
  /** every result that may be used again, by its key, and the binding that asked for it */
  readonly results: Map<string, { readonly result: RoutineResult; readonly binding: string }>;
}

/**
 * Evaluates routines, and reuses results that were made of the very same: routine, parameters and every part of the facts that
 * the routine reads, as it is seen by it, with the waivers that mark findings. It says what `evaluateRoutine` says. Where a routine
 * reads the time, its result is used again only within the time for which it says so itself, and only if what it tells does not
 * name a time that moves.
 *
 * @param facts about the image; its inventory may be left out where `parts` knows the digests of it
 */
export function rememberingEvaluator(
  facts: Facts,
  parts: FactParts,
  memory: ResultMemory,
): { readonly evaluate: Evaluator; readonly log: EvaluationLog } {
  const log: EvaluationLog = { evaluated: 0, reused: 0, lacksInventory: false, results: new Map() };
  const hasInventory = facts.inventory !== undefined || !isKnown(parts.digest('inventory.complete'));
  const evaluate: Evaluator = (bound, seen, now) => {
    const { id: binding, routine, parameters } = bound;
    const own = seen === facts ? parts : parts.withFindings(seen.findings);
    const of = preparedOf(bound);
    const key = keyOf(of, own);
    const isAtHand = hasInventory || !of.isAboutInventory;
    const known = memory.find(key);
    if (
      known &&
      (holds(known, routine, of.reads, now) || (isAtHand && settledResult(routine, parameters, seen)))
    ) {
      log.reused += 1;
      log.results.set(key, { result: known.result, binding });
      return known.result;
    }
    const result = evaluateRoutine(routine, parameters, seen, now);
    if (!isAtHand) {
      log.lacksInventory = true;
      return result;
    }
    log.evaluated += 1;
    log.results.set(key, { result, binding });
    memory.keep(key, { result, at: now.getTime() });
    return result;
  };
  return { evaluate, log };
}

/** Where the time is read, a result stands within the time that it names itself; that a fact is lacking is no matter of time. */
function holds({ result, at }: Remembered, routine: Routine, reads: RoutineReads, now: Date): boolean {
  if (!reads.time) return true;
  if (reads.movingTime || routine.validUntil === undefined || result.state === 'undecided') return false;
  const time = now.getTime();
  const until = result.validUntil === undefined ? Infinity : (parseTime(result.validUntil) ?? 0);
  return at <= time && time < until;
}

const routineTexts = new WeakMap<Routine, string>();

/** Of all that a routine says; its tests say nothing. */
function textOf(routine: Routine): string {
  let text = routineTexts.get(routine);
  if (text === undefined) {
    const { tests: _, ...rest } = routine;
    text = hash('sha256', JSON.stringify(rest), 'base64url');
    routineTexts.set(routine, text);
  }
  return text;
}

/** Of a binding, what is the same for all images. */
interface Prepared {
  /** routine and parameters, as a result is known by them */
  readonly text: string;
  readonly reads: RoutineReads;
  readonly isAboutInventory: boolean;
  /** of the image before, and what came of these: most images have most of it in common with another */
  last: { readonly digests: readonly string[]; readonly key: string } | undefined;
}

/** Images of one repository have the same bindings, and so may many repositories. */
const prepared = new WeakMap<Binding, Prepared>();

function preparedOf(binding: Binding): Prepared {
  let made = prepared.get(binding);
  if (made === undefined) {
    const { routine, parameters } = binding;
    const reads = readsOf(routine);
    made = {
      text: `${textOf(routine)} ${JSON.stringify(parameters)}`,
      reads,
      isAboutInventory: reads.parts.some((part) => rootOf(part) === 'inventory'),
      last: undefined,
    };
    prepared.set(binding, made);
  }
  return made;
}

/** What a result is known by. Long enough that nobody finds two inputs of one key. */
function keyOf(of: Prepared, parts: FactParts): string {
  const digests = of.reads.parts.map((part) => parts.digest(part));
  const { last } = of;
  if (last && digests.every((digest, at) => digest === last.digests[at])) return last.key;
  const key = hash('sha256', `${of.text} ${digests.join(' ')}`, 'base64url').slice(0, 32);
  of.last = { digests, key };
  return key;
}
