import { z } from 'zod';
import type { Db } from '../../db/schema.ts';
import { eventCursor, queryVerdictEvents } from '../../stores/verdict-events.ts';
import { demandAdmin, pageFields, parseInput, type ApiContext } from '../context.ts';

const eventQuery = z.strictObject({
  last: z.string().regex(eventCursor, 'give the next of the page before').optional(),
  limit: pageFields.limit,
  repository: z.string().optional(),
  digest: z.string().optional(),
  outcome: z.string().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
});

/** Which verdicts have changed, and why: for administrators. */
export function addEventRoutes(context: ApiContext, db: Db): void {
  context.app.get('/api/v1/events', async (request) => {
    demandAdmin(context, request);
    const { since, until, limit, last, ...filter } = parseInput(eventQuery, request.query);
    return queryVerdictEvents(
      db,
      {
        ...filter,
        ...(since === undefined ? {} : { since: new Date(since) }),
        ...(until === undefined ? {} : { until: new Date(until) }),
      },
      { limit, ...(last === undefined ? {} : { after: last }) },
    );
  });
}
