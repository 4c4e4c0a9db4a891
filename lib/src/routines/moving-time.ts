import { parseText, type Expr } from './expression-plan.ts';
import type { Routine } from './routine.ts';

/** They give true or false: that turns at some moments, and stands still between them. */
const turning: ReadonlySet<string> = new Set([
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  '_==_',
  '_!=_',
  '_&&_',
  '_||_',
  '!_',
  '@in',
  '@not_strictly_false',
]);

/**
 * True if what a routine tells may be another thing from one moment to the next, such as an age in its message. Where it compares
 * the time and no more, what it tells turns at those moments only that its validity names.
 */
export function tellsMovingTime({
  variables,
  message,
  details,
  validUntil,
}: Pick<Routine, 'variables' | 'message' | 'details' | 'validUntil'>): boolean {
  try {
    const moving = new Set(['now']);
    for (const [name, text] of Object.entries(variables))
      if (moves(parseText(text), moving)) moving.add(name);
    return [message, details, validUntil].some(
      (text) => text !== undefined && moves(parseText(text), moving),
    );
  } catch {
    return true;
  }
}

/** True if the value of an expression is, or contains, something that is made of a name that moves. */
function moves(expr: Expr | undefined, moving: ReadonlySet<string>): boolean {
  const kind = expr?.exprKind;
  const any = (parts: ReadonlyArray<Expr | undefined>): boolean => parts.some((part) => moves(part, moving));
  if (kind?.case === 'identExpr') return moving.has(kind.value.name);
  if (kind?.case === 'selectExpr') return !kind.value.testOnly && moves(kind.value.operand, moving);
  if (kind?.case === 'listExpr') return any(kind.value.elements);
  if (kind?.case === 'structExpr')
    return any(kind.value.entries.flatMap(({ keyKind, value }) => [keyOf(keyKind), value]));
  if (kind?.case === 'callExpr') {
    const { function: name, target, args } = kind.value;
    if (turning.has(name)) return false;
    return name === '_?_:_' ? any(args.slice(1)) : any([target, ...args]);
  }
  if (kind?.case === 'comprehensionExpr') {
    const { iterRange, iterVar, accuVar, accuInit, loopStep, result } = kind.value;
    const inside = new Set(moving);
    inside.delete(iterVar);
    inside.delete(accuVar);
    if (moves(iterRange, moving)) inside.add(iterVar);
    if (moves(accuInit, moving) || moves(loopStep, inside)) inside.add(accuVar);
    return moves(result, inside);
  }
  return false;
}

type KeyKind = Extract<Expr['exprKind'], { case: 'structExpr' }>['value']['entries'][number]['keyKind'];

function keyOf(kind: KeyKind): Expr | undefined {
  return kind.case === 'mapKey' ? kind.value : undefined;
}
