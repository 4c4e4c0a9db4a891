import { z } from 'zod';
import { cursorShape, queryAudit } from '../../audit/query.ts';
import type { Db } from '../../db/schema.ts';
import { demandAdmin, pageFields, parseInput, type ApiContext } from '../context.ts';

const auditQuery = z.strictObject({
  last: z.string().regex(cursorShape, 'give the next of the page before').optional(),
  limit: pageFields.limit,
  repository: z.string().optional(),
  actor: z.string().optional(),
  action: z.string().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
});

/** What was done, by whom, from where: for administrators. */
export function addAuditRoutes(context: ApiContext, db: Db): void {
  context.app.get('/api/v1/audit', async (request) => {
    demandAdmin(context, request);
    const { since, limit, last, ...filter } = parseInput(auditQuery, request.query);
    return queryAudit(
      db,
      { ...filter, ...(since === undefined ? {} : { since: new Date(since) }) },
      { limit, ...(last === undefined ? {} : { after: last }) },
    );
  });
}
