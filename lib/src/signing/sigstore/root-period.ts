import type { TimeRange } from '@sigstore/protobuf-specs';

/** When something of a trusted root counts, both ends included. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

/** The last time that a date can tell. */
const never = new Date(8_640_000_000_000_000);

export const always: Period = { start: new Date(0), end: never };

/**
 * Reads a TimeRange (sigstore/protobuf-specs, sigstore_common.proto). Only its end may be left away.
 * @param fail throws, told what is wrong
 * @returns undefined where none is given
 */
export function periodOf(range: TimeRange | undefined, fail: (what: string) => never): Period | undefined {
  if (range === undefined) return undefined;
  const { start, end = never } = range;
  if (start === undefined) return fail('has a period of validity that never starts');
  // Comparisons with a date that is none are false, or true once negated.
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) fail('has a time that is none');
  return { start, end };
}
