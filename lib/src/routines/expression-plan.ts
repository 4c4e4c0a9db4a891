import {
  celError,
  celMap,
  celUint,
  isCelError,
  isCelList,
  isCelMap,
  parse,
  type CelInput,
  type CelResult,
  type CelValue,
} from '@bufbuild/cel';
import { ask, rememberedByNumber, rememberedByText, RememberingPart, type Asking } from './element-memory.ts';
import type { Numbers } from './element-numbers.ts';
import { spend } from './expression-cost.ts';
import { findFunction } from './expression-functions.ts';
import { elementsOf, numbersIn, quickList } from './quick-list.ts';

const limits = { bytes: 4096, nodes: 600, depth: 60, nesting: 2 } as const;

/** What is wrong with an expression, for its author. */
export class ExpressionMistake extends Error {}

/** Values by name; a value may be an error, and may be computed when it is asked for. */
export type Variables = Readonly<Record<string, CelResult>>;

/** A planned expression. To be run inside of `evaluate` only, which bounds it. */
export type PlannedExpression = (variables: Variables) => CelResult;

/** The same with the variables that it asks for, none of those that its macros bind. */
interface PlannedVariable {
  readonly run: PlannedExpression;
  readonly asksFor: ReadonlySet<string>;
}

/** Values of the names of an expression, and of those that its macros bind. */
interface Frame {
  readonly variables: Variables;
  readonly slots: CelResult[];
  /** notes the names that are asked for, where a loop remembers what it gave for an element */
  asking?: Asking | undefined;
  /** how many elements the list of a sample has in truth */
  total?: number;
}

/** Evaluates one node. Errors of CEL are values; what is thrown ends the whole evaluation. */
type Step = (frame: Frame) => CelResult;

/** A planned part of an expression, and how many nodes it has. */
interface Plan {
  readonly run: Step;
  readonly nodes: number;
}

interface Scope {
  /** names bound by the program around the expression */
  readonly names: ReadonlySet<string>;
  /** takes those of them that stand in the expression */
  readonly asksFor: Set<string>;
  /** names bound by macros → slot */
  readonly local: ReadonlyMap<string, number>;
  /** macros around this place */
  readonly nesting: number;
  readonly depth: number;
  /** elements to compute of the list that the whole expression gives; of lists inside of it all are */
  readonly most: number;
}

/** A parsed expression. */
export type Expr = NonNullable<ReturnType<typeof parse>['expr']>;
type Value<Case extends string> = Extract<Expr['exprKind'], { case: Case }>['value'];

/**
 * Turns CEL text into a function (docs/decisions/0020-metered-expressions.md). The text is refused where its size, depth or nesting cannot be bounded, or where it
 * uses names and functions that do not exist. The library parses it and gives the functions; walking the tree is
 * done here, because there each round of a loop is paid for, lists are built without nesting one in the next, and a field is
 * found without asking for qualified names.
 *
 * @param names variables that it may use
 * @throws ExpressionMistake
 */
export function planExpression(text: string, names: ReadonlySet<string>): PlannedExpression {
  return planVariable(text, names).run;
}

/** The same, and what it asks for. @throws ExpressionMistake */
export function planVariable(text: string, names: ReadonlySet<string>): PlannedVariable {
  const asksFor = new Set<string>();
  const { run } = planText(text, names, Number.POSITIVE_INFINITY, asksFor);
  return { run: (variables) => run({ variables, slots: [] }), asksFor };
}

/**
 * As planExpression, for a list of which only the first elements are wanted. Gives a map: `shown`, the list of these,
 * and `total`, how many there are. Where the text ends in map or filter, those beyond are counted and not computed.
 */
export function planSample(text: string, names: ReadonlySet<string>, most: number): PlannedExpression {
  const { run } = planText(text, names, most);
  return (variables) => {
    const frame: Frame = { variables, slots: [] };
    const list = run(frame);
    if (isCelError(list)) return list;
    if (!isCelList(list)) return celError('it is not a list');
    const shown = [...elementsOf(list)].slice(0, most);
    return celMap(
      new Map<string, CelInput>([
        ['shown', quickList(shown)],
        ['total', BigInt(frame.total ?? list.size)],
      ]),
    );
  };
}

