import { randomInt } from 'node:crypto';

const given = process.env['WHARFINGER_TEST_SEED'];

/**
 * Decides all that tests choose at random. It is the same each time, so that a test fails where the code has changed, and not by
 * chance; who looks for what other seeds find sets WHARFINGER_TEST_SEED to a whole number, or to `random` for another one each
 * time. What fails says its seed.
 */
export const seed = given === 'random' ? randomInt(2 ** 31) : Number(given ?? 1);

if (!Number.isInteger(seed)) throw new TypeError('WHARFINGER_TEST_SEED must be a whole number, or random');
