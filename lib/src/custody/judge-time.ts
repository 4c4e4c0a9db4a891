import type { Validity } from './statements/fields.ts';

/** Whether something is in force; what is over and what is yet to come are told apart. */
export function stateAt({ notBefore, notAfter }: Validity, now: Date): 'in-force' | 'not-yet' | 'expired' {
  if (now.getTime() < Date.parse(notBefore)) return 'not-yet';
  return now.getTime() < Date.parse(notAfter) ? 'in-force' : 'expired';
}

/** The first of these times that is yet to come, as RFC 3339 in UTC; undefined: none is. */
export function firstAfter(times: ReadonlyArray<string | undefined>, now: Date): string | undefined {
  const coming = times
    .filter((time) => time !== undefined)
    .map((time) => Date.parse(time))
    .filter((time) => time > now.getTime());
  return coming.length === 0 ? undefined : new Date(Math.min(...coming)).toISOString();
}
