import type { Readable } from 'node:stream';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import { advisoryState, importRecords } from '../../pipeline/import-advisories.ts';
import type { FeedWork } from '../../feeds/work.ts';
import type { PipelineParts } from '../../pipeline/parts.ts';
import { demandAdmin, parseInput, type ApiContext } from '../context.ts';

const updateBody = z.strictObject({ feed: z.string().optional() });
const forgetBody = z.strictObject({
  feed: z.string(),
  reason: z.string().trim().min(3, 'say why, in at least 3 characters').max(2000),
});

/** Importing advisories, what was imported, and the feeds that they come from. */
export function addAdvisoryRoutes(context: ApiContext, parts: PipelineParts, feeds: FeedWork): void {
  const { app } = context;

  // Feeds are large: they pass as a stream, whatever type the client gives them.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post('/api/v1/advisories', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request) => {
      demandAdmin(context, request);
      if (!request.body)
        throw new WharfingerError('INPUT_INVALID', {
          what: 'send OSV records, one JSON object on each line',
        });
      return importRecords(parts, request.body as Readable, request.caller.principal ?? '');
    });
  });

  app.get('/api/v1/advisories/feeds', async (request) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    return { feeds: await feeds.report() };
  });

  app.post('/api/v1/advisories/feeds/update', async (request) => {
    demandAdmin(context, request);
    const { feed } = parseInput(updateBody, request.body ?? {});
    return { requested: await feeds.request(feed) };
  });

  app.post('/api/v1/advisories/feeds/forget', async (request) => {
    demandAdmin(context, request);
    const { feed, reason } = parseInput(forgetBody, request.body);
    await feeds.forget(feed, { by: request.caller.principal ?? '', reason });
    return { requested: [feed] };
  });

  app.get('/api/v1/advisories', async (request) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    return advisoryState(parts);
  });
}
