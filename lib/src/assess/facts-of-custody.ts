import { custodyFacts } from '../custody/custody-facts.ts';
import type { CustodyReport } from '../custody/report.ts';
import type { CustodyFacts } from '../routines/facts.ts';

/** What routines see of a walked chain of custody. */
export function factsOfCustody(report: CustodyReport): CustodyFacts {
  return custodyFacts(report);
}
