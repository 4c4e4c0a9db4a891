import {
  celEnv,
  celError,
  isCelList,
  isCelMap,
  type CelList,
  type CelResult,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { isReflectMessage, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { timestampDate, TimestampSchema, type Timestamp } from '@bufbuild/protobuf/wkt';
import { longestString, priceOfMatch, priceOfReplacement, priceOfSearch, spend } from './expression-cost.ts';
import { matchesPattern } from './expression-patterns.ts';
import { elementsOf, quickList } from './quick-list.ts';

/** target (of a method), then arguments */
type Operands = readonly CelValue[];
type Implementation = (operands: Operands) => CelResult | undefined;

const standard = celEnv({ funcs: [...strings] });

/** Faster or bounded forms of CEL's own functions. Undefined hands the operands on to the library. */
const ours: Record<string, Implementation> = {
  '_[_]': ([container, key]) => {
    const element = elementOf(container, key);
    return element === undefined ? celError('there is no such element') : element;
  },
  '_==_': ([a, b]) => isEqual(a, b),
  '_!=_': ([a, b]) => {
    const equal = isEqual(a, b);
    return typeof equal === 'boolean' ? !equal : equal;
  },
  '@in': ([value, list]) => (isCelList(list) ? isIn(value, list) : undefined),
  '_<_': ([a, b]) => comparison(a, b, (order) => order < 0),
  '_<=_': ([a, b]) => comparison(a, b, (order) => order <= 0),
  '_>_': ([a, b]) => comparison(a, b, (order) => order > 0),
  '_>=_': ([a, b]) => comparison(a, b, (order) => order >= 0),
  '!_': ([value]) => (typeof value === 'boolean' ? !value : undefined),
  '_+_': ([a, b]) => {
    if (typeof a === 'string' && typeof b === 'string') return concatenation(a, b);
    if (!isCelList(a) || !isCelList(b)) return undefined;
    spend(a.size + b.size);
    return quickList([...elementsOf(a), ...elementsOf(b)]);
  },
  join: ([list, separator = '']) => {
    if (!isCelList(list) || typeof separator !== 'string') return undefined;
    spend(list.size);
    let joined = '';
    let first = true;
    for (const item of elementsOf(list)) {
      if (typeof item !== 'string') return celError('join needs a list of strings');
      joined = concatenation(first ? joined : concatenation(joined, separator), item);
      first = false;
    }
    return joined;
  },
  matches: ([text, pattern]) => {
    if (typeof text !== 'string' || typeof pattern !== 'string') return undefined;
    spend(priceOfMatch(text, pattern));
    return matchesPattern(text, pattern);
  },
  // of CEL's extension for lists, for strings only
  distinct: ([list]) => {
    if (!isCelList(list)) return undefined;
    spend(list.size);
    const seen = new Set<string>();
    for (const item of elementsOf(list)) {
      if (typeof item !== 'string') return celError('distinct needs a list of strings');
      seen.add(item);
    }
    return quickList([...seen]);
  },
  // of CEL's extension for sets, as methods and for strings only
  containsAll: ([list, others]) => {
    const [there, wanted] = stringsOf(list, others) ?? [];
    return there && wanted ? wanted.isSubsetOf(there) : celError('containsAll needs lists of strings');
  },
  containsAny: ([list, others]) => {
    const [there, wanted] = stringsOf(list, others) ?? [];
    return there && wanted ? !wanted.isDisjointFrom(there) : celError('containsAny needs lists of strings');
  },
  getFullYear: utcPart((date) => date.getUTCFullYear()),
  getMonth: utcPart((date) => date.getUTCMonth()),
  getDate: utcPart((date) => date.getUTCDate()),
  getDayOfMonth: utcPart((date) => date.getUTCDate() - 1),
  getDayOfWeek: utcPart((date) => date.getUTCDay()),
  getHours: utcPart((date) => date.getUTCHours()),
  getMinutes: utcPart((date) => date.getUTCMinutes()),
};

/** Functions that the library computes, and what they cost at worst. */
const prices: Record<string, (operands: Operands) => number> = {
  contains: ([text, needle]) => search(text, needle),
  indexOf: ([text, needle]) => search(text, needle),
  lastIndexOf: ([text, needle]) => search(text, needle),
  split: ([text, needle]) => search(text, needle) + lengthOf(text),
  replace: ([text, needle, replacement]) =>
    typeof text === 'string' && typeof needle === 'string' && typeof replacement === 'string'
      ? priceOfReplacement(text, needle, replacement)
      : 1,
  matches: ([text, pattern]) =>
    typeof text === 'string' && typeof pattern === 'string' ? priceOfMatch(text, pattern) : 1,
  size: ([value]) => lengthOf(value),
  startsWith: ([, part]) => lengthOf(part),
  endsWith: ([, part]) => lengthOf(part),
  lowerAscii: ([text]) => lengthOf(text),
  upperAscii: ([text]) => lengthOf(text),
  trim: ([text]) => lengthOf(text),
  substring: ([text]) => lengthOf(text),
  int: ([text]) => conversion(text),
  double: ([text]) => conversion(text),
  string: ([text]) => conversion(text),
  bool: ([text]) => conversion(text),
  timestamp: ([text]) => conversion(text),
  duration: ([text]) => conversion(text),
  '_-_': () => 1,
  '_*_': () => 1,
  '_/_': () => 1,
  '_%_': () => 1,
  '-_': () => 1,
};

/**
 * A function that expressions may call, with all it may cost paid for before it runs. Left out are those that depend on
 * the machine (time zones) or whose price cannot be told (format).
 *
 * @param method called on a target, which is then the first operand
 */
export function findFunction(name: string, method: boolean): ((operands: Operands) => CelResult) | undefined {
  const own = ours[name];
  const price = prices[name];
  const library = standard.funcs.find(name);
  if (own === undefined && price === undefined) return undefined;
  let last: { readonly operands: Operands; readonly result: CelResult } | undefined;
  return (operands) => {
    const result = own?.(operands);
    if (result !== undefined) return result;
    if (price) spend(price(operands));
    // `now - params.grace` in a loop is the same each time, and arithmetic on times is slow
    if (last && operands[0] === last.operands[0] && operands[1] === last.operands[1]) return last.result;
    const target = method ? operands[0] : undefined;
    const computed =
      library?.call(0, target, operands.slice(method ? 1 : 0)) ??
      celError(`${name} cannot be applied to these types`);
    if (name === '_-_' && operands.every((operand) => isReflectMessage(operand)))
      last = { operands, result: computed };
    return computed;
  };
}

function elementOf(container: CelValue | undefined, key: CelValue | undefined): CelValue | undefined {
  if (isCelList(container)) return typeof key === 'bigint' ? container.get(Number(key)) : undefined;
  const isKey = typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean';
  return isCelMap(container) && isKey ? container.get(key) : undefined;
}

/** Undefined where they are no lists of strings. */
function stringsOf(
  ...lists: ReadonlyArray<CelValue | undefined>
): ReadonlyArray<ReadonlySet<string>> | undefined {
  const sets: Array<ReadonlySet<string>> = [];
  for (const list of lists) {
    if (!isCelList(list)) return undefined;
    spend(list.size);
    const set = new Set<string>();
    for (const item of elementsOf(list)) {
      if (typeof item !== 'string') return undefined;
      spend(item.length / 64);
      set.add(item);
    }
    sets.push(set);
  }
  return sets;
}

/** CEL's equality, counted element by element: shared parts could make a small value exponentially large to compare. */
function isEqual(a: CelValue | undefined, b: CelValue | undefined): boolean | undefined {
  if (typeof a === 'string' || typeof b === 'string') {
    if (a !== b && typeof a === typeof b) spend(Math.min(lengthOf(a), lengthOf(b)) / 64);
    return a === b;
  }
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a === b;
  if (isCelList(a) && isCelList(b)) {
    if (a.size !== b.size) return false;
    spend(a.size);
    for (let i = 0; i < a.size; i += 1) if (!areEqual(a.get(i), b.get(i))) return false;
    return true;
  }
  if (isCelMap(a) && isCelMap(b)) {
    if (a.size !== b.size) return false;
    spend(a.size);
    for (const [key, value] of a) if (!areEqual(value, b.get(key))) return false;
    return true;
  }
  return undefined;
}

/** As isEqual; what it leaves to the library is asked there. */
function areEqual(a: CelValue | undefined, b: CelValue | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return isEqual(a, b) ?? standard.funcs.find('_==_')?.call(0, undefined, [a, b]) === true;
}

function isIn(value: CelValue | undefined, list: CelList): boolean {
  spend(list.size);
  for (const element of elementsOf(list)) if (areEqual(value, element)) return true;
  return false;
}

/** Integers and times, which are what loops compare; the rest is left to the library. */
function comparison(
  a: CelValue | undefined,
  b: CelValue | undefined,
  holds: (order: number) => boolean,
): boolean | undefined {
  if (typeof a === 'bigint' && typeof b === 'bigint') return holds(a < b ? -1 : a > b ? 1 : 0);
  if (typeof a === 'string' && typeof b === 'string') {
    spend(Math.min(a.length, b.length) / 64);
    return holds(a < b ? -1 : a > b ? 1 : 0);
  }
  if (!isTimestamp(a) || !isTimestamp(b)) return undefined;
  const left = a.message as Timestamp;
  const right = b.message as Timestamp;
  return holds(
    left.seconds === right.seconds ? left.nanos - right.nanos : left.seconds < right.seconds ? -1 : 1,
  );
}

function isTimestamp(value: CelValue | undefined): value is ReflectMessage {
  return typeof value === 'object' && isReflectMessage(value, TimestampSchema);
}

function concatenation(a: string, b: string): string {
  if (a.length + b.length > longestString)
    throw new Error(`a string would become longer than ${longestString} characters`);
  spend((a.length + b.length) / 64);
  return a + b;
}

/** Parts of a time in UTC; a time zone by name would make the result depend on the machine's tables. */
function utcPart(part: (date: Date) => number): Implementation {
  return ([time, zone]) => {
    if (zone !== undefined) return celError('time zones are not supported; times are in UTC');
    return isTimestamp(time) ? BigInt(part(timestampDate(time.message as Timestamp))) : undefined;
  };
}

function search(text: CelValue | undefined, needle: CelValue | undefined): number {
  return typeof text === 'string' && typeof needle === 'string' ? priceOfSearch(text, needle) : 1;
}

function conversion(text: CelValue | undefined): number {
  return 1 + lengthOf(text) ** 2 / 64;
}

function lengthOf(value: CelValue | undefined): number {
  return typeof value === 'string' ? value.length : 1;
}
