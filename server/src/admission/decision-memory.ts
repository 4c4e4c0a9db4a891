import { LRUCache } from 'lru-cache';
import type { Decision } from './decision.ts';

/** Decisions that still count. */
export interface DecisionMemory {
  /** @returns undefined: none is known that counts now */
  recall(key: string): Decision | undefined;
  /** @param atMost milliseconds, where it is to count for less than others */
  keep(key: string, decision: Decision, atMost?: number): void;
}

/**
 * Remembers decisions, the most recently used `most`. One counts until its verdict may change by time alone, and no longer than
 * `longest`: what has expired never counts, whatever cannot be asked meanwhile.
 *
 * @param longest milliseconds
 * @param now milliseconds since 1970
 */
export function makeDecisionMemory(most: number, longest: number, now: () => number): DecisionMemory {
  const entries = new LRUCache<
    string,
    { readonly decision: Decision; readonly from: number; readonly until: number }
  >({
    max: most,
  });
  return {
    recall(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const time = now();
      // a clock that was set back must not lengthen what was kept
      if (time >= entry.from && time < entry.until) return entry.decision;
      entries.delete(key);
      return undefined;
    },
    keep(key, decision, atMost = longest) {
      const from = now();
      const until = Math.min(from + longest, from + atMost, endOf(decision));
      if (until > from) entries.set(key, { decision, from, until });
    },
  };
}

/** When a decision ends by itself, as milliseconds since 1970; a time that cannot be read has passed. */
export function endOf({ validUntil }: Decision): number {
  if (validUntil === undefined) return Infinity;
  const end = Date.parse(validUntil);
  return Number.isNaN(end) ? -Infinity : end;
}
