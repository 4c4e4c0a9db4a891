import { ExpressionMistake, planExpression, planSample, type PlannedExpression } from './expression-plan.ts';
import { variableNames } from './fact-values.ts';
import type { Routine } from './routine.ts';

/** The expressions of a routine, planned. */
export interface CompiledRoutine {
  readonly variables: ReadonlyArray<readonly [name: string, expression: PlannedExpression]>;
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
  const planned = (text: string, ...path: string[]): PlannedExpression | undefined => {
    try {
      return path[0] === 'details' ? planSample(text, names, mostDetails) : planExpression(text, names);
    } catch (error) {
      if (!(error instanceof ExpressionMistake)) throw error;
      faults.push({ path, what: error.message });
      return undefined;
    }
  };
  const variables = Object.entries(source.variables).map(([name, text]) => {
    if (names.has(name))
      faults.push({ path: ['variables', name], what: `there is already something called ${name}` });
    const expression = planned(text, 'variables', name);
    names.add(name);
    return [name, expression] as const;
  });
  const expression = planned(source.expression, 'expression');
  const message = planned(source.message, 'message');
  const details = source.details === undefined ? undefined : planned(source.details, 'details');
  const validUntil = source.validUntil === undefined ? undefined : planned(source.validUntil, 'validUntil');
  const complete = variables.filter(
    (variable): variable is readonly [string, PlannedExpression] => !!variable[1],
  );
  if (faults.length > 0 || !expression || !message) return { faults };
  return { routine: { variables: complete, expression, message, details, validUntil } };
}
