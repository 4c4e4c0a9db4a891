import type { Chore } from '../jobs/chores.ts';
import { endExpired } from './end-expired.ts';
import { renewRevocations, type RevokeParts } from './revoke.ts';

const second = 1000;

/** What is done from time to time so that what decides is never out of date. */
export function policyChores(parts: RevokeParts): Chore[] {
  return [
    {
      what: 'issuing the list of revoked keys',
      everyMs: 600 * second,
      work: async () => {
        if (await renewRevocations(parts)) await parts.inForce.fresh();
      },
    },
    {
      // What another process put in force: it is known here as soon as a lease would pass on.
      what: 'reading what decides',
      everyMs: 5 * second,
      work: async () => {
        await parts.inForce.fresh();
      },
    },
    { what: 'ending waivers and grants that are over', everyMs: 600 * second, work: () => endExpired(parts) },
  ];
}
