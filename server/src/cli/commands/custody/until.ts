import { WharfingerError } from '@wharfinger/lib/errors';
import { parseTime } from '@wharfinger/lib/routines/time';

/**
 * A time as users give it: RFC 3339, or a number of hours (`12h`) or days (`90d`) from now.
 * @throws WharfingerError USAGE
 */
export function timeFrom(text: string, now: Date): Date {
  const relative = /^([1-9][0-9]{0,4})(h|d)$/.exec(text);
  if (relative !== null) {
    const hours = Number(relative[1]) * (relative[2] === 'd' ? 24 : 1);
    return new Date(now.getTime() + hours * 3_600_000);
  }
  const time = parseTime(text);
  if (time !== undefined) return new Date(time);
  throw new WharfingerError('USAGE', {
    what: `--until ${JSON.stringify(text)} is no time`,
    remedy: 'write 90d, 12h or 2027-01-31T00:00:00Z',
  });
}