function planText(text: string, names: ReadonlySet<string>, most: number, asksFor = new Set<string>()): Plan {
  if (Buffer.byteLength(text) > limits.bytes)
    throw new ExpressionMistake(`it is longer than ${limits.bytes} bytes`);
  const scope: Scope = { names, asksFor, local: new Map(), nesting: 0, depth: 0, most };
  const { run, nodes } = planNode(parseText(text), scope);
  if (nodes > limits.nodes) throw new ExpressionMistake(`it has ${nodes} parts, more than ${limits.nodes}`);
  const paid: Step = (frame) => {
    spend(nodes);
    return run(frame);
  };
  return { run: paid, nodes };
}

/** Parses CEL text, its macros unfolded. @throws ExpressionMistake */
export function parseText(text: string): Expr {
  try {
    const { expr } = parse(text);
    if (expr) return expr;
  } catch (error) {
    if (error instanceof RangeError) throw new ExpressionMistake('it is nested too deeply');
    throw new ExpressionMistake((error as Error).message.replace('<input>:', 'at '));
  }
  throw new ExpressionMistake('it is empty');
}

function planNode(expr: Expr | undefined, outer: Scope): Plan {
  if (outer.depth > limits.depth)
    throw new ExpressionMistake(`it is nested deeper than ${limits.depth} levels`);
  const kind = expr?.exprKind;
  if (kind?.case === 'comprehensionExpr') return planMacro(kind.value, outer);
  const scope = within(outer);
  if (kind?.case === 'constExpr') return planConstant(kind.value);
  if (kind?.case === 'identExpr') return planName(kind.value.name, scope);
  if (kind?.case === 'selectExpr') return planSelect(kind.value, scope);
  if (kind?.case === 'callExpr') return planCall(kind.value, scope);
  if (kind?.case === 'listExpr') return planList(kind.value, scope);
  if (kind?.case === 'structExpr') return planMap(kind.value, scope);
  throw new ExpressionMistake('it is incomplete');
}

/** The scope of the parts of a node. */
function within(scope: Scope): Scope {
  return { ...scope, depth: scope.depth + 1, most: Number.POSITIVE_INFINITY };
}

function planConstant({ constantKind }: Value<'constExpr'>): Plan {
  if (constantKind.case === undefined || typeof constantKind.value === 'object')
    throw new ExpressionMistake(`a ${constantKind.case ?? 'missing'} constant is not supported`);
  const value: CelValue =
    constantKind.case === 'nullValue'
      ? null
      : constantKind.case === 'uint64Value'
        ? celUint(constantKind.value)
        : constantKind.value;
  return { run: () => value, nodes: 1 };
}

function planName(name: string, scope: Scope): Plan {
  const slot = scope.local.get(name);
  if (slot !== undefined) return { run: (frame) => frame.slots[slot]!, nodes: 1 };
  if (!scope.names.has(name))
    throw new ExpressionMistake(`there is nothing called ${name}; there are ${[...scope.names].join(', ')}`);
  scope.asksFor.add(name);
  const run: Step = ({ variables, asking }) =>
    ask(name, asking, () => orError(variables[name], `${name} is not known`));
  return { run, nodes: 1 };
}

/** Null is a value: only undefined is none. */
function orError(value: CelResult | undefined, error: string): CelResult {
  return value === undefined ? celError(error) : value;
}

function planSelect({ operand, field, testOnly }: Value<'selectExpr'>, scope: Scope): Plan {
  const of = planNode(operand, scope);
  const run: Step = (frame) => {
    const value = of.run(frame);
    if (isCelMap(value))
      return testOnly ? value.has(field) : orError(value.get(field), `there is no ${field}`);
    return isCelError(value) ? value : celError(`${field} was asked of something that has no fields`);
  };
  return { run, nodes: of.nodes + 1 };
}

