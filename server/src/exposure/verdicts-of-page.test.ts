import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, expect, test, vi } from 'vitest';
import type { LastVerdict } from '../pipeline/last-verdicts.ts';
import type { FoundPlace } from '../stores/search.ts';
import { verdictsOfPage } from './verdicts-of-page.ts';

const at = '2026-01-01T00:00:00.000Z';
const later = '2026-01-02T00:00:00.000Z';
const allows: LastVerdict = { outcome: 'allow', decided: true, at, stands: true };
const overtaken: LastVerdict = { ...allows, stands: false };
const made = { outcome: 'deny', decided: true, at: later } as Verdict;
const shown = { outcome: 'allow', decided: true, at };
const shownMade = { outcome: 'deny', decided: true, at: later };

/** The clock of the process goes on by so much at each look, in milliseconds. */
function stepClock(step: number): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += step));
}
afterEach(() => vi.restoreAllMocks());

/** The verdicts of a page whose places have these, and the places that were judged for it. */
async function pageWith(
  last: ReadonlyArray<LastVerdict | null | undefined>,
  standing: (index: number) => Promise<Verdict | undefined> = async () => made,
) {
  const places = last.map((_, index): FoundPlace => ({
    imageId: index,
    repositoryId: 1,
    repository: 'a',
    digest: digestOf(String(index)),
  }));
  const judged: number[] = [];
  const verdicts = await verdictsOfPage(
    {
      of: async () => [...last],
      standing: async ({ imageId }) => {
        judged.push(imageId);
        return standing(imageId);
      },
    },
    places,
  );
  return { verdicts, judged };
}

test('verdicts that stand are told as they are', async () => {
  expect(await pageWith([allows, allows])).toEqual({ verdicts: [shown, shown], judged: [] });
});

test('what never was judged is judged first, then what is stale, as long as there is time', async () => {
  stepClock(0);
  const { verdicts, judged } = await pageWith([overtaken, allows, null, overtaken]);
  expect(judged).toEqual([2, 0, 3]);
  expect(verdicts).toEqual([shownMade, shown, shownMade, shownMade]);
});

test('one is judged whatever it takes, and the others are told as they were, marked as stale', async () => {
  stepClock(1000);
  const { verdicts, judged } = await pageWith([overtaken, overtaken, overtaken]);
  expect(judged).toEqual([0]);
  expect(verdicts).toEqual([shownMade, { ...shown, stale: true }, { ...shown, stale: true }]);
});

test('of what never was judged, and was not in time, there is no verdict: none is made up', async () => {
  stepClock(1000);
  expect((await pageWith([null, null])).verdicts).toEqual([shownMade, null]);
});

test('an image that cannot be judged is stale, and does not keep the others from their verdicts', async () => {
  stepClock(0);
  const { verdicts } = await pageWith([null, overtaken, overtaken], async (index) => {
    if (index !== 2) throw new Error('not now');
    return made;
  });
  expect(verdicts).toEqual([null, { ...shown, stale: true }, shownMade]);
});

test('an image that is gone has no verdict, whether that is seen before or when it is judged', async () => {
  stepClock(0);
  expect((await pageWith([undefined, overtaken], async () => undefined)).verdicts).toEqual([
    undefined,
    undefined,
  ]);
});
