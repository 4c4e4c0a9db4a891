import type { Facts } from './facts.ts';
import type { Binding } from './routine.ts';
import type { Purpose, Verdict } from './verdict.ts';

/**
 * Judges what is known of an image by the routines bound to it, for one purpose at one time. Pure and deterministic:
 * the same input gives the same verdict, byte for byte. Never throws: what cannot be computed is undecided.
 */
export declare function judge(
  facts: Facts,
  bindings: readonly Binding[],
  purpose: Purpose,
  now: Date,
): Verdict;
