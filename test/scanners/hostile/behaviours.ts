import type { Behaviour } from '../made-adapter.ts';
import { hostileCalls } from './calls.ts';
import { echoes } from './echoes.ts';
import { floods } from './floods.ts';
import { hidden, hostileReports } from './reports.ts';
import { hostileWays } from './ways.ts';

/**
 * Adapters that lie, hang, flood or break off. Each would give an empty report, with which an image passes, if what is wrong with it were
 * overlooked.
 *
 * @param elsewhere a URL that nobody may be sent to
 */
export function hostileBehaviours(elsewhere: () => string): Readonly<Record<string, Behaviour>> {
  return {
    ...hostileCalls(elsewhere),
    ...hostileWays(elsewhere),
    ...echoes,
    ...floods,
    ...hostileReports,
    ...hidden,
  };
}
