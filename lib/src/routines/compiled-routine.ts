import {
  ExpressionMistake,
  planExpression,
  planSample,
  planVariable,
  type PlannedExpression,
} from './expression-plan.ts';
import type { NamedExpression } from './expression.ts';
import { variableNames } from './fact-values.ts';
import type { Routine } from './routine.ts';

/** The expressions of a routine, planned. */
export interface CompiledRoutine {
  readonly variables: readonly NamedExpression[];
  readonly expression: PlannedExpression;
  readonly message: PlannedExpression;
  /** gives the first details and their number */
  readonly details: PlannedExpression | undefined;
  readonly validUntil: PlannedExpression | undefined;
}

/** A mistake in one of the expressions, and the field that it is in. */
export interface ExpressionFault {
  readonly path: readonly string[];
  readonly what: string;
}

/** Details that a reason shows. */
const mostDetails = 20;

type Compilation = { readonly routine: CompiledRoutine } | { readonly faults: readonly ExpressionFault[] };
type Source = Pick<Routine, 'variables' | 'expression' | 'message' | 'details' | 'validUntil'>;

/** What is the same for all images: the parameters of a binding, and the time for all that are judged at once. */
const steady: ReadonlySet<string> = new Set(['params', 'now', 'rank']);

const compilations = new WeakMap<Source, Compilation>();

/** Plans the expressions of a routine, once per routine object; all that is wrong with them is told at once. */
export function compileRoutine(source: Source): Compilation {
  let compilation = compilations.get(source);
  if (compilation === undefined) {
    compilation = compile(source);
    compilations.set(source, compilation);
  }
  return compilation;
}

function compile(source: Source): Compilation {
  const faults: ExpressionFault[] = [];
  const names = new Set(variableNames);
  function attempt<T>(plan: () => T, ...path: string[]): T | undefined {
    try {
      return plan();
    } catch (error) {
      if (!(error instanceof ExpressionMistake)) throw error;
      faults.push({ path, what: error.message });
      return undefined;
    }
  }
  const planned = (text: string, path: string): PlannedExpression | undefined =>
    attempt(() => planExpression(text, names), path);
  const variables = Object.entries(source.variables).flatMap(([name, text]) => {
    if (names.has(name))
      faults.push({ path: ['variables', name], what: `there is already something called ${name}` });
    const variable = attempt(() => planVariable(text, names), 'variables', name);
    names.add(name);
    if (!variable) return [];
    return [{ name, run: variable.run, ...(variable.asksFor.isSubsetOf(steady) && { steady: {} }) }];
  });
  const expression = planned(source.expression, 'expression');
  const message = planned(source.message, 'message');
  const { details: listed } = source;
  const details =
    listed === undefined ? undefined : attempt(() => planSample(listed, names, mostDetails), 'details');
  const validUntil = source.validUntil === undefined ? undefined : planned(source.validUntil, 'validUntil');
  if (faults.length > 0 || !expression || !message) return { faults };
  return { routine: { variables, expression, message, details, validUntil } };
}
