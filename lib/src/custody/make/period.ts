import { WharfingerError } from '../../errors.ts';
import type { Validity } from '../statements/fields.ts';

/** From when to when a statement shall be in force. */
export interface Period {
  readonly from: Date;
  readonly until: Date;
}

/**
 * The times as statements carry them, in whole seconds, the first rounded down so that it is in force at once.
 * @throws WharfingerError INPUT_INVALID where it would be over before it begins
 */
export function validFor({ from, until }: Period): Validity {
  const notBefore = wholeSeconds(from);
  const notAfter = wholeSeconds(until);
  if (Date.parse(notAfter) > Date.parse(notBefore)) return { notBefore, notAfter };
  throw new WharfingerError('INPUT_INVALID', {
    what: `the statement would end at ${notAfter}, which is not after ${notBefore}`,
    remedy: 'give a later end',
  });
}

/** RFC 3339 in UTC, whole seconds, rounded down. */
export function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
