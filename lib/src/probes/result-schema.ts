import type { Path, PlainCheck } from '../routines/plain-check.ts';

/**
 * What a probe may find, as it declares it: a small part of JSON Schema (2020-12) in which everything is bounded, nothing refers
 * elsewhere, and what is not named is refused. Numbers are whole, so that every reader sees the same one.
 */
export type ResultSchema =
  | {
      readonly kind: 'object';
      readonly properties: ReadonlyMap<string, ResultSchema>;
      readonly required: readonly string[];
      /** of properties that are not named; absent: there may be none */
      readonly others?: ResultSchema;
    }
  | { readonly kind: 'array'; readonly items: ResultSchema; readonly most: number }
  | { readonly kind: 'string'; readonly choices?: readonly string[]; readonly longest: number }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  | { readonly kind: 'boolean' };

/** Levels of a schema, and so of a result. */
const deepest = 12;
/** Named properties of one object, and choices of one text. */
const mostNames = 200;
/** Elements of one list, and properties of one object that are not named. */
const mostElements = 20_000;
const longestText = 65_536;
const longestName = 200;

/** Keywords by type; `title`, `description` and `$schema` may stand anywhere, and mean nothing here. */
const keywords: Readonly<Record<ResultSchema['kind'], readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'maxItems'],
  string: ['enum', 'maxLength'],
  integer: ['minimum', 'maximum'],
  boolean: [],
};
const remarks = ['title', 'description', '$schema'];
const kinds = Object.keys(keywords) as ReadonlyArray<ResultSchema['kind']>;

/** Reads a schema; what is wrong with it, keywords that are not known included, is told to `check`. */
export function readResultSchema(value: unknown, path: Path, check: PlainCheck, depth = 0): ResultSchema {
  if (depth > deepest) {
    check.fail(path, `is nested deeper than ${deepest} levels`);
    return { kind: 'boolean' };
  }
  const given = Object.fromEntries(check.entries(value, path));
  const kind = check.choice(given['type'], [...path, 'type'], kinds);
  const fields = check.fields(given, path, ['type', ...remarks, ...keywords[kind]]);
  const bound = (name: string, least: number, most: number, usual: number): number => {
    const number = fields[name] ?? usual;
    if (Number.isSafeInteger(number) && (number as number) >= least && (number as number) <= most)
      return number as number;
    check.fail([...path, name], `must be a whole number from ${least} to ${most}`);
    return usual;
  };
  const part = (name: string): ResultSchema =>
    readResultSchema(fields[name], [...path, name], check, depth + 1);
  switch (kind) {
    case 'object':
      return readObject(fields, path, check, depth);
    case 'array':
      return { kind, items: part('items'), most: bound('maxItems', 0, mostElements, mostElements) };
    case 'string': {
      const longest = bound('maxLength', 0, longestText, longestText);
      if (fields['enum'] === undefined) return { kind, longest };
      const at = [...path, 'enum'];
      const choices = check
        .list(fields['enum'], at, mostNames)
        .map((one, index) => check.text(one, [...at, index], longestName));
      return { kind, choices, longest };
    }
    case 'integer': {
      const [least, most] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
      return { kind, least: bound('minimum', least, most, least), most: bound('maximum', least, most, most) };
    }
    case 'boolean':
      return { kind };
    default:
      return kind satisfies never;
  }
}

function readObject(
  fields: Readonly<Record<string, unknown>>,
  path: Path,
  check: PlainCheck,
  depth: number,
): ResultSchema {
  const at = [...path, 'properties'];
  const named = fields['properties'] === undefined ? [] : check.entries(fields['properties'], at);
  if (named.length > mostNames) check.fail(at, `has ${named.length} names, more than ${mostNames}`);
  const properties = new Map<string, ResultSchema>();
  for (const [name, part] of named.slice(0, mostNames)) {
    const mistake = mistakeInName(name);
    if (mistake !== undefined) check.fail([...at, name], mistake);
    properties.set(name, readResultSchema(part, [...at, name], check, depth + 1));
  }
  const required = check
    .list(fields['required'] ?? [], [...path, 'required'], mostNames)
    .map((one, index) => check.text(one, [...path, 'required', index], longestName));
  for (const name of required)
    if (!properties.has(name)) check.fail([...path, 'required'], `names no property: ${name}`);
  const others = fields['additionalProperties'] ?? false;
  return {
    kind: 'object',
    properties,
    required,
    ...(others === false
      ? {}
      : { others: readResultSchema(others, [...path, 'additionalProperties'], check, depth + 1) }),
  };
}

/** Why a value is not what a schema says, and where; undefined: it is. */
export function mistakeInResult(
  value: unknown,
  schema: ResultSchema,
  where = 'the result',
): string | undefined {
  switch (schema.kind) {
    case 'object':
      return mistakeInObject(value, schema, where);
    case 'array':
      if (!Array.isArray(value)) return `${where} is not a list`;
      if (value.length > schema.most)
        return `${where} has ${value.length} elements, more than ${schema.most}`;
      return first(value.entries(), ([index, one]) =>
        mistakeInResult(one, schema.items, `${where}[${index}]`),
      );
    case 'string':
      if (typeof value !== 'string') return `${where} is not a text`;
      if (value.length > schema.longest) return `${where} is longer than ${schema.longest} characters`;
      return schema.choices?.includes(value) === false
        ? `${where} is none of ${schema.choices.join(', ')}`
        : undefined;
    case 'integer':
      if (!Number.isSafeInteger(value)) return `${where} is not a whole number`;
      return (value as number) < schema.least || (value as number) > schema.most
        ? `${where} lies outside of ${schema.least} to ${schema.most}`
        : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${where} is neither true nor false`;
    default:
      return schema satisfies never;
  }
}

function mistakeInObject(
  value: unknown,
  { properties, required, others }: Extract<ResultSchema, { kind: 'object' }>,
  where: string,
): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${where} is not an object`;
  const fields = Object.entries(value);
  if (fields.length > mostElements) return `${where} has ${fields.length} properties`;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${where} has no ${missing}`;
  return first(fields, ([name, one]) => {
    const schema = properties.get(name) ?? others;
    if (schema === undefined)
      return `${where} has ${JSON.stringify(name.slice(0, 100))}, which is not declared`;
    return mistakeInName(name) ?? mistakeInResult(one, schema, `${where}.${name.slice(0, 100)}`);
  });
}

/** Names that mean something else to programs than to people are nobody's property. */
function mistakeInName(name: string): string | undefined {
  if (name === '__proto__') return 'must not be called __proto__';
  return name === '' || name.length > longestName ? `has a name that is empty or too long` : undefined;
}

function first<T>(values: Iterable<T>, mistakeIn: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const mistake = mistakeIn(value);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}
