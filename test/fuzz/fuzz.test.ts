import { expect, test } from 'vitest';
import { lacksPath } from '../requirements.ts';
import { seed as given } from '../seed.ts';
import { fuzz } from './fuzz.ts';
import type { Failure } from './run-case.ts';
import { targets } from './targets.ts';

// without it, bundles of others are left out
lacksPath('WHARFINGER_TEST_DATA');

/** Minutes for all readers together; absent: a few cases of each. */
const minutes = process.env['WHARFINGER_FUZZ_MINUTES'];
const seed = process.env['WHARFINGER_FUZZ_SEED'] ?? String(given);
const limit = minutes === undefined ? { cases: 150, seconds: 15 } : { seconds: Number(minutes) * 60 };

test(
  'no change of a document that is signed, or that decides whose signature counts, is taken for genuine or makes its reader fall over',
  { timeout: 120_000 + limit.seconds * 2000 },
  async () => {
    const failures: Failure[] = [];
    const tried = await fuzz(targets, { seed, ...limit, onFailure: (failure) => failures.push(failure) });
    const told = failures.map(
      ({ target, index, what, document }) =>
        `${target}, case ${index} of seed ${seed}: ${what}\nthe document, in base64: ${document.subarray(0, 20_000).toString('base64')}`,
    );
    expect(told).toEqual([]);
    expect(tried.filter(({ cases }) => cases === 0)).toEqual([]);
  },
);