function planCall({ function: name, target, args }: Value<'callExpr'>, scope: Scope): Plan {
  const operands = [...(target ? [target] : []), ...args].map((arg) => planNode(arg, scope));
  const nodes = 1 + operands.reduce((sum, operand) => sum + operand.nodes, 0);
  const steps = operands.map((operand) => operand.run);
  if (name === '_&&_') return { run: logical(steps, false), nodes };
  if (name === '_||_') return { run: logical(steps, true), nodes };
  const [first, second, third] = steps;
  if (name === '@not_strictly_false' && first) return { run: (frame) => first(frame) !== false, nodes };
  if (name === '_?_:_' && first && second && third) {
    const run: Step = (frame) => {
      const condition = first(frame);
      if (condition === true) return second(frame);
      if (condition === false) return third(frame);
      return isCelError(condition) ? condition : celError('a condition is not true or false');
    };
    return { run, nodes };
  }
  const call = findFunction(name, target !== undefined);
  if (call === undefined) throw new ExpressionMistake(`there is no function ${name}`);
  const run: Step = (frame) => {
    const values: CelValue[] = [];
    for (const step of steps) {
      const value = step(frame);
      if (isCelError(value)) return value;
      values.push(value);
    }
    return call(values);
  };
  return { run, nodes };
}

/** && (`decisive` false) and || (true): one decisive side decides, whatever the other side is, an error included. */
function logical(steps: readonly Step[], decisive: boolean): Step {
  return (frame) => {
    let error: CelResult | undefined;
    for (const step of steps) {
      const value = step(frame);
      if (value === decisive) return value;
      if (typeof value !== 'boolean')
        error ??= isCelError(value) ? value : celError('&& and || need true or false on both sides');
    }
    return error ?? !decisive;
  };
}

function planList({ elements, optionalIndices }: Value<'listExpr'>, scope: Scope): Plan {
  if (optionalIndices.length > 0) throw new ExpressionMistake('optional elements are not supported');
  const plans = elements.map((element) => planNode(element, scope));
  const run: Step = (frame) => {
    const values: CelValue[] = [];
    for (const plan of plans) {
      const value = plan.run(frame);
      if (isCelError(value)) return value;
      values.push(value);
    }
    return quickList(values);
  };
  return { run, nodes: plans.reduce((sum, plan) => sum + plan.nodes, 1) };
}

function planMap({ messageName, entries }: Value<'structExpr'>, scope: Scope): Plan {
  if (messageName !== '') throw new ExpressionMistake(`there is no type ${messageName}`);
  const plans = entries.map(({ keyKind, value, optionalEntry }) => {
    if (keyKind.case !== 'mapKey' || optionalEntry)
      throw new ExpressionMistake('optional entries are not supported');
    return { key: planNode(keyKind.value, scope), value: planNode(value, scope) };
  });
  const run: Step = (frame) => {
    const map = new Map<string | bigint | boolean, CelInput>();
    for (const plan of plans) {
      const key = plan.key.run(frame);
      const value = plan.value.run(frame);
      if (isCelError(key)) return key;
      if (isCelError(value)) return value;
      if (typeof key !== 'string' && typeof key !== 'bigint' && typeof key !== 'boolean')
        return celError('the keys of a map are strings, whole numbers or booleans');
      if (map.has(key)) return celError(`the key ${key} stands twice in a map`);
      map.set(key, value);
    }
    return celMap(map);
  };
  return { run, nodes: plans.reduce((sum, plan) => sum + plan.key.nodes + plan.value.nodes, 1) };
}

/** all, exists, exists_one, map, filter: loops over a list or the keys of a map, as the parser unfolds them. */
function planMacro(value: Value<'comprehensionExpr'>, outer: Scope): Plan {
  const scope = within(outer);
  if (scope.nesting >= limits.nesting)
    throw new ExpressionMistake(
      `all, exists, map and filter stand more than ${limits.nesting} deep in each other`,
    );
  const range = planNode(value.iterRange, scope);
  const item = 2 * scope.nesting;
  const body: Scope = {
    ...scope,
    nesting: scope.nesting + 1,
    local: new Map([...scope.local, [value.iterVar, item], [value.accuVar, item + 1]]),
  };
  const loop =
    value.accuInit?.exprKind.case === 'listExpr'
      ? planBuild(value, body, item, outer.most)
      : planFold(value, body, item);
  const run: Step = (frame) => {
    const over = range.run(frame);
    if (isCelList(over))
      return loop.run(frame, elementsOf(over), loop.remembers ? numbersIn(over) : undefined);
    if (isCelMap(over)) return loop.run(frame, [...over.keys()], undefined);
    return isCelError(over) ? over : celError('only lists and maps can be gone through');
  };
  return { run, nodes: 3 + range.nodes + loop.nodes };
}

