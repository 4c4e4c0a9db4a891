import { WharfingerError } from '@wharfinger/lib/errors';
import type { Session } from './session.ts';

/**
 * The time that SOURCE_DATE_EPOCH gives (reproducible-builds.org), for what is to come out the same each time.
 * @throws WharfingerError USAGE where it is no number of seconds
 */
export function sourceTime({ environment }: Session): Date | undefined {
  const text = environment['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return undefined;
  const time = /^\d{1,11}$/.test(text) ? new Date(Number(text) * 1000) : undefined;
  if (time !== undefined && time.getTime() < Date.UTC(10_000, 0)) return time;
  throw new WharfingerError('USAGE', {
    what: `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}`,
    remedy: 'give the seconds since 1970, or leave it unset',
  });
}
