import type { EvaluationLog, Remembered, ResultMemory } from '@wharfinger/lib/routines/remembered-results';
import type { Reason } from '@wharfinger/lib/routines/verdict';
import { LRUCache } from 'lru-cache';

/** What judging has cost so far. */
export interface JudgingCounts {
  /** verdicts that were made */
  readonly verdicts: number;
  /** routines that were evaluated for them */
  readonly evaluated: number;
  /** results that were used again, since nothing that they rest on had changed */
  readonly reused: number;
  /** images that were looked into from nothing, for lack of what is kept of them or since more has changed than what advisories say */
  readonly anew: number;
}

/** Results of routines in memory, which all images share: many have the same base, and so the same findings. */
export interface SharedResults {
  /** The memory of one verdict: what was kept beside the one before it, then what others had. */
  around(own: ReadonlyMap<string, Remembered>): ResultMemory;
  count(log: Pick<EvaluationLog, 'evaluated' | 'reused'>): void;
  countAnew(): void;
  counts(): JudgingCounts;
}

/** Memory for results, in characters of what they say. */
const largest = 16 * 1024 * 1024;

/** The least that an entry counts for, so that no more than 50,000 are kept. A bound by number would take room for as many at once. */
const least = Math.ceil(largest / 50_000);

export function createSharedResults(): SharedResults {
  const results = new LRUCache<string, Remembered>({
    maxSize: largest,
    sizeCalculation: ({ result }) => least + ('message' in result ? charactersOf(result) : 0),
  });
  const counts = { verdicts: 0, evaluated: 0, reused: 0, anew: 0 };
  return {
    around: (own) => ({
      find: (key) => own.get(key) ?? results.get(key),
      keep: (key, remembered) => void results.set(key, remembered),
    }),
    count({ evaluated, reused }) {
      counts.verdicts += 1;
      counts.evaluated += evaluated;
      counts.reused += reused;
    },
    countAnew: () => void (counts.anew += 1),
    counts: () => ({ ...counts }),
  };
}

function charactersOf({ message, details, remedy }: Pick<Reason, 'message' | 'details' | 'remedy'>): number {
  return details.reduce((sum, line) => sum + line.length, message.length + remedy.length);
}
