import { celEnv, isCelError, parse, plan, type CelValue } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { assert, constantFrom, letrec, oneof, pre, property, tuple } from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate } from './expression.ts';
import { ExpressionMistake, planExpression, type PlannedExpression } from './expression-plan.ts';

const variables: Record<string, CelValue> = { a: 3n, b: -2n, s: 'text' };
const names = new Set(Object.keys(variables));
const library = celEnv({ funcs: [...strings] });

const atoms = ['a', 'b', 's', '0', '1', '2.5', '"x"', 'true', 'false', '[1, a]', '{"k": b}', 'null', '1 / 0'];
const operators = ['+', '-', '*', '/', '%', '<', '<=', '==', '!=', '&&', '||', 'in'];
const macros = ['all', 'exists', 'exists_one', 'map', 'filter'];
const indexes = ['0', '1', '2', 'a', 'b', '"x"'];

const { expression } = letrec<{ expression: string; atom: string }>((tie) => {
  const part = tie('expression');
  return {
    atom: constantFrom(...atoms),
    expression: oneof(
      { maxDepth: 4, withCrossShrink: true },
      tie('atom'),
      tuple(part, constantFrom(...operators), part).map(
        ([left, operator, right]) => `(${left} ${operator} ${right})`,
      ),
      tuple(part, part, part).map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
      part.map((of) => `!(${of})`),
      part.map((of) => `size(${of})`),
      tuple(part, part, constantFrom(...indexes)).map(
        ([first, second, index]) => `[${first}, ${second}][${index}]`,
      ),
      part.map((of) => `has({"k": ${of}}.k)`),
      part.map((of) => `({"k": ${of}}.k)`),
      tuple(constantFrom(...macros), part, part).map(
        ([macro, of, body]) => `[a, ${of}, 1].${macro}(s, ${body})`,
      ),
      tuple(part, part).map(([condition, of]) => `[a, 1].map(s, ${condition}, ${of})`),
      tuple(part, part).map(([of, other]) => `{"k": ${of}, "l": ${other}}.all(s, s != "l")`),
    ),
  };
});

it('our walk over the tree gives what the library gives', () => {
  assert(
    property(expression, (text) => {
      const planned = planOrRefuse(text);
      pre(planned !== undefined);
      const theirs = plan(library, parse(text))(variables);
      const ours = evaluate(planned, variables);
      expect({ text, result: ours.ok ? plain(ours.value) : 'an error' }).toEqual({
        text,
        result: isCelError(theirs) ? 'an error' : plain(theirs),
      });
    }),
    { numRuns: 1500 },
  );
});

/** Undefined where the text is nested deeper than we allow. */
function planOrRefuse(text: string): PlannedExpression | undefined {
  try {
    return planExpression(text, names);
  } catch (error) {
    if (error instanceof ExpressionMistake && error.message.includes('deep')) return undefined;
    throw error;
  }
}

/** Lists and maps as plain data, so that they can be compared. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('entries' in value)
    return new Map([...(value as ReadonlyMap<unknown, unknown>)].map(([key, of]) => [key, plain(of)]));
  return Symbol.iterator in value ? [...(value as Iterable<unknown>)].map(plain) : value;
}
