import { isDeepStrictEqual } from 'node:util';
import type { Outcome, Verdict } from '@wharfinger/lib/routines/verdict';
import type { FoundPlace } from '../stores/search.ts';
import { verdictSummaries } from '../stores/verdict-summaries.ts';
import { standingVerdict } from './judge.ts';
import { verdictMadeFrom } from './make-verdicts.ts';
import type { PipelineParts } from './parts.ts';

/** What the verdict on an image comes to that was made last. */
export interface LastVerdict {
  readonly outcome: Outcome;
  readonly decided: boolean;
  /** RFC 3339: when it was made */
  readonly at: string;
  /** false: something that it rests on has changed, or its time is over; it is made again */
  readonly stands: boolean;
}

/** Verdicts for who wants to know of many images what became of them. */
export interface LastVerdicts {
  /** One for each place, in their order; null: none was made yet; undefined: the image is not there any more. */
  of(places: readonly FoundPlace[]): Promise<Array<LastVerdict | null | undefined>>;
  /** The verdict that stands, made now where none does; undefined: the image is not there any more. */
  standing(place: FoundPlace): Promise<Verdict | undefined>;
}

export function createLastVerdicts(parts: PipelineParts): LastVerdicts {
  return {
    async of(places) {
      const found = await verdictSummaries(parts.db, places, 'pull');
      const now = parts.now();
      const policy = parts.policy();
      return found.map((one, index) => {
        if (!one) return one;
        const { outcome, decided, at, validUntil, madeFrom, ofNow } = one;
        const rules = policy.rulesFor(places[index]!.repository, 'pull', now);
        const isSame = isDeepStrictEqual(madeFrom, verdictMadeFrom(policy, rules));
        const stands = ofNow && isSame && (validUntil === undefined || validUntil > now);
        return { outcome, decided, at: at.toISOString(), stands };
      });
    },
    standing: (place) => standingVerdict(parts, place),
  };
}
