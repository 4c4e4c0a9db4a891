import type { AffectedRange } from '../advisory.ts';
import type { VersionOrder } from '../versions/order.ts';

/** Where an interval of versions begins or ends. */
export interface Bound {
  readonly version: string;
  readonly included: boolean;
}

/** Versions between two bounds; an absent one: without end on that side. */
export interface Interval {
  readonly from?: Bound;
  readonly to?: Bound;
}

/** Joins intervals that overlap or touch: what comes back is in order, with versions between any two. */
export function unite(intervals: readonly Interval[], order: VersionOrder): readonly Interval[] {
  const sorted = intervals
    .filter((interval) => !isEmpty(interval, order))
    .toSorted((a, b) => compareStarts(a.from, b.from, order));
  const united: Interval[] = [];
  for (const interval of sorted) {
    const last = united.at(-1);
    if (last === undefined || leavesGap(last.to, interval.from, order)) united.push(interval);
    else united[united.length - 1] = between(last.from, laterEnd(last.to, interval.to, order));
  }
  return united;
}

/** All versions that lie in none of the intervals. */
export function complement(intervals: readonly Interval[], order: VersionOrder): readonly Interval[] {
  const gaps: Interval[] = [];
  let from: Bound | undefined;
  let isOpen = true;
  for (const interval of unite(intervals, order)) {
    if (interval.from !== undefined) gaps.push(between(from, opposite(interval.from)));
    isOpen = interval.to !== undefined;
    from = interval.to === undefined ? undefined : opposite(interval.to);
  }
  return isOpen ? [...gaps, between(from, undefined)] : gaps;
}

/** All versions that lie in both. */
export function intersect(
  a: readonly Interval[],
  b: readonly Interval[],
  order: VersionOrder,
): readonly Interval[] {
  return complement([...complement(a, order), ...complement(b, order)], order);
}

/**
 * Ranges of OSV that say the same, one for each interval.
 * @param successor the first version behind another, for intervals that begin behind one
 */
export function rangesOf(
  intervals: readonly Interval[],
  type: AffectedRange['type'],
  successor: (version: string) => string,
): readonly AffectedRange[] {
  return intervals.map(({ from, to }) => {
    const introduced = from === undefined ? '0' : from.included ? from.version : successor(from.version);
    if (to === undefined) return { type, events: [{ introduced }] };
    const end = to.included ? { lastAffected: to.version } : { fixed: to.version };
    return { type, events: [{ introduced }, end] };
  });
}

function between(from: Bound | undefined, to: Bound | undefined): Interval {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function opposite({ version, included }: Bound): Bound {
  return { version, included: !included };
}

function isEmpty({ from, to }: Interval, order: VersionOrder): boolean {
  if (from === undefined || to === undefined) return false;
  const difference = order(from.version, to.version);
  return difference > 0 || (difference === 0 && !(from.included && to.included));
}

function compareStarts(a: Bound | undefined, b: Bound | undefined, order: VersionOrder): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return order(a.version, b.version) || Number(b.included) - Number(a.included);
}

/** True where a version lies between an end and the start that follows it. */
function leavesGap(end: Bound | undefined, start: Bound | undefined, order: VersionOrder): boolean {
  if (end === undefined || start === undefined) return false;
  const difference = order(end.version, start.version);
  return difference < 0 || (difference === 0 && !end.included && !start.included);
}

function laterEnd(a: Bound | undefined, b: Bound | undefined, order: VersionOrder): Bound | undefined {
  if (a === undefined || b === undefined) return undefined;
  const difference = order(a.version, b.version);
  return difference > 0 || (difference === 0 && a.included) ? a : b;
}
