import { celMap, type CelInput, type CelMap, type CelValue } from '@bufbuild/cel';
import { create } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { DurationSchema, timestampFromMs, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { shared } from './element-numbers.ts';
import { factsShape, type Shape } from './fact-shape.ts';
import type { Facts } from './facts.ts';
import type { ParameterDeclaration, ParameterValues } from './routine.ts';
import { quickList } from './quick-list.ts';
import { compareFindings, severityRanks } from './severity-order.ts';
import { parseTime } from './time.ts';

/** Names that an expression can use. `facts` holds the others up to held, for has(facts.held). */
export const variableNames: ReadonlySet<string> = new Set([
  'facts',
  'image',
  'inventory',
  'findings',
  'advisories',
  'signatures',
  'attestations',
  'custody',
  'probes',
  'scanners',
  'repository',
  'held',
  'params',
  'now',
  'rank',
]);

const ranks = celMap(new Map(severityRanks.map((severity, index) => [severity, BigInt(index)])));
const converted = new WeakMap<Facts, Readonly<Record<string, CelValue>>>();

/**
 * The facts as CEL variables: integers are int, times are timestamps, what is absent is absent. Converted field by
 * field when an expression asks, once per Facts object, which must not be changed afterwards. Findings stand in their
 * canonical order, worst first.
 */
export function variablesOfFacts(facts: Facts): Readonly<Record<string, CelValue>> {
  const known = converted.get(facts);
  if (known) return known;
  const ordered =
    facts.findings === undefined ? facts : { ...facts, findings: [...facts.findings].sort(compareFindings) };
  const all = celMap(new FieldMap(ordered, factsShape, new Map()));
  const variables = Object.assign(Object.create(null) as Record<string, CelValue>, {
    facts: all,
    rank: ranks,
  });
  for (const [name, value] of all) if (typeof name === 'string') variables[name] = value;
  converted.set(facts, variables);
  return variables;
}

/** Parameter values as CEL: whole numbers are int, days are durations. */
export function valueOfParameters(
  values: ParameterValues,
  declarations: Readonly<Record<string, ParameterDeclaration>>,
): CelMap {
  return celMap(
    new Map(
      Object.entries(values).map(([name, value]): [string, CelInput] => {
        if (typeof value === 'number')
          return [name, declarations[name]?.type === 'days' ? durationOfDays(value) : BigInt(value)];
        return [name, typeof value === 'object' ? quickList(value) : value];
      }),
    ),
  );
}

/** A time as a CEL timestamp. */
function valueOfTime(time: Date): CelValue {
  return reflect(TimestampSchema, timestampFromMs(time.getTime()));
}

let lastNow: { readonly ms: number; readonly value: CelValue } | undefined;

/** The time that is judged for: one value for all images that are judged at once, by which expressions know that it is the same. */
export function valueOfNow(now: Date): CelValue {
  const ms = now.getTime();
  if (lastNow?.ms !== ms) lastNow = { ms, value: valueOfTime(now) };
  return lastNow.value;
}

function durationOfDays(days: number): CelInput {
  return reflect(DurationSchema, create(DurationSchema, { seconds: BigInt(days) * 86_400n }));
}

/** Times of one Facts object by their text: many findings have one advisory, and making timestamps is slow. */
type Times = Map<string, CelValue>;

/** An object of the facts, seen through its shape. Fields that the shape does not have do not exist. */
class FieldMap implements ReadonlyMap<string, CelInput> {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #fields: ReadonlyMap<string, Shape>;
  readonly #times: Times;
  #made: Map<string, CelValue> | undefined;

  constructor(object: object, shape: Shape, times: Times) {
    this.#object = object as Record<string, unknown>;
    this.#fields = shape.kind === 'record' ? shape.fields : new Map();
    this.#times = times;
  }

  get(name: string): CelInput | undefined {
    const shape = this.#fields.get(name);
    if (shape === undefined) return undefined;
    const value = this.#object[name];
    if (value === undefined) return undefined;
    if (shape.kind === 'text' && typeof value === 'string') return value;
    if (shape.kind === 'truth' && typeof value === 'boolean') return value;
    let made = this.#made?.get(name);
    if (made === undefined) {
      made = convert(value, shape, name, this.#times);
      (this.#made ??= new Map()).set(name, made);
    }
    return made;
  }

  has(name: string): boolean {
    return this.#fields.has(name) && this.#object[name] !== undefined;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  *keys(): MapIterator<string> {
    for (const name of this.#fields.keys()) if (this.has(name)) yield name;
  }

  *values(): MapIterator<CelInput> {
    for (const name of this.keys()) yield this.get(name)!;
  }

  *entries(): MapIterator<[string, CelInput]> {
    for (const name of this.keys()) yield [name, this.get(name)!];
  }

  [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries();
  }

  forEach(visit: (value: CelInput, key: string, map: ReadonlyMap<string, CelInput>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
}

/** @throws Error where the value is not what its shape says; the expression that asked is then undecided */
function convert(value: unknown, shape: Shape, name: string, times: Times): CelValue {
  const wrong = (): never => {
    throw new Error(`the fact ${name} is not of the kind ${shape.kind}`);
  };
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string' ? value : wrong();
    case 'truth':
      return typeof value === 'boolean' ? value : wrong();
    case 'integer':
      return Number.isSafeInteger(value) ? BigInt(value as number) : wrong();
    case 'number':
      return typeof value === 'number' ? value : wrong();
    case 'time':
      return (typeof value === 'string' ? timestampOf(value, times) : undefined) ?? wrong();
    case 'texts-by-name':
      if (typeof value !== 'object' || value === null) return wrong();
      return celMap(
        new Map(
          Object.entries(value).map(([key, text]) => [key, convert(text, { kind: 'text' }, key, times)]),
        ),
      );
    case 'by-name':
      if (typeof value !== 'object' || value === null) return wrong();
      return celMap(
        new Map(Object.entries(value).map(([key, one]) => [key, convert(one, shape.of, key, times)])),
      );
    case 'json':
      return convertJson(value) ?? wrong();
    case 'list':
      return Array.isArray(value)
        ? quickList(value.map((element) => convert(element, shape.of, name, times)))
        : wrong();
    case 'record':
      if (typeof value !== 'object' || value === null) return wrong();
      return mapOf(value, shape, times);
    default:
      return shape satisfies never;
  }
}

/** JSON as CEL; undefined for null and for numbers that are not whole, which no schema of a probe allows. */
function convertJson(value: unknown): CelValue | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const parts: Array<readonly [string, unknown]> = Object.entries(value);
  const made = parts.map(([name, part]): [string, CelValue | undefined] => [name, convertJson(part)]);
  if (!made.every((part): part is [string, CelValue] => part[1] !== undefined)) return undefined;
  return Array.isArray(value) ? quickList(made.map(([, part]) => part)) : celMap(new Map(made));
}

/** Images that are judged together have findings in common: each is converted once. */
const records = new WeakMap<object, CelMap>();

function mapOf(object: object, shape: Shape, times: Times): CelMap {
  let made = records.get(object);
  if (made === undefined) {
    made = shared(celMap(new FieldMap(object, shape, times)));
    records.set(object, made);
  }
  return made;
}

function timestampOf(text: string, times: Times): CelValue | undefined {
  let timestamp = times.get(text);
  if (timestamp === undefined) {
    const ms = parseTime(text);
    if (ms === undefined) return undefined;
    timestamp = valueOfTime(new Date(ms));
    times.set(text, timestamp);
  }
  return timestamp;
}
