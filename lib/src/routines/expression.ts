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
import { withBudget } from './expression-cost.ts';
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

/** Adds named expressions to the variables: each is computed once, when the first expression asks for it. */
export function addLazily(
  variables: Variables,
  expressions: ReadonlyArray<readonly [name: string, expression: PlannedExpression]>,
): Variables {
  const all: Variables = Object.assign(Object.create(null) as Record<string, CelResult>, variables);
  for (const [name, expression] of expressions) {
    let known: CelResult | undefined;
    Object.defineProperty(all, name, { get: () => (known ??= expression(all)) });
  }
  return all;
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
