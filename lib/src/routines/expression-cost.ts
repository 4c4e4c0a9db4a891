/**
 * What one evaluation may spend. One unit is about the evaluation of one node of the expression; measured, the budget
 * lasts for less than a second of the slowest expressions that were found. A count and not a clock, because a verdict
 * has to be the same wherever and whenever it is computed.
 */
const budget = 2_000_000;

/** Longest string that an expression may build, in UTF-16 units. */
export const longestString = 65_536;

/** Evaluation is synchronous and not reentrant, so one counter serves. */
let left = budget;
/** of the evaluations before the last one */
let total = 0;

/** Thrown through the whole evaluation: nothing in an expression can catch it. */
class BudgetSpent extends Error {}

/** Takes units from the budget. @throws BudgetSpent where they are not there */
export function spend(units: number): void {
  left -= units;
  if (left < 0) throw new BudgetSpent('the expression costs more than one evaluation may');
}

/** Units that all evaluations together have spent, for who bounds many of them. */
export function unitsSpent(): number {
  return total + unitsUsed();
}

/** Units that this evaluation has spent. */
export function unitsUsed(): number {
  return budget - left;
}

/** Runs one evaluation with a full budget. Errors made on the way carry no stack: making those is what costs. */
export function withBudget<T>(run: () => T): T {
  const before = Error.stackTraceLimit;
  total += unitsUsed();
  left = budget;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = before;
  }
}

/** What searching `needle` in `text` may cost at worst. */
export function priceOfSearch(text: string, needle: string): number {
  return 1 + text.length / 8 + (text.length * needle.length) / 64;
}

/** What replacing may cost at worst: as many copies as there may be occurrences. */
export function priceOfReplacement(text: string, needle: string, replacement: string): number {
  const occurrences = text.length / Math.max(needle.length, 1) + 1;
  return 1 + (occurrences * (text.length + occurrences * replacement.length)) / 64;
}

/** What matching a regular expression in RE2's syntax costs: linear in the text, times what the pattern unfolds to. */
export function priceOfMatch(text: string, pattern: string): number {
  if (pattern.length > 256) throw new Error('the pattern is longer than 256 characters');
  let size = pattern.length + 300 * (pattern.split('\\p').length + pattern.split('\\P').length - 2);
  for (const [, least = '1', most = ''] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g))
    size *= Math.max(Number(least), Number(most), 1);
  if (size > 20_000) throw new Error('the pattern repeats too much');
  return 50 + size + (text.length * size) / 16;
}