interface Loop {
  readonly run: (frame: Frame, items: readonly CelValue[], numbers: Numbers | undefined) => CelResult;
  /** true: it asks for the numbers of elements, where they have any */
  readonly remembers: boolean;
  /** of one round */
  readonly nodes: number;
}

/** all, exists, exists_one: an error in one round stands in the accumulator, where a later round may overrule it. */
function planFold(value: Value<'comprehensionExpr'>, body: Scope, item: number): Loop {
  const start = planNode(value.accuInit, body);
  const condition = planNode(value.loopCondition, body);
  const step = planNode(value.loopStep, body);
  const end = planNode(value.result, body);
  const nodes = condition.nodes + step.nodes;
  const run: Loop['run'] = (frame, items) => {
    const { slots } = frame;
    let reached = start.run(frame);
    for (const element of items) {
      spend(nodes);
      slots[item] = element;
      slots[item + 1] = reached;
      if (condition.run(frame) !== true) break;
      reached = step.run(frame);
    }
    slots[item + 1] = reached;
    return end.run(frame);
  };
  return { run, nodes, remembers: false };
}

/** map and filter, unfolded to `list + [x]`, or `condition ? list + [x] : list`. */
function planBuild(
  { loopStep, iterVar }: Value<'comprehensionExpr'>,
  body: Scope,
  item: number,
  most: number,
): Loop {
  const [condition, grown] = callNamed(loopStep, '_?_:_') ?? [undefined, loopStep];
  const [, added] = callNamed(grown, '_+_') ?? [];
  if (added?.exprKind.case !== 'listExpr') throw new ExpressionMistake('it is incomplete');
  const given = added.exprKind.value.elements[0];
  const chosen = condition && planNode(condition, body);
  const element = planNode(given, body);
  const nodes = 2 + (chosen?.nodes ?? 0) + element.nodes;
  const isChosen = chosen && rememberingStep(chosen, body, item);
  const give = rememberingStep(element, body, item);
  const isFilter = given?.exprKind.case === 'identExpr' && given.exprKind.value.name === iterVar;
  const run: Loop['run'] = (frame, items, numbers) => {
    const built: CelValue[] = [];
    // who filters elements that have numbers gives elements that have them
    const kept = isFilter && numbers ? new Int32Array(items.length) : undefined;
    let total = 0;
    for (let at = 0; at < items.length; at += 1) {
      spend(nodes);
      const number = numbers ? numbers.of[at]! : -1;
      const take = isChosen === undefined || isChosen(frame, items[at]!, number, numbers);
      if (take === false) continue;
      if (take !== true) return isCelError(take) ? take : celError('the condition is not true or false');
      total += 1;
      if (total > most) continue;
      const value = isFilter ? items[at]! : give(frame, items[at]!, number, numbers);
      if (isCelError(value)) return value;
      if (kept) kept[built.length] = number;
      built.push(value);
    }
    if (total > most) frame.total = total;
    return quickList(built, kept && { round: numbers!.round, of: kept.subarray(0, built.length) });
  };
  return { run, nodes, remembers: body.nesting === 1 };
}

/** What a loop computes for an element, by whose number, if it has one, it is remembered. */
type ElementStep = (
  frame: Frame,
  element: CelValue,
  number: number,
  numbers: Numbers | undefined,
) => CelResult;

/** Remembers in an outermost loop: those in it see its elements too. What is one node is as quick as to remember it, of a text two are. */
function rememberingStep({ run, nodes }: Plan, body: Scope, item: number): ElementStep {
  const plain: ElementStep = (frame, element) => {
    frame.slots[item] = element;
    return run(frame);
  };
  if (body.nesting > 1 || nodes < 2) return plain;
  const part = new RememberingPart();
  return (frame, element, number, numbers) => {
    frame.slots[item] = element;
    if (numbers && number !== -1) return rememberedByNumber(run, part, frame, number, numbers.round);
    if (nodes > 2 && typeof element === 'string') return rememberedByText(run, part, frame, element);
    return run(frame);
  };
}

function callNamed(expr: Expr | undefined, name: string): readonly Expr[] | undefined {
  const kind = expr?.exprKind;
  return kind?.case === 'callExpr' && kind.value.function === name ? kind.value.args : undefined;
}
