import { hash } from 'node:crypto';
import { evaluateRoutine, type RoutineResult } from './evaluate-routine.ts';
import { isKnown, type FactParts } from './fact-parts.ts';
import type { Facts } from './facts.ts';
import type { Evaluator } from './judge.ts';
import { readsOf, rootOf } from './routine-reads.ts';
import type { ParameterValues, Routine } from './routine.ts';
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
  const evaluate: Evaluator = ({ id: binding, routine, parameters }, seen, now) => {
    const own = seen === facts ? parts : parts.withFindings(seen.findings);
    const key = keyOf(routine, parameters, own);
    const known = memory.find(key);
    if (known && holds(known, routine, now)) {
      log.reused += 1;
      log.results.set(key, { result: known.result, binding });
      return known.result;
    }
    const result = evaluateRoutine(routine, parameters, seen, now);
    if (!hasInventory && readsOf(routine).parts.some((part) => rootOf(part) === 'inventory')) {
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

function holds({ result, at }: Remembered, routine: Routine, now: Date): boolean {
  const reads = readsOf(routine);
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

const parameterTexts = new WeakMap<ParameterValues, string>();

function parametersText(parameters: ParameterValues): string {
  let text = parameterTexts.get(parameters);
  if (text === undefined) {
    text = JSON.stringify(parameters);
    parameterTexts.set(parameters, text);
  }
  return text;
}

/** What a result is known by. Long enough that nobody finds two inputs of one key. */
function keyOf(routine: Routine, parameters: ParameterValues, parts: FactParts): string {
  let input = `${textOf(routine)} ${parametersText(parameters)}`;
  for (const part of readsOf(routine).parts) input += ` ${parts.digest(part)}`;
  return hash('sha256', input, 'base64url').slice(0, 32);
}
