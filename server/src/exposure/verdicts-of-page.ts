import type { Outcome } from '@wharfinger/lib/routines/verdict';
import type { LastVerdict, LastVerdicts } from '../pipeline/last-verdicts.ts';
import type { FoundPlace } from '../stores/search.ts';

/** What an image is judged, as answers tell it. */
export interface ShownVerdict {
  readonly outcome: Outcome;
  readonly decided: boolean;
  /** RFC 3339: when it was made */
  readonly at: string;
  /** something that it rests on has changed since: it is being made again, and may come out otherwise */
  readonly stale?: true;
}

/** Verdicts that do not stand are made again for an answer for so long, in milliseconds; one at least. */
const longestJudging = 30;

/**
 * The verdicts of the places of a page. After an import hundreds of them may not stand, and to make one takes milliseconds: those that
 * there is no time for are shown as they were, and said to be stale. A job makes them again, whoever asks.
 *
 * @returns one for each place, in their order; null: none was made yet; undefined: the image is not there any more
 */
export async function verdictsOfPage(
  verdicts: LastVerdicts,
  places: readonly FoundPlace[],
): Promise<Array<ShownVerdict | null | undefined>> {
  const last = await verdicts.of(places);
  const shown = last.map((one) => one && shownAs(one));
  // of what was never judged, nothing at all is known
  const wanted = [...indexesWhere(last, (one) => one === null), ...indexesWhere(last, isStale)];
  const end = performance.now() + longestJudging;
  for (const index of wanted) {
    // what cannot be judged now stays stale in this answer: others are not kept from theirs
    const made = await verdicts.standing(places[index]!).catch(() => null);
    if (made !== null) shown[index] = made && { outcome: made.outcome, decided: made.decided, at: made.at };
    if (performance.now() >= end) break;
  }
  return shown;
}

function isStale(one: LastVerdict | null | undefined): boolean {
  return one?.stands === false;
}

function shownAs({ outcome, decided, at, stands }: LastVerdict): ShownVerdict {
  return { outcome, decided, at, ...(!stands && { stale: true }) };
}

function indexesWhere<T>(list: readonly T[], is: (one: T) => boolean): number[] {
  return list.flatMap((one, index) => (is(one) ? [index] : []));
}
