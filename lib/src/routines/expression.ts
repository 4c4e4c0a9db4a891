import {
  celEnv,
  celFunc,
  CelScalar,
  isCelError,
  parse,
  plan,
  type CelResult,
  type CelValue,
} from '@bufbuild/cel';
import { spend, unitsUsed, withBudget } from './expression-cost.ts';
import type { PlannedExpression, Variables } from './expression-plan.ts';

/** What an evaluation gave: a value, or why there is none. The library returns errors as values; here they are apart. */
export type Evaluation =
  | { readonly ok: true; readonly value: CelValue }
  | { readonly ok: false; readonly error: string };

/** Runs a planned expression: deterministic, bounded in time and memory, never throws. */
export function evaluate(expression: PlannedExpression, variables: Variables): Evaluation {
  try {
    const value = insideLibrary(() => withBudget(() => expression(variables)));
    return isCelError(value) ? { ok: false, error: value.message } : { ok: true, value };
  } catch (error) {
    return { ok: false, error: (error as Error).message };
  }
}

/** An expression that others ask for by name. */
export interface NamedExpression {
  readonly name: string;
  readonly run: PlannedExpression;
  /** present where it asks for nothing but `params`, `now` and `rank`: what it gave for the last two of them */
  readonly steady?: { last?: Steady };
}

interface Steady {
  readonly params: CelResult | undefined;
  readonly now: CelResult | undefined;
  readonly value: CelResult;
  readonly units: number;
}

/**
 * Adds named expressions to the variables: each is computed once, when the first expression asks for it. One that does not look at the
 * image is the very same value for all that are judged with the same parameters and time, and costs the same each time.
 */
export function addLazily(variables: Variables, expressions: readonly NamedExpression[]): Variables {
  const all: Variables = Object.assign(Object.create(null) as Record<string, CelResult>, variables);
  for (const { name, run, steady } of expressions) {
    let known: CelResult | undefined;
    const get = (): CelResult => (known ??= steady ? steadyValue(run, steady, all) : run(all));
    Object.defineProperty(all, name, { get });
  }
  return all;
}

function steadyValue(run: PlannedExpression, steady: { last?: Steady }, variables: Variables): CelResult {
  const { params, now } = variables;
  const { last } = steady;
  if (last && last.params === params && last.now === now) {
    spend(last.units);
    return last.value;
  }
  const before = unitsUsed();
  const value = run(variables);
  steady.last = { params, now, value, units: unitsUsed() - before };
  return value;
}

let body: () => CelResult;
let outcome: { readonly value: CelResult } | { readonly thrown: unknown };

/** The library's functions on times ask for the registry of the evaluation around them: this is one. */
const host = plan(
  celEnv({
    funcs: [
      celFunc('evaluate', [], CelScalar.BOOL, () => {
        try {
          outcome = { value: body() };
        } catch (error) {
          outcome = { thrown: error };
        }
        return true;
      }),
    ],
  }),
  parse('evaluate()'),
);

function insideLibrary(run: () => CelResult): CelResult {
  body = run;
  host();
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.value;
}
