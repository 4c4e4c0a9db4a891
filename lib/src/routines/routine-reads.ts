import type { Facts } from './facts.ts';
import { factsShape } from './fact-shape.ts';
import { parseText, type Expr } from './expression-plan.ts';
import { tellsMovingTime } from './moving-time.ts';
import type { Routine } from './routine.ts';

/** What the result of a routine rests on besides its parameters. */
export interface RoutineReads {
  /** fields of the facts, in order: `findings`, `inventory.packages`; a whole one where more of it is asked for than a field */
  readonly parts: readonly string[];
  /** true: the time as well */
  readonly time: boolean;
  /** true: what it tells may be another thing from one moment to the next */
  readonly movingTime: boolean;
}

type Sources = Pick<
  Routine,
  'appliesTo' | 'needs' | 'variables' | 'expression' | 'message' | 'details' | 'validUntil'
>;

const read = new WeakMap<Sources, RoutineReads>();
const roots: ReadonlySet<string> = new Set(factsShape.kind === 'record' ? factsShape.fields.keys() : []);

/**
 * Tells from the text of a routine what its result can rest on, never less: two images that have these parts alike, byte for
 * byte, have the same result. A text that cannot be parsed is taken to read everything.
 */
export function readsOf(routine: Sources): RoutineReads {
  let known = read.get(routine);
  if (known === undefined) {
    known = analyse(routine);
    read.set(routine, known);
  }
  return known;
}

function analyse(routine: Sources): RoutineReads {
  const { needs, variables, expression, message, details, validUntil } = routine;
  const texts = [...Object.values(variables), expression, message, details, validUntil];
  // The kind decides whether the routine is about the image at all.
  const found = new Set(['image.kind']);
  let time = validUntil !== undefined;
  for (const text of texts) {
    if (text === undefined) continue;
    for (const path of pathsOf(text)) {
      const [first, ...rest] = path[0] === 'facts' ? path.slice(1) : path;
      if (first === undefined) for (const root of roots) found.add(root);
      else if (roots.has(first)) found.add(partOf(first, rest[0]));
      else if (first === 'now') time = true;
    }
  }
  for (const need of needs) {
    if (need === 'kind') continue;
    if (need === 'config') found.add('image.config');
    else if (![...found].some((part) => rootOf(part) === need)) found.add(need);
  }
  // who reads the whole reads its fields
  const parts = [...found].filter((part) => part === rootOf(part) || !found.has(rootOf(part)));
  return { parts: parts.sort(), time, movingTime: time && tellsMovingTime(routine) };
}

/** The field of the facts that a part belongs to. */
export function rootOf(part: string): keyof Facts {
  return part.split('.', 1)[0] as keyof Facts;
}

function partOf(root: string, field: string | undefined): string {
  const shape = factsShape.kind === 'record' ? factsShape.fields.get(root) : undefined;
  return field === undefined || shape?.kind !== 'record' ? root : `${root}.${field}`;
}

/** Names that an expression asks of what is around it, each with the fields that it selects at once. */
function pathsOf(text: string): ReadonlyArray<readonly string[]> {
  const paths: string[][] = [];
  try {
    visit(parseText(text), new Set(), paths);
  } catch {
    return [['facts'], ['now']];
  }
  return paths;
}

function visit(expr: Expr | undefined, bound: ReadonlySet<string>, paths: string[][]): void {
  const kind = expr?.exprKind;
  const path = pathOf(expr, bound);
  if (path) paths.push(path);
  else if (kind?.case === 'selectExpr') visit(kind.value.operand, bound, paths);
  else if (kind?.case === 'callExpr') {
    visit(kind.value.target, bound, paths);
    for (const argument of kind.value.args) visit(argument, bound, paths);
  } else if (kind?.case === 'listExpr') {
    for (const element of kind.value.elements) visit(element, bound, paths);
  } else if (kind?.case === 'structExpr') {
    for (const { keyKind, value } of kind.value.entries) {
      if (keyKind.case === 'mapKey') visit(keyKind.value, bound, paths);
      visit(value, bound, paths);
    }
  } else if (kind?.case === 'comprehensionExpr') {
    const { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result } = kind.value;
    visit(iterRange, bound, paths);
    const inside = new Set([...bound, iterVar, accuVar]);
    for (const part of [accuInit, loopCondition, loopStep, result]) visit(part, inside, paths);
  }
}

/** `image.config.user` as its names; undefined for anything but fields of a name that no macro binds. */
function pathOf(expr: Expr | undefined, bound: ReadonlySet<string>): string[] | undefined {
  const kind = expr?.exprKind;
  if (kind?.case === 'identExpr') return bound.has(kind.value.name) ? undefined : [kind.value.name];
  if (kind?.case !== 'selectExpr') return undefined;
  const of = pathOf(kind.value.operand, bound);
  return of && [...of, kind.value.field];
}
