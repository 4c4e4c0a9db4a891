import type { Db } from '../../db/schema.ts';
import { tombstonesOf } from '../../stores/tombstones.ts';
import { resolveImage, type ApiContext } from '../context.ts';

/** More of them are not shown: the audit log has all. */
const mostShown = 1000;

/** What was deleted of the evidence about an image, by whom and when. */
export function addTombstoneRoutes(context: ApiContext, db: Db): void {
  context.app.get('/api/v1/tombstones', async (request) => {
    const place = await resolveImage(context, request, request.query);
    const found = await tombstonesOf(db, place, mostShown);
    return { ...place, tombstones: found.map(({ at, ...rest }) => ({ ...rest, at: at.toISOString() })) };
  });
}
