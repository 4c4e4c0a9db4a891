import type { ParameterDeclaration, ParameterValue, ParameterValues } from './routine.ts';

type Declarations = Readonly<Record<string, ParameterDeclaration>>;

/** Bounds of every list and string that a parameter can be. */
const longestList = 1000;
const longestText = 1000;

/** What is wrong with values given for declared parameters; empty if nothing is. */
export function mistakesInParameters(values: ParameterValues, declarations: Declarations): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
    if (!declaration) {
      const known = Object.keys(declarations).join(', ');
      return [`there is no parameter ${name}; ${known === '' ? 'there are none' : `there are ${known}`}`];
    }
    const mistake = mistakeInValue(value, declaration);
    return mistake === undefined ? [] : [`the parameter ${name} ${mistake}`];
  });
}

/** All parameters: those given, and the defaults of the others. */
export function completeParameters(values: ParameterValues, declarations: Declarations): ParameterValues {
  return Object.fromEntries(
    Object.entries(declarations).map(([name, declaration]): [string, ParameterValue] => [
      name,
      Object.hasOwn(values, name) ? values[name]! : declaration.default,
    ]),
  );
}

/** What is wrong with one value, to follow "the parameter x "; undefined if nothing is. */
export function mistakeInValue(value: unknown, declaration: ParameterDeclaration): string | undefined {
  switch (declaration.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'string':
      if (!isText(value)) return `must be a string of at most ${longestText} characters`;
      if (declaration.choices && !declaration.choices.includes(value))
        return `must be one of ${declaration.choices.join(', ')}`;
      return undefined;
    case 'strings':
      return Array.isArray(value) && value.length <= longestList && value.every(isText)
        ? undefined
        : `must be a list of at most ${longestList} strings`;
    case 'integer':
    case 'days': {
      const what = declaration.type === 'days' ? 'a whole number of days' : 'a whole number';
      // a century of days: any duration stays far within what CEL can represent
      const { minimum = declaration.type === 'days' ? 0 : Number.MIN_SAFE_INTEGER } = declaration;
      const { maximum = declaration.type === 'days' ? 36_500 : Number.MAX_SAFE_INTEGER } = declaration;
      if (!Number.isSafeInteger(value)) return `must be ${what}`;
      const number = value as number;
      return number < minimum || number > maximum
        ? `must be ${what} from ${minimum} to ${maximum}`
        : undefined;
    }
    default:
      return declaration satisfies never;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}
